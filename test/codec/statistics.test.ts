import { expect } from "chai";
import fc from "fast-check";
import { jobStatistics } from "../../lib/codec/job-statistics.js";
import { measureColumn } from "../../lib/codec/statistics.js";
import { deriveStatisticsSeries } from "../../lib/codec/statistics-series.js";
import { nodeColumn } from "../support/columnar-files.js";
import { seededRandom } from "../support/random.js";

const nan = Number.NaN;

describe("measureColumn", () => {
	it("measures the samples that are there", () => {
		expect(
			measureColumn(nodeColumn("m", [[3, nan, -1, 4], [], [nan]])),
		).to.deep.equal({
			count: Uint32Array.of(3, 0, 0),
			avg: Float64Array.of(2, nan, nan),
			min: Float64Array.of(-1, nan, nan),
			max: Float64Array.of(4, nan, nan),
		});
	});

	it("sums in sample order", () => {
		const samples = [0.1, 1e16, -1e16, 0.3];
		const { avg } = measureColumn(nodeColumn("m", [samples]));
		expect(avg[0]).to.equal((0.1 + 1e16 - 1e16 + 0.3) / 4);
	});
});

describe("jobStatistics", () => {
	const measured = (...args: Parameters<typeof nodeColumn>) => {
		const column = nodeColumn(...args);
		return { ...column, statistics: measureColumn(column) };
	};

	it("takes the nodes that have samples, over all parts of a metric, and node scope alone", () => {
		const unit = { base: "W" };
		const result = jobStatistics([
			measured("power", [[1, 3], [nan]], { unit }),
			measured("power", [[7]], { unit }),
			measured("power", [[1000]], { scope: "core", ids: ["0"] }),
			measured("empty", [[nan]]),
			measured("__proto__", [[5]]),
		]);
		expect(Object.getPrototypeOf(result)).to.equal(null);
		expect(Object.keys(result)).to.deep.equal(["power", "__proto__"]);
		expect(result.power).to.deep.equal({ unit, avg: 4.5, min: 1, max: 7 });
	});
});

describe("deriveStatisticsSeries", () => {
	it("needs eight series", () => {
		const seven = Array.from({ length: 7 }, () => [1]);
		expect(deriveStatisticsSeries(nodeColumn("m", seven))).to.equal(undefined);
		expect(
			deriveStatisticsSeries(nodeColumn("m", [...seven, [1]]))?.median,
		).to.deep.equal(Float64Array.of(1));
	});

	it("gives what sorting each time step gives, for few series and for thousands", () => {
		for (const [count, length] of [
			[8, 40],
			[33, 100],
			[3000, 20],
		]) {
			const random = seededRandom(count);
			const series = Array.from({ length: count }, () =>
				Array.from({ length: Math.floor(length * random() ** 0.3) }, () =>
					random() < 0.2 ? nan : Math.floor(50 * random()) / 2,
				),
			);
			const result = deriveStatisticsSeries(nodeColumn("m", series));
			const steps = Math.max(...series.map((values) => values.length));
			expect(result?.min).to.have.length(steps);
			for (let step = 0; step < steps; step++) {
				const there = series
					.map((values) => values[step] ?? nan)
					.filter((value) => !Number.isNaN(value))
					.sort((a, b) => a - b);
				const middle = there.length >> 1;
				const expected =
					there.length < 3
						? [nan, nan, nan]
						: [
								there[0],
								there.length % 2 === 1
									? there[middle]
									: (there[middle - 1] + there[middle]) / 2,
								there[there.length - 1],
							];
				expect(
					[result?.min[step], result?.median[step], result?.max[step]],
					`${count} series, step ${step}`,
				).to.deep.equal(expected);
			}
		}
	});

	it("lies within the samples, however large", () => {
		fc.assert(
			fc.property(
				fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
					minLength: 8,
					maxLength: 60,
				}),
				(values) => {
					const column = nodeColumn(
						"m",
						values.map((value) => [value]),
					);
					const result = deriveStatisticsSeries(column);
					expect(result?.median[0]).to.be.within(
						Math.min(...values),
						Math.max(...values),
					);
				},
			),
		);
	});
});

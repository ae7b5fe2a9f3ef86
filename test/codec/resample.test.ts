import { expect } from "chai";
import fc from "fast-check";
import {
	RESAMPLERS,
	type Resampler,
	resampleColumn,
} from "../../lib/codec/resample.js";
import { nodeColumn } from "../support/columnar-files.js";

const nan = Number.NaN;

function resampled(
	series: number[][],
	factor: number,
	resampler: Resampler,
): number[] {
	const column = nodeColumn("m", series);
	return [...resampleColumn(column, 60 * factor, resampler).samples];
}

describe("resampleColumn", () => {
	it("simple: takes the first sample of each step, missing or not", () => {
		expect(
			resampled(
				[
					[1, 2, 3, nan, 5],
					[6, 7],
				],
				3,
				"simple",
			),
		).to.deep.equal([1, nan, 6]);
	});

	it("average: takes the mean of the samples that are there", () => {
		expect(
			resampled([[1, 2, 3, nan, 5, nan, nan, nan, nan, 8]], 3, "average"),
		).to.deep.equal([2, 5, nan, 8]);
	});

	it("lttb: keeps the ends and the sample that stands out", () => {
		expect(
			resampled([[1, 1, 1, 1, 9, 1, 1, 1, 1, 1, 1, 7]], 3, "lttb"),
		).to.deep.equal([1, 9, 1, 7]);
	});

	it("lttb: treats a step without samples as a gap with ends on both sides", () => {
		expect(
			resampled([[1, 2, 3, 4, nan, nan, nan, 5, 6, 7]], 2, "lttb"),
		).to.deep.equal([1, 4, nan, 5, 7]);
	});

	it("has a sample for each step, each from its step or the mean of it, and gaps only where all are missing", () => {
		const sample = fc.oneof(
			{ weight: 4, arbitrary: fc.integer({ min: -99, max: 99 }) },
			fc.constantFrom(nan, nan, Number.POSITIVE_INFINITY),
		);
		fc.assert(
			fc.property(
				fc.array(fc.array(sample, { maxLength: 30 }), { maxLength: 3 }),
				fc.integer({ min: 2, max: 9 }),
				fc.constantFrom(...RESAMPLERS),
				(series, factor, resampler) => {
					const column = nodeColumn("m", series);
					const result = resampleColumn(column, 60 * factor, resampler);
					expect(result.timestep).to.equal(60 * factor);
					const steps = series.flatMap((values) =>
						Array.from({ length: Math.ceil(values.length / factor) }, (_, i) =>
							values.slice(i * factor, (i + 1) * factor),
						),
					);
					expect([...result.lengths]).to.deep.equal(
						series.map(({ length }) => Math.ceil(length / factor)),
					);
					expect(result.samples).to.have.length(steps.length);
					steps.forEach((step, i) => {
						const there = step.filter((value) => !Number.isNaN(value));
						const value = result.samples[i];
						if (resampler === "simple") expect(value).to.be.eql(step[0]);
						else if (there.length === 0) expect(value).to.be.eql(nan);
						else if (resampler === "lttb") expect(there).to.include(value);
						else
							expect(value).to.equal(
								there.reduce((a, b) => a + b, 0) / there.length,
							);
					});
				},
			),
			{ numRuns: 500 },
		);
	});

	it("resamples the statistics that a source brought", () => {
		const column = nodeColumn("m", [[1, 2, 3]]);
		const values = Float64Array.of(1, 2, 3);
		column.statisticsSeries = {
			min: values,
			median: values,
			max: values,
			mean: values,
			percentiles: { 25: values },
		};
		const { statisticsSeries } = resampleColumn(column, 120, "average");
		const expected = Float64Array.of(1.5, 3);
		expect(statisticsSeries?.max).to.deep.equal(expected);
		expect(statisticsSeries?.mean).to.deep.equal(expected);
		expect(statisticsSeries?.percentiles?.[25]).to.deep.equal(expected);
	});

	it("returns the column itself at its own timestep, and refuses what is no multiple of it", () => {
		const column = nodeColumn("m", [[1]]);
		expect(resampleColumn(column, 60, "lttb")).to.equal(column);
		for (const timestep of [0, 30, 90, -60, nan])
			expect(() => resampleColumn(column, timestep, "lttb"))
				.to.throw(/multiples/)
				.with.property("code", "INVALID_OPTION");
	});
});

import { expect } from "chai";
import { columnsOf, jobDataOf } from "../../lib/codec/job-data.js";
import { measureColumn } from "../../lib/codec/statistics.js";
import { bitsOf, testColumn } from "../support/jobs.js";

describe("job data", () => {
	it("becomes columns and data again, bit for bit", () => {
		const columns = [
			testColumn({ metric: "a" }),
			testColumn({ metric: "a", scope: "core", series: 4, seed: 2 }),
			testColumn({
				metric: "__proto__",
				series: 3,
				lengths: Uint32Array.of(3, 0, 5),
			}),
		];
		const again = columnsOf(jobDataOf(columns, measureColumn));
		expect(again).to.deep.equal(columns);
		expect(again.map(({ samples }) => bitsOf(samples))).to.deep.equal(
			columns.map(({ samples }) => bitsOf(samples)),
		);
	});

	it("has series that are views into the column, with their statistics", () => {
		const column = testColumn({ lengths: Uint32Array.of(2, 1) });
		column.samples.set([1, Number.NaN, 5]);
		const { series } = jobMetric(jobDataOf([column], measureColumn));
		expect(series[1].data.buffer).to.equal(column.samples.buffer);
		expect(series.map(({ statistics }) => statistics)).to.deep.equal([
			{ avg: 1, min: 1, max: 1 },
			{ avg: 5, min: 5, max: 5 },
		]);
	});

	it("derives statistics over eight series, and does not take them for brought ones", () => {
		const column = testColumn({ series: 8 });
		const data = jobDataOf([column], measureColumn);
		expect(jobMetric(data).statisticsSeries?.median).to.have.length(60);
		expect(columnsOf(data)[0]).not.to.have.property("statisticsSeries");
	});

	it("keeps statistics over series that were brought", () => {
		const values = Float64Array.of(1, 2, 3);
		const brought = { min: values, median: values, max: values, mean: values };
		const column = testColumn({ series: 8, statisticsSeries: brought });
		const data = jobDataOf([column], measureColumn);
		expect(jobMetric(data).statisticsSeries).to.equal(brought);
		expect(columnsOf(data)[0].statisticsSeries).to.equal(brought);
	});
});

function jobMetric(data: ReturnType<typeof jobDataOf>) {
	const value = data.flops_any.node;
	if (value === undefined) throw new Error("no flops_any at node scope");
	return value;
}

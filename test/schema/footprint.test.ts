import { expect } from "chai";
import type { FootprintStat, MetricConfig } from "../../lib/schema/cluster.js";
import { footprintOf } from "../../lib/schema/footprint.js";

function metric(name: string, footprint?: FootprintStat): MetricConfig {
	return {
		name,
		unit: { base: "" },
		scope: "node",
		aggregation: "avg",
		timestep: 60,
		...(footprint && { footprint }),
	};
}

function statistics(avg: number, min: number, max: number) {
	return { unit: { base: "" }, avg, min, max };
}

describe("footprintOf", () => {
	it("takes the statistic that each metric asks for, zero too", () => {
		const metrics = [
			metric("cpu_load", "avg"),
			metric("mem_used", "max"),
			metric("clock", "min"),
			metric("ipc"),
			metric("flops_any", "avg"),
		];
		const footprint = footprintOf(metrics, {
			cpu_load: statistics(71.25, 60, 72.5),
			mem_used: statistics(31, 1, 55.859),
			clock: statistics(2.4, 0, 3),
			ipc: statistics(1, 1, 1),
			unconfigured: statistics(1, 1, 1),
		});
		expect(footprint).to.deep.equal({
			cpu_load_avg: 71.25,
			mem_used_max: 55.859,
			clock_min: 0,
		});
	});

	it("is empty when no metric has a footprint, or no samples", () => {
		expect(footprintOf([metric("ipc")], {})).to.deep.equal({});
		const none = { ipc: statistics(NaN, NaN, NaN) };
		expect(footprintOf([metric("ipc", "avg")], none)).to.deep.equal({});
	});
});

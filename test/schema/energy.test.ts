import { expect } from "chai";
import type { EnergyKind, MetricConfig } from "../../lib/schema/cluster.js";
import { energyOf, isEnergyUnit } from "../../lib/schema/energy.js";
import type { JobStatistics } from "../../lib/schema/job.js";
import type { Unit } from "../../lib/schema/unit.js";

function metric(name: string, energy?: EnergyKind): MetricConfig {
	return {
		name,
		unit: { base: "" },
		scope: "node",
		aggregation: "sum",
		timestep: 60,
		...(energy && { energy }),
	};
}

function average(avg: number, base: string, prefix?: string): JobStatistics {
	const unit: Unit = prefix === undefined ? { base } : { base, prefix };
	return { unit, avg, min: 0, max: 2 * avg };
}

describe("energyOf", () => {
	const hour = { numNodes: 4, duration: 3600 };
	const table: [
		what: string,
		kind: EnergyKind,
		statistics: JobStatistics,
		job: { numNodes: number; duration: number },
		kilowattHours: number,
	][] = [
		["W", "power", average(250, "W"), hour, 1],
		["kW", "power", average(0.25, "W", "k"), hour, 1],
		[
			"KW, as ClusterCockpit writes it",
			"power",
			average(3, "W", "K"),
			hour,
			12,
		],
		["mW", "power", average(250_000, "W", "m"), hour, 1],
		["MW", "power", average(0.001, "W", "M"), hour, 4],
		[
			"half an hour",
			"power",
			average(250, "W"),
			{ ...hour, duration: 1800 },
			0.5,
		],
		[
			"a job without end",
			"power",
			average(9, "W"),
			{ ...hour, duration: 0 },
			0,
		],
		["no draw", "power", average(0, "W"), hour, 0],
		// 61 samples in an hour at 60 s: both ends have one
		["J", "energy", average(15_000, "J"), hour, 1.02],
		["kJ", "energy", average(15, "J", "K"), hour, 1.02],
		["MJ", "energy", average(0.015, "J", "M"), hour, 1.02],
		["Wh", "energy", average(5, "Wh"), hour, 1.22],
		["kWh", "energy", average(0.005, "Wh", "k"), hour, 1.22],
		[
			"a job shorter than a timestep",
			"energy",
			average(1, "Wh", "k"),
			{ numNodes: 2, duration: 59 },
			2,
		],
		[
			"exactly one timestep",
			"energy",
			average(1, "Wh", "k"),
			{ numNodes: 1, duration: 60 },
			2,
		],
	];
	for (const [what, kind, statistics, job, kilowattHours] of table)
		it(`${kind} in ${what}`, () => {
			const result = energyOf([metric("m", kind)], { m: statistics }, job);
			expect(result).to.deep.equal({
				energyFootprint: { m: kilowattHours },
				energy: kilowattHours,
			});
		});

	it("rounds each metric, and the sum only after adding", () => {
		const metrics = ["a", "b", "c"].map((name) => metric(name, "power"));
		const statistics = {
			a: average(4, "W"),
			b: average(4, "W"),
			c: average(4, "W"),
		};
		expect(
			energyOf(metrics, statistics, { numNodes: 1, duration: 3600 }),
		).to.deep.equal({ energyFootprint: { a: 0, b: 0, c: 0 }, energy: 0.01 });
	});

	it("leaves out what has no energy setting, no samples, or a unit that says nothing", () => {
		const metrics = [
			metric("load"),
			metric("absent", "power"),
			metric("gap", "power"),
			metric("odd_prefix", "power"),
			metric("odd_base", "energy"),
			metric("good", "power"),
		];
		const statistics = {
			load: average(9, "W"),
			gap: average(Number.NaN, "W"),
			odd_prefix: average(9, "W", "X"),
			odd_base: average(9, "W"),
			good: average(500, "W"),
		};
		expect(energyOf(metrics, statistics, hour)).to.deep.equal({
			energyFootprint: { good: 2 },
			energy: 2,
		});
	});

	it("is zero with an empty footprint when no metric counts energy", () => {
		expect(energyOf([metric("load")], {}, hour)).to.deep.equal({
			energyFootprint: {},
			energy: 0,
		});
	});
});

describe("isEnergyUnit", () => {
	const table: [kind: EnergyKind, unit: Unit, fits: boolean][] = [
		["power", { base: "W" }, true],
		["power", { base: "Watt", prefix: "k" }, true],
		["power", { base: "W", prefix: "x" }, false],
		["energy", { base: "J", prefix: "M" }, true],
		["energy", { base: "Wh" }, true],
		["energy", { base: "W" }, false],
		["energy", { base: "constructor" }, false],
	];
	for (const [kind, unit, fits] of table)
		it(`${unit.prefix ?? ""}${unit.base} for ${kind}: ${fits}`, () => {
			expect(isEnergyUnit(kind, unit)).to.equal(fits);
		});
});

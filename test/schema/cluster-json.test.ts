import { readFileSync } from "node:fs";
import { expect } from "chai";
import { parseCluster } from "../../lib/schema/cluster-json.js";
import { testCluster } from "../support/jobs.js";
import { sharedData } from "../support/shared-data.js";
import { thrown } from "../support/thrown.js";

/** A small configuration; a fresh copy each time. */
function small() {
	return {
		name: "tiny",
		metricConfig: [
			metric("cpu_load", ""),
			{ ...metric("cpu_power", "W"), energy: "power" },
		],
		subClusters: [
			{
				name: "main",
				nodes: "n[1-4]",
				topology: { node: [0, 1], core: [[0], [1]] },
			},
		],
	};
}

function metric(name: string, base: string) {
	return {
		name,
		unit: { base },
		scope: "node",
		aggregation: "avg",
		timestep: 60,
	};
}

/** The small configuration with `value` at a path such as `metricConfig.0.scope`. */
function bent(path: string, value: unknown): unknown {
	const whole = small();
	const keys = path.split(".");
	const last = keys.pop() as string;
	let place: Record<string, unknown> = whole;
	for (const key of keys) place = place[key] as Record<string, unknown>;
	place[last] = value;
	return whole;
}

describe("parseCluster", () => {
	const unknown: Record<string, [path: string, value: unknown]> = {
		"of the cluster": ["extra", { a: [null] }],
		"of a metric": ["metricConfig.0.restrict", true],
		"of a unit": ["metricConfig.0.unit.note", null],
		"of an override": [
			"metricConfig.0.subClusters",
			[{ name: "main", lowerIsBetter: true, peak: 3 }],
		],
		"of a subcluster": [
			"subClusters.0.flopRateSimd",
			{ unit: { base: "F/s" }, value: 1 },
		],
		"of a topology": ["subClusters.0.topology.numa", [[0, 1]]],
		"of an accelerator": [
			"subClusters.0.topology.accelerators",
			[{ id: "0", type: "Nvidia GPU", model: "A40", slot: 1 }],
		],
	};
	for (const [where, [path, value]] of Object.entries(unknown))
		it(`keeps an unknown key ${where}, in place`, () => {
			const text = JSON.stringify(bent(path, value));
			expect(JSON.stringify(parseCluster(JSON.parse(text)))).to.equal(text);
		});

	for (const path of [
		"metricConfig.0.subClusters",
		"metricConfig.0.footprint",
		"metricConfig.0.unit.prefix",
		"subClusters.0.topology.accelerators",
	])
		it(`takes null for absent in ${path}`, () => {
			expect(parseCluster(bent(path, null))).to.deep.equal(small());
		});

	it("takes a topology in which threads belong to no core", () => {
		const topology = { node: [0, 1, 5], core: [[0]] };
		const value = bent("subClusters.0.topology", topology);
		expect(parseCluster(value)).to.deep.equal(value);
	});

	it("does not change what it is given", () => {
		const value = bent("metricConfig.0.footprint", null);
		parseCluster(value);
		expect(value).to.deep.equal(bent("metricConfig.0.footprint", null));
	});

	const faults: Record<string, [path: string, value: unknown, field?: string]> =
		{
			"a name that cannot be a folder": ["name", "../tiny"],
			"no metrics": ["metricConfig", undefined],
			"a metric twice": [
				"metricConfig.2",
				metric("cpu_load", ""),
				"metricConfig.2.name",
			],
			"a subcluster twice": [
				"subClusters.1",
				small().subClusters[0],
				"subClusters.1.name",
			],
			"an unknown scope": ["metricConfig.0.scope", "rack"],
			"an unknown aggregation": ["metricConfig.0.aggregation", "max"],
			"a timestep of nothing": ["metricConfig.1.timestep", 0],
			"a unit without base": [
				"metricConfig.0.unit",
				{},
				"metricConfig.0.unit.base",
			],
			"an unknown footprint": ["metricConfig.0.footprint", "median"],
			"power with a prefix that is none": [
				"metricConfig.1.unit",
				{ base: "W", prefix: "X" },
			],
			"energy in a unit that is none": [
				"metricConfig.1.energy",
				"energy",
				"metricConfig.1.unit",
			],
			"a subcluster's energy in a unit that is none": [
				"metricConfig.0.subClusters",
				[{ name: "main", energy: "energy" }],
				"metricConfig.0.unit",
			],
			"a malformed node list": ["subClusters.0.nodes", "n[1-4"],
			"a topology without node": [
				"subClusters.0.topology",
				{},
				"subClusters.0.topology.node",
			],
			"hwthreads that are no numbers": [
				"subClusters.0.topology.core",
				[[0], ["1"]],
				"subClusters.0.topology.core.1.0",
			],
		};
	for (const [what, [path, value, field = path]] of Object.entries(faults))
		it(`refuses ${what}`, () => {
			const error = thrown(() => parseCluster(bent(path, value)));
			expect(error.code).to.equal("INVALID_INPUT");
			expect(error.details.field).to.equal(field);
			expect(error.details.problems).to.have.length(1);
		});

	it("says where a node list goes wrong", () => {
		const value = bent("subClusters.0.nodes", "n[1-4],m[x]");
		expect(thrown(() => parseCluster(value)).message).to.equal(
			"cluster configuration is not valid: subClusters.0.nodes: " +
				'expected a node list (see offset 9), received "n[1-4],m[x]"',
		);
	});

	it("reads the test cluster", () => {
		expect(parseCluster(testCluster())).to.deep.equal(testCluster());
	});

	for (const name of ["emmy", "alex", "fritz"])
		it(`reads the real configuration of ${name} and gives it back whole`, function () {
			const path = sharedData("archive", name, "cluster.json");
			if (path === undefined) return this.skip();
			const value = JSON.parse(readFileSync(path, "utf8"));
			const cluster = parseCluster(value);
			expect(cluster.name).to.equal(name);
			expect(JSON.stringify(cluster)).to.equal(JSON.stringify(value));
		});
});

import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Cluster, MetricConfig } from "../../lib/schema/cluster.js";
import { parseCluster } from "../../lib/schema/cluster-json.js";
import {
	findSubCluster,
	metricsOf,
	nodesOf,
} from "../../lib/schema/cluster-lookup.js";
import { sharedData } from "../support/shared-data.js";
import { thrown } from "../support/thrown.js";

const power: MetricConfig = {
	name: "power",
	unit: { base: "W" },
	scope: "node",
	aggregation: "sum",
	timestep: 60,
	footprint: "avg",
	peak: 100,
	normal: 50,
	subClusters: [
		{ name: "fat", footprint: "max", energy: "power", peak: 400, alert: 0 },
		{ name: "old", remove: true },
		{ name: "thin", remove: false },
	],
};

const load: MetricConfig = {
	name: "load",
	unit: { base: "" },
	scope: "node",
	aggregation: "avg",
	timestep: 60,
};

const cluster: Cluster = {
	name: "tiny",
	metricConfig: [power, load],
	subClusters: [
		{ name: "thin", nodes: "n[001-128]", topology: { node: [0] } },
		{ name: "fat", nodes: "f[1-4],n129", topology: { node: [0] } },
		{ name: "broken", nodes: "x[", topology: { node: [0] } },
	],
};

describe("findSubCluster", () => {
	const onHosts = (...hostnames: string[]) =>
		hostnames.map((hostname) => ({ hostname }));
	const table: [name: string, hosts: string[], found: string | undefined][] = [
		["fat", ["n001"], "fat"], // what the job says counts, not where its hosts are
		["fat", [], "fat"],
		["none", ["n001"], undefined],
		["", ["n001"], "thin"],
		["", ["n129", "n001"], "fat"],
		["", [], undefined],
	];
	for (const [subCluster, hosts, found] of table)
		it(`finds ${found ?? "none"} for '${subCluster}' on ${hosts.join(", ") || "no host"}`, () => {
			const job = { subCluster, resources: onHosts(...hosts) };
			expect(findSubCluster(cluster, job)?.name).to.equal(found);
		});

	it("finds none for a host that no subcluster has", () => {
		const sound = { ...cluster, subClusters: cluster.subClusters.slice(0, 2) };
		const job = { subCluster: "", resources: onHosts("n130") };
		expect(findSubCluster(sound, job)).to.equal(undefined);
	});

	it("says so when it meets a malformed node list", () => {
		const job = { subCluster: "", resources: onHosts("n130") };
		const error = thrown(() => findSubCluster(cluster, job));
		expect(error.code).to.equal("INVALID_INPUT");
	});

	it("finds the subclusters of real jobs", function () {
		const path = sharedData("archive", "fritz", "cluster.json");
		if (path === undefined) return this.skip();
		const fritz = parseCluster(JSON.parse(readFileSync(path, "utf8")));
		const find = (host: string) =>
			findSubCluster(fritz, { subCluster: "", resources: onHosts(host) })?.name;
		expect(find("f1127")).to.equal("main");
		expect(find("f2157")).to.equal("spr1tb");
		expect(find("f1157")).to.equal(undefined);
	});
});

describe("nodesOf", () => {
	it("parses a node list once", () => {
		const [thin] = cluster.subClusters;
		expect(nodesOf(thin)).to.equal(nodesOf(thin));
		expect(nodesOf({ ...thin })).not.to.equal(nodesOf(thin));
	});
});

describe("metricsOf", () => {
	const { subClusters: _, ...common } = power;

	it("puts the subcluster's own settings before the cluster's", () => {
		expect(metricsOf(cluster, "fat")).to.deep.equal([
			{ ...common, footprint: "max", energy: "power", peak: 400, alert: 0 },
			load,
		]);
	});

	it("leaves out what the subcluster removes", () => {
		expect(metricsOf(cluster, "old")).to.deep.equal([load]);
	});

	it("gives the cluster's settings to a subcluster that sets nothing or is not mentioned", () => {
		for (const name of ["thin", "elsewhere", "__proto__"])
			expect(metricsOf(cluster, name)).to.deep.equal([common, load]);
	});

	it("leaves the configuration alone", () => {
		const before = structuredClone(cluster);
		metricsOf(cluster, "fat");
		expect(cluster).to.deep.equal(before);
	});

	it("reads the real overrides of fritz", function () {
		const path = sharedData("archive", "fritz", "cluster.json");
		if (path === undefined) return this.skip();
		const fritz = parseCluster(JSON.parse(readFileSync(path, "utf8")));
		const all = metricsOf(fritz, "main").map(({ name }) => name);
		expect(all).to.have.length(19).and.include("flops_any");
		const spr2tb = metricsOf(fritz, "spr2tb");
		expect(spr2tb.map(({ name }) => name)).not.to.include("flops_any");
		const memUsed = spr2tb.find(({ name }) => name === "mem_used");
		expect(memUsed).to.include({ peak: 2048, footprint: "max", timestep: 60 });
	});
});

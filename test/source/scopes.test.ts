import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Cluster } from "../../lib/schema/cluster.js";
import { metricsOf } from "../../lib/schema/cluster-lookup.js";
import { requestMetrics, requestScopes } from "../../lib/source/scopes.js";
import { testCluster, testJob } from "../support/jobs.js";
import { sharedData } from "../support/shared-data.js";

describe("requestScopes", () => {
	const options = { coreScopeMaxNodes: 8 };
	const small = testJob({ subCluster: "gpu", numNodes: 8 });
	const large = testJob({ subCluster: "gpu", numNodes: 9 });
	const without = testJob({ numNodes: 1 });

	for (const [native, ofSmall, ofLarge, ofWithout] of [
		["node", ["node"], ["node"], ["node"]],
		["socket", ["node", "socket"], ["node"], ["node", "socket"]],
		[
			"memoryDomain",
			["node", "memoryDomain"],
			["node"],
			["node", "memoryDomain"],
		],
		["core", ["node", "core"], ["node"], ["node", "core"]],
		["hwthread", ["node", "core"], ["node"], ["node", "core"]],
		["accelerator", ["node", "accelerator"], ["node", "accelerator"], []],
	] as const) {
		it(`asks for a metric of scope ${native} at ${ofSmall.join(" and ")} in a small job with accelerators`, () => {
			const [metric] = testCluster().metricConfig;
			const config = { ...metric, scope: native };
			expect(requestScopes(config, small, options)).to.deep.equal(ofSmall);
			expect(requestScopes(config, large, options)).to.deep.equal(ofLarge);
			expect(requestScopes(config, without, options)).to.deep.equal(ofWithout);
		});
	}

	it("never asks for cores when no job is small enough", () => {
		const [metric] = testCluster().metricConfig;
		const config = { ...metric, scope: "hwthread" as const };
		expect(
			requestScopes(config, without, { coreScopeMaxNodes: 0 }),
		).to.deep.equal(["node"]);
	});

	it("counts the accelerators of the resources when the job has no number of them", () => {
		const { numAcc: _, ...job } = testJob({ subCluster: "gpu" });
		const [metric] = testCluster().metricConfig;
		const config = { ...metric, scope: "accelerator" as const };
		expect(requestScopes(config, job, options)).to.deep.equal([
			"node",
			"accelerator",
		]);
		const [{ accelerators: __, ...bare }] = job.resources;
		expect(
			requestScopes(config, { ...job, resources: [bare] }, options),
		).to.deep.equal([]);
	});
});

describe("requestMetrics", () => {
	const scopesByMetric = (cluster: Cluster, subCluster: string, acc: number) =>
		Object.fromEntries(
			requestMetrics(
				metricsOf(cluster, subCluster),
				{ ...testJob(), cluster: cluster.name, subCluster, numAcc: acc },
				{ coreScopeMaxNodes: 8 },
			).map(({ config, scopes }) => [config.name, scopes.join(" ")]),
		);

	it("leaves out the metrics of accelerators in a job without, and keeps the order of the rest", () => {
		const metrics = metricsOf(testCluster(), "gpu");
		const requested = requestMetrics(metrics, testJob(), {
			coreScopeMaxNodes: 8,
		});
		expect(requested.map(({ config }) => config)).to.deep.equal(
			metrics.filter(({ scope }) => scope !== "accelerator"),
		);
	});

	it("asks for the metrics of alex at their scopes", function () {
		const alex = realCluster("alex");
		if (alex === undefined) return this.skip();
		expect(scopesByMetric(alex, "a40", 8)).to.deep.equal({
			cpu_load: "node",
			cpu_user: "node core",
			mem_used: "node",
			flops_any: "node core",
			mem_bw: "node socket",
			clock: "node core",
			core_power: "node core",
			acc_utilization: "node accelerator",
			acc_mem_used: "node accelerator",
			acc_power: "node accelerator",
			nv_mem_util: "node accelerator",
			nv_temp: "node accelerator",
			nv_sm_clock: "node accelerator",
			cpu_power: "node socket",
			ipc: "node core",
		});
	});

	it("asks for what the subclusters of fritz and emmy have", function () {
		const fritz = realCluster("fritz");
		const emmy = realCluster("emmy");
		if (fritz === undefined || emmy === undefined) return this.skip();
		const onMain = scopesByMetric(fritz, "main", 0);
		const onSapphireRapids = scopesByMetric(fritz, "spr1tb", 0);
		expect(onMain).to.include({ mem_bw: "node socket", ipc: "node core" });
		expect(onSapphireRapids).to.not.have.any.keys("mem_bw", "clock");
		expect(scopesByMetric(emmy, "haswell", 0)).to.not.have.any.keys("cpu_user");
		expect(scopesByMetric(emmy, "icelake", 0)).to.include({
			cpu_user: "node core",
		});
	});
});

function realCluster(name: string): Cluster | undefined {
	const path = sharedData("archive", name, "cluster.json");
	if (path === undefined) return undefined;
	return JSON.parse(readFileSync(path, "utf8")) as Cluster;
}

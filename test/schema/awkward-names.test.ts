import { expect } from "chai";
import type { Cluster, MetricConfig } from "../../lib/schema/cluster.js";
import { parseCluster } from "../../lib/schema/cluster-json.js";
import { findSubCluster, metricsOf } from "../../lib/schema/cluster-lookup.js";
import { energyOf } from "../../lib/schema/energy.js";
import { footprintOf } from "../../lib/schema/footprint.js";
import { parseJob, serializeJob } from "../../lib/schema/job-json.js";
import { record } from "../../lib/schema/record.js";

const statistics = '{"unit":{"base":"W"},"avg":1000,"min":0,"max":2000}';

/** A job's meta.json in which `name` is metric, host, accelerator, tag and key of metadata. */
function metaJson(name: string): string {
	const key = JSON.stringify(name);
	return `{"jobId":1,"cluster":"c","subCluster":${key},"startTime":2,"duration":3600,"jobState":"completed",
		"monitoringStatus":3,"user":${key},"project":"p","numNodes":1,"shared":"none",
		"resources":[{"hostname":${key},"accelerators":[${key}]}],"tags":[{"type":${key},"name":${key}}],
		"metaData":{${key}:"text"},"statistics":{${key}:${statistics}},
		"footprint":{${key}:1},"energyFootprint":{${key}:2},"energy":2}`;
}

describe("names that an object's prototype has", () => {
	afterEach("the prototype is as it was", () => {
		expect(Object.keys(Object.prototype)).to.deep.equal([]);
		expect("avg" in {}).to.equal(false);
	});

	for (const name of ["__proto__", "constructor", "prototype", "toString"]) {
		const metric: MetricConfig = {
			name,
			unit: { base: "W" },
			scope: "node",
			aggregation: "sum",
			timestep: 60,
			footprint: "max",
			energy: "power",
		};
		const cluster: Cluster = {
			name: "c",
			metricConfig: [metric],
			subClusters: [{ name, nodes: name, topology: { node: [0] } }],
		};

		it(`${name} is an ordinary key of a job`, () => {
			const text = metaJson(name);
			const job = parseJob(JSON.parse(text));
			for (const map of [
				job.metaData,
				job.statistics,
				job.footprint,
				job.energyFootprint,
			]) {
				expect(Object.getPrototypeOf(map)).to.equal(null);
				expect(Object.keys(map as object)).to.deep.equal([name]);
			}
			expect(job.metaData[name]).to.equal("text");
			expect(job.statistics?.[name].avg).to.equal(1000);
			expect(JSON.parse(serializeJob(job))).to.deep.equal(JSON.parse(text));
			expect(parseJob(JSON.parse(serializeJob(job)))).to.deep.equal(job);
		});

		it(`${name} is an ordinary metric, subcluster and host of a cluster`, () => {
			const parsed = parseCluster(cluster);
			expect(parsed).to.deep.equal(cluster);
			const job = { subCluster: "", resources: [{ hostname: name }] };
			expect(findSubCluster(parsed, job)?.name).to.equal(name);
			expect(metricsOf(parsed, name)).to.deep.equal([metric]);
		});

		it(`${name} has a footprint and an energy, when it has statistics`, () => {
			const given = record<ReturnType<typeof JSON.parse>>();
			given[name] = JSON.parse(statistics);
			const job = { numNodes: 2, duration: 3600 };
			const { energyFootprint, energy } = energyOf([metric], given, job);
			expect(Object.entries(energyFootprint)).to.deep.equal([[name, 2]]);
			expect(energy).to.equal(2);
			expect(footprintOf([metric], given)).to.deep.equal({
				[`${name}_max`]: 2000,
			});
			expect(footprintOf([metric], {})).to.deep.equal({});
			expect(energyOf([metric], {}, job).energyFootprint).to.deep.equal({});
		});
	}
});

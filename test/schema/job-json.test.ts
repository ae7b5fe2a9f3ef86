import { readFileSync } from "node:fs";
import { expect } from "chai";
import * as fc from "fast-check";
import { JOB_STATES, type Job } from "../../lib/schema/job.js";
import {
	parseJob,
	parseNewJob,
	serializeJob,
} from "../../lib/schema/job-json.js";
import { record } from "../../lib/schema/record.js";
import { sharedData } from "../support/shared-data.js";
import { thrown } from "../support/thrown.js";

/** The least that is a finished job. */
const least = {
	cluster: "emmy",
	jobId: 12,
	startTime: 1_700_000_000,
	user: "u1",
	project: "p1",
	jobState: "completed",
	duration: 60,
	resources: [{ hostname: "e0101" }, { hostname: "e0102" }],
};

describe("parseJob", () => {
	it("fills in what may be absent", () => {
		expect(parseJob(least)).to.deep.equal({
			...least,
			subCluster: "",
			numNodes: 2,
			shared: "none",
			monitoringStatus: 1,
			tags: [],
			metaData: {},
		});
	});

	it("takes null for absent, and leaves out what is zero or empty", () => {
		const value = {
			...least,
			subCluster: null,
			partition: "",
			arrayJobId: 0,
			numNodes: 0,
			numHwthreads: null,
			numAcc: 0,
			shared: null,
			smt: 0,
			walltime: 0,
			requestedMemory: 0,
			submitTime: null,
			monitoringStatus: null,
			resources: [
				{ hostname: "e0101", hwthreads: null, accelerators: [] },
				{ hostname: "e0102", hwthreads: [], configuration: "" },
			],
			tags: null,
			metaData: null,
			statistics: null,
			footprint: null,
			energyFootprint: null,
			energy: null,
		};
		expect(parseJob(value)).to.deep.equal(parseJob(least));
	});

	it("ignores unknown keys and a row's id", () => {
		const value = { ...least, id: 77, concurrentJobs: { items: null }, x: 1 };
		expect(parseJob(value)).to.deep.equal(parseJob(least));
	});

	it("keeps a zero that means something", () => {
		const value = {
			...least,
			duration: 0,
			monitoringStatus: 0,
			energy: 0,
			footprint: { cpu_load_avg: 0 },
			energyFootprint: {},
			resources: [{ hostname: "e0101", hwthreads: [0] }],
		};
		expect(parseJob(value)).to.deep.include(value);
	});

	it("takes the duration from stopTime when there is none", () => {
		const { duration: _, ...running } = least;
		const stopped = { ...running, stopTime: least.startTime + 3601 };
		expect(parseJob(stopped).duration).to.equal(3601);
		expect(parseJob({ ...stopped, duration: 5 }).duration).to.equal(5);
	});

	it("reads out-of-memory as out_of_memory, and every state as itself", () => {
		expect(parseJob({ ...least, jobState: "out-of-memory" }).jobState).to.equal(
			"out_of_memory",
		);
		for (const jobState of JOB_STATES)
			expect(parseJob({ ...least, jobState }).jobState).to.equal(jobState);
	});

	it("leaves out statistics that are none", () => {
		const good = { unit: { base: "B/s", prefix: "G" }, avg: 1, min: 0, max: 2 };
		const { statistics } = parseJob({
			...least,
			statistics: {
				mem_bw: good,
				ipc: { unit: { base: "IPC" }, avg: null, min: null, max: null },
				clock: { ...good, max: Number.NaN },
				cpu_load: { avg: 1, min: 1, max: 1 },
				filesystems: [{ name: "home", type: "nfs" }],
			},
		});
		expect(statistics).to.deep.equal({
			cpu_load: { unit: { base: "" }, avg: 1, min: 1, max: 1 },
			mem_bw: good,
		});
	});

	const faults: Record<string, [change: object, field: string]> = {
		"no resources": [{ resources: [] }, "resources"],
		"resources missing": [{ resources: undefined }, "resources"],
		"a resource without host": [{ resources: [{}] }, "resources.0.hostname"],
		"an empty host name": [
			{ resources: [{ hostname: "" }] },
			"resources.0.hostname",
		],
		"hwthreads that are no numbers": [
			{ resources: [{ hostname: "a", hwthreads: [0, "1"] }] },
			"resources.0.hwthreads.1",
		],
		"a cluster that leaves its folder": [{ cluster: "../x" }, "cluster"],
		"a job id as text": [{ jobId: "12" }, "jobId"],
		"a negative start": [{ startTime: -1 }, "startTime"],
		"an unknown state": [{ jobState: "done" }, "jobState"],
		"no state": [{ jobState: undefined }, "jobState"],
		"no duration and no stopTime": [{ duration: undefined }, "duration"],
		"a stop before the start": [
			{ duration: undefined, stopTime: least.startTime - 1 },
			"stopTime",
		],
		"a negative duration": [{ duration: -1 }, "duration"],
		"an unknown monitoring status": [
			{ monitoringStatus: 4 },
			"monitoringStatus",
		],
		"an unknown way to share": [{ shared: "all" }, "shared"],
		"metadata that is no text": [
			{ metaData: { jobName: 7 } },
			"metaData.jobName",
		],
		"a tag without a name": [{ tags: [{ type: "t" }] }, "tags.0.name"],
		"statistics that are no numbers": [
			{ statistics: { ipc: { avg: 1, min: "0", max: 1 } } },
			"statistics.ipc.min",
		],
		"a statistic that is a number": [
			{ statistics: { ipc: 3 } },
			"statistics.ipc",
		],
		"an infinite energy": [{ energy: Infinity }, "energy"],
	};
	for (const [what, [change, field]] of Object.entries(faults))
		it(`refuses ${what}`, () => {
			const error = thrown(() => parseJob({ ...least, ...change }));
			expect(error.code).to.equal("INVALID_INPUT");
			expect(error.details.field).to.equal(field);
			expect(error.message).to.include(`${field}: `);
		});

	it("names every problem at once", () => {
		const { details } = thrown(() => parseJob({}));
		expect(details.problems).to.have.length(6);
	});

	it("reads the meta.json of a real job", function () {
		const path = sharedData("archive/emmy/1403/244/1608923076/meta.json");
		if (path === undefined) return this.skip();
		const meta = JSON.parse(readFileSync(path, "utf8"));
		const job = parseJob(meta);
		const { stopTime: _, ...known } = meta;
		expect(job).to.deep.equal({ ...known, monitoringStatus: 1, metaData: {} });
		expect(Object.keys(job.statistics ?? {})).to.have.length(9);
		expect(parseJob(JSON.parse(serializeJob(job)))).to.deep.equal(job);
	});
});

describe("parseNewJob", () => {
	const { jobState: _, duration: __, ...started } = least;

	it("records a job as running, with what its resources name", () => {
		const resources = [
			{ hostname: "a1", hwthreads: [0, 1, 2], accelerators: ["g0"] },
			{ hostname: "a2", hwthreads: [4], accelerators: ["g1", "g2"] },
		];
		expect(parseNewJob({ ...started, resources })).to.deep.equal({
			...started,
			subCluster: "",
			shared: "none",
			jobState: "running",
			duration: 0,
			monitoringStatus: 1,
			numNodes: 2,
			numHwthreads: 4,
			numAcc: 3,
			resources,
			tags: [],
			metaData: {},
		});
	});

	it("does not count hwthreads when a host is held whole", () => {
		const resources = [{ hostname: "a1", hwthreads: [0] }, { hostname: "a2" }];
		const job = parseNewJob({ ...started, resources });
		expect(job).not.to.have.any.keys("numHwthreads", "numAcc");
	});

	it("keeps what is said", () => {
		const said = { numNodes: 4, numHwthreads: 64, numAcc: 8, smt: 1 };
		const other = { jobState: "pending", monitoringStatus: 0, walltime: 60 };
		const job = parseNewJob({ ...started, ...said, ...other });
		expect(job).to.deep.include({ ...said, ...other });
	});

	it("refuses what parseJob refuses", () => {
		const error = thrown(() => parseNewJob({ ...started, resources: [] }));
		expect(error.details.field).to.equal("resources");
	});
});

describe("serializeJob", () => {
	it("writes the keys in a fixed order, maps sorted, without what is empty", () => {
		const job: Job = {
			...parseJob(least),
			id: 99,
			partition: "",
			numAcc: 0,
			walltime: 3600,
			requestedMemory: 2000,
			jobState: "out_of_memory",
			tags: [{ id: 3, type: "t", name: "n", scope: "global" }],
			metaData: { jobScript: "#!/bin/sh\n", jobName: "run" },
			statistics: {
				mem_bw: {
					unit: { base: "B/s", prefix: "G" },
					avg: 1.5,
					min: 0,
					max: 2,
				},
				ipc: { unit: { base: "IPC" }, avg: NaN, min: NaN, max: NaN },
				cpu_load: { unit: { base: "" }, avg: 1, min: 1, max: 1 },
			},
			footprint: { cpu_load_avg: 1, bad: NaN },
			energyFootprint: {},
			energy: 0,
		};
		expect(serializeJob(job)).to.equal(
			'{"jobId":12,"cluster":"emmy","subCluster":"","startTime":1700000000,"duration":60,' +
				'"jobState":"out_of_memory","monitoringStatus":1,"user":"u1","project":"p1","numNodes":2,"shared":"none",' +
				'"walltime":3600,"requestedMemory":2000,"resources":[{"hostname":"e0101"},{"hostname":"e0102"}],' +
				'"tags":[{"type":"t","name":"n","scope":"global","id":3}],' +
				'"metaData":{"jobName":"run","jobScript":"#!/bin/sh\\n"},' +
				'"statistics":{"cpu_load":{"unit":{"base":""},"avg":1,"min":1,"max":1},' +
				'"mem_bw":{"unit":{"base":"B/s","prefix":"G"},"avg":1.5,"min":0,"max":2}},' +
				'"footprint":{"cpu_load_avg":1},"energyFootprint":{},"energy":0}',
		);
	});

	it("always writes metaData, and no statistics for a job that has none", () => {
		const written = JSON.parse(serializeJob(parseJob(least)));
		expect(written.metaData).to.deep.equal({});
		expect(written).not.to.have.any.keys("statistics", "footprint", "energy");
	});

	it("writes only keys that ClusterCockpit's schema knows", function () {
		const path = sharedData("schemas/job-meta.schema.json");
		if (path === undefined) return this.skip();
		const known = JSON.parse(readFileSync(path, "utf8")).properties;
		fc.assert(
			fc.property(jobs(), (job) => {
				const keys = Object.keys(JSON.parse(serializeJob({ ...job, id: 5 })));
				expect(keys.filter((key) => !Object.hasOwn(known, key))).to.be.empty;
				expect(keys).not.to.include("id");
			}),
		);
	});

	it("is undone by parseJob, and does not depend on the order of keys", () => {
		fc.assert(
			fc.property(jobs(), (job) => {
				const text = serializeJob(job);
				expect(parseJob(JSON.parse(text))).to.deep.equal(job);
				expect(serializeJob(reversed(job))).to.equal(text);
			}),
		);
	});
});

/** Any job as `parseJob` gives it: nothing zero or empty that may be absent. */
function jobs(): fc.Arbitrary<Job> {
	const key = fc.oneof(
		fc.string({ unit: "binary", maxLength: 8 }),
		fc.constantFrom("__proto__", "constructor", "cpu_load", "7"),
	);
	const mapOf = <T>(value: fc.Arbitrary<T>) =>
		fc.array(fc.tuple(key, value), { maxLength: 5 }).map(toRecord<T>);
	const filled = fc.string({ minLength: 1, maxLength: 8 });
	const count = fc.maxSafeNat();
	const positive = fc.integer({ min: 1, max: 2 ** 40 });
	const number = fc
		.double({ noNaN: true, noDefaultInfinity: true })
		.map((value) => value + 0); // JSON has no negative zero
	const optional = { requiredKeys: [] };

	const resource = fc.record(
		{
			hostname: filled,
			hwthreads: fc.array(fc.nat(300), { minLength: 1, maxLength: 8 }),
			accelerators: fc.array(filled, { minLength: 1, maxLength: 4 }),
			configuration: filled,
		},
		{ requiredKeys: ["hostname"] },
	);
	const tag = fc.record(
		{ id: positive, type: fc.string(), name: fc.string(), scope: filled },
		{ requiredKeys: ["type", "name"] },
	);
	const statistics = fc.record({
		unit: fc.oneof(
			fc.record({ base: fc.string() }),
			fc.record({ base: fc.string(), prefix: filled }),
		),
		avg: number,
		min: number,
		max: number,
	});
	const required = fc.record({
		cluster: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,9}$/),
		jobId: count,
		startTime: count,
		subCluster: fc.string(),
		user: fc.string(),
		project: fc.string(),
		numNodes: positive,
		shared: fc.constantFrom("none", "single_user", "multi_user"),
		duration: count,
		jobState: fc.constantFrom(...JOB_STATES),
		monitoringStatus: fc.constantFrom(0, 1, 2, 3),
		resources: fc.array(resource, { minLength: 1, maxLength: 4 }),
		tags: fc.array(tag, { maxLength: 3 }),
		metaData: mapOf(fc.string({ unit: "binary" })),
	});
	const options = fc.record(
		{
			partition: filled,
			arrayJobId: positive,
			numHwthreads: positive,
			numAcc: positive,
			smt: positive,
			walltime: positive,
			requestedMemory: positive,
			submitTime: positive,
			statistics: mapOf(statistics),
			footprint: mapOf(number),
			energyFootprint: mapOf(number),
			energy: number,
		},
		optional,
	);
	return fc
		.tuple(required, options)
		.map(([first, second]) => ({ ...first, ...second }) as Job);
}

function toRecord<T>(entries: [string, T][]): Record<string, T> {
	const map = record<T>();
	for (const [key, value] of entries) map[key] = value;
	return map;
}

/** The same job with its keys, and those of its maps, the other way round. */
function reversed(job: Job): Job {
	const turned = Object.entries(job).reverse();
	const maps = ["metaData", "statistics", "footprint", "energyFootprint"];
	return Object.fromEntries(
		turned.map(([key, value]) => [
			key,
			maps.includes(key) ? toRecord(Object.entries(value).reverse()) : value,
		]),
	) as unknown as Job;
}

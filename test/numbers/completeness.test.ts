import { expect } from "chai";
import { isArchiverError } from "../../lib/errors.js";
import type { Job } from "../../lib/schema/job.js";
import { openHouse as openUnmanaged, useHouse } from "../support/house.js";
import { testColumn, testJob } from "../support/jobs.js";
import { type Feed, NativeSource } from "../support/native-source.js";
import { rejected } from "../support/rejected.js";
import { ScriptedSource } from "../support/scripted-source.js";
import {
	archiveAndRead,
	clusterOf,
	factsInIndex,
	metric,
	samplesOf,
} from "./archived.js";

const NONE = Number.NaN;

const METRICS = clusterOf(
	metric("load"),
	metric("power", { scope: "socket", unit: { base: "W" } }),
	metric("util", { scope: "accelerator", aggregation: "avg" }),
);

/** Ten samples of everything. */
const everything: Feed = () => Array(10).fill(1);
const fourNodes = testJob({ numNodes: 4, duration: 600 });

describe("completeness", () => {
	const openHouse = useHouse();
	const archive = async (feed: Feed, job: Job = fourNodes, chunks = {}) => {
		const house = await openHouse({ source: new NativeSource(feed, chunks) });
		await house.archive.storeClusterConfig("testcluster", METRICS);
		return { house, ...(await archiveAndRead(house, job)) };
	};

	it("of a job that lacks nothing is 1, and there is no row for it", async () => {
		const { house, facts, job } = await archive(everything);
		expect(facts.completeness).to.deep.equal({
			share: 1,
			hosts: [4, 4],
			series: [12, 12],
			samples: [120, 120],
			metrics: {
				load: { hosts: [4, 4], series: [4, 4], samples: [40, 40] },
				power: { hosts: [4, 4], series: [8, 8], samples: [80, 80] },
			},
		});
		expect(await house.repository.completenessOf(job)).to.equal(undefined);
	});

	it("is told in the meta, in the index and in the database, by host, series and sample", async () => {
		// n002 lacks a socket, n003 stops half-way, n004 is not there at all.
		const feed: Feed = (name, host, device) => {
			if (host === "n004") return undefined;
			if (host === "n002" && device === "1") return undefined;
			const full = everything(name, host, device) ?? [];
			return host === "n003" ? full.map((v, i) => (i < 5 ? v : NONE)) : full;
		};
		const expected = {
			share: 0.5625,
			hosts: [3, 4],
			series: [8, 12],
			samples: [65, 120],
			metrics: {
				load: { hosts: [3, 4], series: [3, 4], samples: [25, 40] },
				power: { hosts: [3, 4], series: [5, 8], samples: [40, 80] },
			},
		};
		for (const hostsPerChunk of [4, 1]) {
			const { house, facts, job, data } = await archive(feed, fourNodes, {
				hostsPerChunk,
			});
			expect(facts.completeness).to.deep.equal(expected);
			const { completeness } = await factsInIndex(house.archive, job);
			expect(JSON.parse(String(completeness))).to.deep.equal(expected);
			expect(await house.repository.completenessOf(job)).to.deep.equal(
				expected,
			);
			expect((await house.repository.findJob(job))?.monitoringStatus).to.equal(
				3,
			);
			// What the socket that is there measured, not twice that.
			expect(samplesOf(data, "power").n002).to.deep.equal(Array(10).fill(1));
		}
	});

	it("counts devices that the job holds, also of shared nodes", async () => {
		const resources = [
			{ hostname: "n001", hwthreads: [0, 1] },
			{ hostname: "n002" },
		];
		const { facts } = await archive(
			everything,
			testJob({ resources, duration: 600 }),
		);
		expect(facts.completeness.metrics.power).to.deep.equal({
			hosts: [2, 2],
			series: [3, 3],
			samples: [30, 30],
		});
	});

	it("expects accelerators where the job holds some", async () => {
		const job = testJob({ subCluster: "gpu", numNodes: 2, duration: 600 });
		const [first, { hostname }] = job.resources;
		const { facts } = await archive(everything, {
			...job,
			resources: [first, { hostname }],
		});
		expect(facts.completeness.metrics.util).to.deep.equal({
			hosts: [1, 1],
			series: [4, 4],
			samples: [40, 40],
		});
		expect(facts.completeness.share).to.equal(1);
	});

	it("expects nothing of accelerators without a name, which no store can be asked about", async () => {
		const job = testJob({ subCluster: "gpu", numNodes: 2, duration: 600 });
		const [{ hostname, accelerators = [] }, second] = job.resources;
		const nameless = { hostname, accelerators: ["", ...accelerators] };
		const { facts } = await archive(everything, {
			...job,
			resources: [nameless, { ...second, accelerators: [""] }],
		});
		expect(facts.completeness.metrics.util).to.deep.equal({
			hosts: [1, 1],
			series: [4, 4],
			samples: [40, 40],
		});
		expect(facts.completeness.share).to.equal(1);
	});

	it("misses a metric that was asked for and did not come at all", async () => {
		const { facts } = await archive((...of) =>
			of[0] === "power" ? undefined : everything(...of),
		);
		expect(facts.completeness.metrics.power).to.deep.equal({
			hosts: [0, 4],
			series: [0, 8],
			samples: [0, 80],
		});
		expect(facts.completeness.share).to.equal(0.5);
	});

	it("does not take a sample more or less at the job's ends for a gap", async () => {
		// Eleven slots from start to end; whether there are ten samples or eleven depends on when a node is measured.
		const { facts } = await archive((_, host) =>
			host === "n001"
				? Array(11).fill(1)
				: [NONE, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
		);
		expect(facts.completeness.share).to.equal(1);
		expect(facts.completeness.metrics.load.samples).to.deep.equal([41, 41]);
	});

	it("of a replay follows from what it holds, on the hosts that the job has", async () => {
		const source = new ScriptedSource(() => [
			testColumn({ metric: "load", series: 3, samplesPerSeries: 10, gaps: 0 }),
			testColumn({ metric: "old", series: 4, samplesPerSeries: 10, gaps: 0 }),
		]);
		const house = await openHouse({ source });
		await house.archive.storeClusterConfig("testcluster", METRICS);
		const { facts } = await archiveAndRead(house, fourNodes);
		expect(facts.completeness.metrics).to.deep.equal({
			load: { hosts: [3, 4], series: [3, 4], samples: [30, 40] },
			old: { hosts: [4, 4], series: [4, 4], samples: [40, 40] },
		});
	});

	it("fails a job below minCompleteness, with its reason, and archives it at a retry that finds more", async () => {
		let hosts = 2;
		const source = new NativeSource((name, host, device) =>
			Number(host.slice(1)) > hosts
				? undefined
				: everything(name, host, device),
		);
		const house = await openHouse({
			source,
			options: { minCompleteness: 0.75 },
		});
		await house.archive.storeClusterConfig("testcluster", METRICS);
		const [job] = await house.register([fourNodes]);
		const error = await rejected(house.archiver.archiveJob(job));
		expect(isArchiverError(error) && error.code).to.equal("SOURCE_PARTIAL");
		expect(error.details.problems).to.deep.equal([
			"load: 20 of 40 samples",
			"power: 40 of 80 samples",
		]);
		expect(await house.archive.exists(job)).to.equal(false);
		expect(await house.repository.failureOf(job)).to.include({
			code: "SOURCE_PARTIAL",
		});

		hosts = 3;
		expect(await house.archiver.retryFailed()).to.equal(1);
		await house.archiver.waitForArchiving();
		expect(await house.archive.exists(job)).to.equal(true);
		expect((await house.repository.completenessOf(job))?.share).to.equal(0.75);
	});

	it("does not stand in for NO_DATA", async () => {
		const house = await openHouse({ source: new NativeSource(() => [NONE]) });
		await house.archive.storeClusterConfig("testcluster", METRICS);
		const [job] = await house.register([fourNodes]);
		const error = await rejected(house.archiver.archiveJob(job));
		expect(error.code).to.equal("NO_DATA");
	});

	it("refuses a share that is none", async () => {
		const error = await rejected(
			openUnmanaged({ options: { minCompleteness: 1.5 } }),
		);
		expect(error.message).to.contain(
			"minCompleteness: must be a number from 0 to 1",
		);
	});
});

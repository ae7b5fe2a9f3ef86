import { expect } from "chai";
import type { Archive, IterateOptions } from "../../../lib/archive/archive.js";
import { formatJobKey } from "../../../lib/schema/job.js";
import { dataOf, exactly, testData } from "../../support/job-data.js";
import { testCluster, testColumn, testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { commitAll, stageAll } from "./jobs.js";
import type { TestPlace } from "./use-place.js";

const KEYS = [
	["alpha", 5, 100],
	["alpha", 900, 100],
	["alpha", 900, 1000],
	["alpha", 1001, 50],
	["alpha", 10_000_002, 7],
	["testcluster", 2, 20],
	["testcluster", 10, 3],
] as const;

const MANY_JOBS = 10_000;
const GROUP_JOBS = 250;

export function describeIteration(places: TestPlace): void {
	const { format, here, openReady } = places;

	async function filled(): Promise<Archive> {
		const archive = await openReady();
		await archive.storeClusterConfig("alpha", {
			...testCluster(),
			name: "alpha",
		});
		for (const [cluster, jobId, startTime] of KEYS.toReversed())
			await archive.importJob(
				testJob({ cluster, jobId, startTime }),
				testData(jobId, 3),
			);
		return archive;
	}

	it("goes by cluster, job id and start time, as numbers", async () => {
		expect(await keysOf(await filled())).to.deep.equal(
			KEYS.map((key) => key.join("/")),
		);
	});

	it("keeps to a cluster, a job id and start times", async () => {
		const archive = await filled();
		const cases: [IterateOptions, string[]][] = [
			[{ cluster: "testcluster" }, ["testcluster/2/20", "testcluster/10/3"]],
			[{ from: 20, to: 100 }, ["alpha/1001/50", "testcluster/2/20"]],
			[{ jobId: 900 }, ["alpha/900/100", "alpha/900/1000"]],
			[{ cluster: "alpha", jobId: 900, from: 101 }, ["alpha/900/1000"]],
			[{ cluster: "alpha", jobId: 2 }, []],
			[{ cluster: "none" }, []],
		];
		for (const [options, keys] of cases)
			expect(await keysOf(archive, options)).to.deep.equal(keys);
	});

	it("brings data where it is asked for", async () => {
		const archive = await filled();
		let jobs = 0;
		for await (const found of archive.iterate({ loadMetricData: true })) {
			if ("error" in found) throw found.error;
			expect(exactly(found.data ?? {})).to.deep.equal(
				exactly(testData(found.job.jobId, 3)),
			);
			jobs++;
		}
		expect(jobs).to.equal(KEYS.length);
	});

	it("yields a malformed job as an error, and goes on", async () => {
		const archive = await filled();
		const broken = { cluster: "alpha", jobId: 900, startTime: 100 };
		await here().damage.meta(broken, "{}");
		const seen: string[] = [];
		for await (const found of archive.iterate())
			seen.push(
				"error" in found
					? `${formatJobKey(found.key)} ${found.error.code}`
					: formatJobKey(found.key),
			);
		const expected: string[] = KEYS.map((key) => key.join("/"));
		expected[1] += " DATA_CORRUPT";
		expect(seen).to.deep.equal(expected);
	});

	it("goes on while jobs are written, replaced and removed", async () => {
		const archive = await filled();
		const seen: string[] = [];
		for await (const { key } of archive.iterate()) {
			seen.push(formatJobKey(key));
			if (seen.length > 1) continue;
			const gone = { cluster: "alpha", jobId: 1001, startTime: 50 };
			expect(await archive.remove([key, gone])).to.deep.equal([
				undefined,
				undefined,
			]);
			const late = [testJob({ jobId: 11, startTime: 3 }), testJob(key)];
			for (const job of late) await archive.importJob(job, testData(1));
		}
		expect(seen).to.deep.equal([
			"alpha/5/100",
			"alpha/900/100",
			"alpha/900/1000",
			"alpha/10000002/7",
			"testcluster/2/20",
			"testcluster/10/3",
			"testcluster/11/3",
		]);
	});

	it("stops when its signal is aborted, with the reason", async () => {
		const archive = await filled();
		const controller = new AbortController();
		let seen = 0;
		const error = await rejected(
			(async () => {
				for await (const _ of archive.iterate({ signal: controller.signal })) {
					seen++;
					controller.abort("enough");
				}
			})(),
		);
		expect(error.code).to.equal("ABORTED");
		expect(error.cause).to.equal("enough");
		expect(seen).to.equal(1);
		const before = archive.iterate({ signal: AbortSignal.abort() });
		const [next] = [before[Symbol.asyncIterator]().next()];
		expect((await rejected(next)).code).to.equal("ABORTED");
	});

	it("counts jobs, start times, bytes and formats by cluster", async () => {
		const archive = await filled();
		const stored = await archive.loadStoredData(
			testJob({ jobId: 2, startTime: 20 }),
		);
		const empty = await archive.info();
		await archive.storeClusterConfig("empty", {
			...testCluster(),
			name: "empty",
		});
		const { jobs, clusters } = await archive.info();
		expect(jobs).to.equal(KEYS.length);
		const formats = { columnar: 0, json: 0 };
		expect(clusters.alpha).to.deep.include({
			jobs: 5,
			firstStartTime: 7,
			lastStartTime: 1000,
			formats: { ...formats, [format]: 5 },
		});
		expect(clusters.testcluster).to.deep.include({
			jobs: 2,
			firstStartTime: 3,
			lastStartTime: 20,
			formats: { ...formats, [format]: 2 },
		});
		expect(clusters.testcluster.bytes).to.be.within(
			2 * stored.bytes.byteLength,
			2 * stored.bytes.byteLength + 2000,
		);
		expect(clusters.empty).to.deep.equal({
			jobs: 0,
			firstStartTime: 0,
			lastStartTime: 0,
			bytes: 0,
			formats,
		});
		expect(empty.clusters).not.to.have.property("empty");
	});

	// Their number matters and not their format.
	if (format === "columnar")
		it("holds ten thousand jobs, or as many as there is time for", async function () {
			const { manyJobs = MANY_JOBS } = here();
			this.timeout(Math.max(120_000, 60 * manyJobs));
			if (manyJobs < MANY_JOBS) console.log(`      of ${manyJobs} jobs`);
			const archive = await openReady();
			const column = testColumn({ series: 1, samplesPerSeries: 1 });
			const data = dataOf([column]);
			const jobs = Array.from({ length: manyJobs }, (_, i) =>
				testJob({ jobId: (i * 7919) % manyJobs, startTime: 1000 + i }),
			);
			for (let at = 0; at < manyJobs; at += GROUP_JOBS) {
				const group = jobs.slice(at, at + GROUP_JOBS);
				await commitAll(archive, await stageAll(archive, group, () => data));
			}
			let next = 0;
			for await (const { key } of archive.iterate())
				expect(key.jobId).to.equal(next++);
			expect(next).to.equal(manyJobs);
			const half = manyJobs / 2;
			const { removed, failed } = await archive.clean({ before: 1000 + half });
			expect([removed, failed]).to.deep.equal([half, []]);
			expect((await archive.info()).clusters.testcluster).to.include({
				jobs: half,
				firstStartTime: 1000 + half,
				lastStartTime: 1000 + manyJobs - 1,
			});
		});
}

async function keysOf(
	archive: Archive,
	options?: IterateOptions,
): Promise<string[]> {
	const keys: string[] = [];
	for await (const { key } of archive.iterate(options))
		keys.push(formatJobKey(key));
	return keys;
}

import { expect } from "chai";
import { dataFactsOf, withDataFacts } from "../../../lib/archive/data-facts.js";
import { dataIdOf } from "../../../lib/codec/data-id.js";
import type { JobData } from "../../../lib/schema/metric.js";
import { dataOf, keyOf, testData } from "../../support/job-data.js";
import { testCluster, testColumn, testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { commitAll, expectData, stageAll } from "./jobs.js";
import type { TestPlace } from "./use-place.js";

export function describeMaintenance(places: TestPlace): void {
	const { format, here, open, openReady } = places;

	it("removes jobs of all sizes and nothing else, and leaves no trace of them", async () => {
		const archive = await openReady();
		await archive.importJob(testJob({ jobId: 1 }), testData(1, 3000));
		const contents = await here().contents();
		const jobs = [3, 300, 30_000].map((jobId) => testJob({ jobId }));
		for (const job of jobs)
			await archive.importJob(job, testData(1, job.jobId));
		const errors = await archive.remove(jobs.map(keyOf));
		expect(errors).to.deep.equal([undefined, undefined, undefined]);
		for (const job of jobs) {
			expect(await archive.exists(job)).to.equal(false);
			const error = await rejected(archive.loadJobData(job));
			expect(error.code).to.equal("JOB_UNKNOWN");
		}
		expect(await here().contents()).to.deep.equal(contents);
		await expectData(archive, testJob({ jobId: 1 }), testData(1, 3000));
		expect(await archive.clusters()).to.deep.equal(["testcluster"]);
		await archive.close();
		expect((await (await open()).info()).jobs).to.equal(1);
	});

	it("says which jobs were not there to be removed", async () => {
		const archive = await openReady();
		await archive.importJob(testJob(), testData(1));
		const unknown = testJob({ startTime: 5 });
		const errors = await archive.remove([unknown, testJob()]);
		expect(errors[0]?.code).to.equal("JOB_UNKNOWN");
		expect(errors[0]?.details).to.include(keyOf(unknown));
		expect(errors[1]).to.equal(undefined);
		expect(await archive.remove([])).to.deep.equal([]);
	});

	it("takes a job again that was removed, without its tags", async () => {
		const archive = await openReady();
		const job = testJob({ tags: [{ type: "t", name: "a" }] });
		await archive.importJob(job, testData(1, 9000));
		await archive.remove([job]);
		await archive.importJob(testJob(), testData(2));
		await expectData(archive, job, testData(2));
		expect((await archive.loadJobMeta(job)).tags).to.deep.equal([]);
	});

	it("removes jobs whose meta or data are damaged or gone", async () => {
		const archive = await openReady();
		const contents = await here().contents();
		const jobs = [1, 2, 3].map((jobId) => testJob({ jobId }));
		for (const job of jobs) await archive.importJob(job, testData(1, 300));
		await here().damage.meta(jobs[0], "{");
		await here().damage.data(jobs[1], (bytes) => bytes.subarray(0, 9));
		await here().damage.data(jobs[2], () => undefined);
		expect(await archive.remove(jobs)).to.deep.equal(jobs.map(() => undefined));
		expect(await here().contents()).to.deep.equal(contents);
	});

	it("cleans out jobs that are older or younger, of one cluster or all", async () => {
		const archive = await openReady();
		await archive.storeClusterConfig("alpha", {
			...testCluster(),
			name: "alpha",
		});
		const jobs = ["alpha", "testcluster"].flatMap((cluster) =>
			[10, 20, 30, 40, 50].map((startTime) =>
				testJob({ cluster, jobId: startTime, startTime }),
			),
		);
		await commitAll(
			archive,
			await stageAll(archive, jobs, () => testData(1, 3)),
		);
		const left = async () => {
			const keys: string[] = [];
			for await (const { key } of archive.iterate())
				keys.push(`${key.cluster}/${key.startTime}`);
			return keys.map((key) => key.replace("testcluster", "t")).join(" ");
		};
		expect(await archive.clean({})).to.deep.equal({ removed: 0, failed: [] });
		await archive.clean({ cluster: "alpha", before: 30 });
		expect(await left()).to.equal(
			"alpha/30 alpha/40 alpha/50 t/10 t/20 t/30 t/40 t/50",
		);
		const result = await archive.clean({ before: 20, after: 40 });
		expect(result).to.deep.equal({ removed: 3, failed: [] });
		expect(await left()).to.equal("alpha/30 alpha/40 t/20 t/30 t/40");
		await archive.clean({ after: 0 });
		expect(await left()).to.equal("");
	});

	it("compresses a job to columns that are smaller, and keeps all else", async () => {
		const archive = await openReady();
		const data = countersData();
		const tags = [{ type: "t", name: "a" }];
		await archive.importJob(testJob({ tags }), data);
		const before = await archive.loadStoredData(testJob());
		const facts = {
			format,
			dataId: dataIdOf(before.bytes, before.encoding),
			series: 4,
			samples: 20_000,
			notes: ["noted"],
		};
		const job = withDataFacts(testJob({ tags }), facts);
		await archive.storeJobMeta(job);
		expect(await archive.compress([job])).to.deep.equal([undefined]);
		const after = await archive.loadStoredData(job);
		expect(after.encoding).to.equal("columnar");
		expect(after.bytes.byteLength).to.be.below(before.bytes.byteLength);
		await expectData(archive, job, data);
		const meta = await archive.loadJobMeta(job);
		expect(dataFactsOf(meta)).to.deep.equal({
			...facts,
			format: "columnar",
			dataId: dataIdOf(after.bytes, after.encoding),
		});
		expect(meta.tags).to.deep.equal(tags);
		const { clusters } = await archive.info();
		expect(clusters.testcluster.formats).to.deep.equal({
			columnar: 1,
			json: 0,
		});
		// A second time there is nothing to win.
		const contents = await here().contents();
		expect(await archive.compress([job])).to.deep.equal([undefined]);
		expect(await archive.loadStoredData(job)).to.deep.equal(after);
		expect(await here().contents()).to.deep.equal(contents);
	});

	it("compresses the others when a job is damaged or not there", async () => {
		const archive = await openReady();
		const jobs = [1, 2, 3].map((jobId) => testJob({ jobId }));
		for (const job of [jobs[0], jobs[2]])
			await archive.importJob(job, testData(1, 5000));
		await here().damage.data(jobs[0], (bytes) => bytes.subarray(0, 900));
		const damaged = await archive.loadStoredData(jobs[0]).catch(() => null);
		const errors = await archive.compress(jobs);
		expect(errors.map((error) => error?.code)).to.deep.equal([
			"DATA_CORRUPT",
			"JOB_UNKNOWN",
			undefined,
		]);
		const stored = await archive.loadStoredData(jobs[0]).catch(() => null);
		expect(stored).to.deep.equal(damaged);
		await expectData(archive, jobs[2], testData(1, 5000));
	});
}

/** Integers that wander slowly: at `small` they take a quarter less than at `fast`. */
function countersData(): JobData {
	const column = testColumn({ series: 4, samplesPerSeries: 5000, gaps: 0 });
	const samples = column.samples.map((value) => Math.round(value / 10));
	return dataOf([{ ...column, samples }]);
}

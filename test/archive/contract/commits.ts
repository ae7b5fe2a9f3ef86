import { expect } from "chai";
import type { DataFormat } from "../../../lib/codec/column.js";
import { testData } from "../../support/job-data.js";
import { testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { commitAll, expectData, stage, stageAll } from "./jobs.js";
import type { TestPlace } from "./use-place.js";

/** Format, and samples a series: 3 give less than 2,000 bytes of JSON, 300 more, 30,000 more than fit into a small job. */
type Version = [format: DataFormat, samplesPerSeries: number];

export function describeCommits(places: TestPlace): void {
	const { here, elsewhere, open, openReady } = places;

	it("makes a group of jobs visible, whatever their sizes", async () => {
		const archive = await openReady();
		const jobs = Array.from({ length: 70 }, (_, i) =>
			testJob({ jobId: 70 - i }),
		);
		const data = ({ jobId }: { jobId: number }) =>
			testData(jobId, jobId % 20 === 0 ? 20_000 : jobId);
		await commitAll(archive, await stageAll(archive, jobs, data));
		for (const job of jobs) {
			await expectData(archive, job, data(job));
			expect((await archive.loadJobMeta(job)).jobId).to.equal(job.jobId);
		}
		expect((await archive.info()).jobs).to.equal(jobs.length);
		await commitAll(archive, []);
	});

	it("tells apart jobs that share a part of their keys", async () => {
		const archive = await openReady();
		await archive.storeClusterConfig("other", {
			...(await archive.loadClusterConfig("testcluster")),
			name: "other",
		});
		const jobs = [
			testJob(),
			testJob({ startTime: 5 }),
			testJob({ cluster: "other" }),
			testJob({ jobId: 5 }),
		];
		for (const [i, job] of jobs.entries())
			await archive.importJob(job, testData(i));
		for (const [i, job] of jobs.entries())
			await expectData(archive, job, testData(i));
	});

	const replacements: [string, Version, Version][] = [
		["columnar by json", ["columnar", 300], ["json", 300]],
		["json by columnar", ["json", 300], ["columnar", 300]],
		["large columnar by large json", ["columnar", 3e4], ["json", 3e4]],
		["large json by large columnar", ["json", 3e4], ["columnar", 3e4]],
		["large json by small", ["json", 300], ["json", 3]],
		["small json by large", ["json", 3], ["json", 300]],
		["columnar by columnar", ["columnar", 300], ["columnar", 3]],
		["large columnar by small", ["columnar", 3e4], ["columnar", 3]],
		["small columnar by large", ["columnar", 3], ["columnar", 3e4]],
	];
	for (const [name, before, after] of replacements)
		it(`replaces ${name}, and leaves as much as that alone would`, async () => {
			const alone = await elsewhere();
			const job = testJob();
			for (const [seed, [format, samples]] of [before, after].entries()) {
				const archive = await openReady({ format });
				await archive.importJob(job, testData(seed, samples));
				await expectData(archive, job, testData(seed, samples));
				await archive.close();
			}
			const [format, samples] = after;
			const other = await openReady({ format }, alone);
			await other.importJob(job, testData(1, samples));
			const archive = await open();
			expect(await archive.info()).to.deep.equal(await other.info());
			expect(await here().contents()).to.have.length(
				(await alone.contents()).length,
			);
		});

	it("lets readers find the old job or the new one while it is replaced", async () => {
		const job = testJob();
		const columnar = await openReady({ format: "columnar" });
		const json = await open({ format: "json" });
		await columnar.importJob(job, testData(0, 300));
		let reading = true;
		const readAll = (async () => {
			let reads = 0;
			for (; reading; reads++) {
				await json.loadJobData(job);
				await json.loadStoredData(job);
			}
			return reads;
		})();
		for (let round = 0; round < 30; round++) {
			const archive = round % 2 === 0 ? json : columnar;
			await archive.importJob(job, testData(round, [3, 300, 9000][round % 3]));
		}
		reading = false;
		expect(await readAll).to.be.above(0);
	});

	it("keeps tags that a job was given, also after it was sealed again", async () => {
		const archive = await openReady();
		const job = testJob({ tags: [{ type: "auto", name: "idle" }] });
		await archive.importJob(job, testData(1));
		const again = await stage(archive, job, testData(2));
		const tags = [
			{ id: 3, type: "auto", name: "idle" },
			{ id: 4, type: "user", name: "look", scope: "private" },
		];
		await archive.storeJobMeta({ ...job, tags });
		await commitAll(archive, [again]);
		expect((await archive.loadJobMeta(job)).tags).to.deep.equal([
			{ type: "auto", name: "idle" },
			{ id: 4, type: "user", name: "look", scope: "private" },
		]);
	});

	it("takes one job twice in a group: the latter stays, with the tags of both", async () => {
		const archive = await openReady();
		for (const [jobId, sizes] of [
			[3, 300],
			[300, 3],
			[30_000, 3],
			[3, 30_000],
		].entries()) {
			const jobs = ["a", "b"].map((name) =>
				testJob({ jobId, tags: [{ type: "t", name }] }),
			);
			const staged = [
				await stage(archive, jobs[0], testData(1, sizes[0])),
				await stage(archive, jobs[1], testData(2, sizes[1])),
			];
			await commitAll(archive, staged);
			await expectData(archive, jobs[0], testData(2, sizes[1]));
			const { tags } = await archive.loadJobMeta(jobs[0]);
			expect(tags.map(({ name }) => name)).to.deep.equal(["b", "a"]);
		}
		expect((await archive.info()).jobs).to.equal(4);
	});

	it("lets no failing job of a group fail the others, and touches nothing for it", async () => {
		const archive = await openReady();
		const kept = testJob({ jobId: 1 });
		await archive.importJob(kept, testData(1));
		const jobs = [
			testJob({ jobId: 10 }),
			testJob({ jobId: 11, cluster: "strange" }),
			testJob({ jobId: 12, cluster: "strange" }),
			testJob({ jobId: 13 }),
		];
		const samples = ({ jobId }: { jobId: number }) =>
			jobId === 12 ? 30_000 : 300;
		const staged = await stageAll(archive, jobs, (job) =>
			testData(job.jobId, samples(job)),
		);
		const unsealed = await archive.stage(kept);
		await unsealed.append(new Uint8Array(3_000_000));
		const errors = await archive.commit([...staged, unsealed]);
		expect(errors.map((error) => error?.code)).to.deep.equal([
			undefined,
			"CLUSTER_UNKNOWN",
			"CLUSTER_UNKNOWN",
			undefined,
			"INVALID_INPUT",
		]);
		expect(errors[1]?.details).to.include({ cluster: "strange", jobId: 11 });
		await unsealed.discard();
		for (const i of [0, 3])
			await expectData(archive, jobs[i], testData(jobs[i].jobId, 300));
		await expectData(archive, kept, testData(1));
		expect(await archive.clusters()).to.deep.equal(["testcluster"]);
		// The same as where the failed ones never were.
		const alone = await elsewhere();
		const other = await openReady({}, alone);
		for (const job of [kept, jobs[0], jobs[3]])
			await other.importJob(job, testData(1, 300));
		expect(await here().contents()).to.have.length(
			(await alone.contents()).length,
		);
	});

	it("refuses a job that was staged elsewhere, and leaves it to its own archive", async () => {
		const archive = await openReady();
		const other = await openReady({}, await elsewhere());
		const staged = await stage(other, testJob(), testData(1));
		const error = await rejected(archive.commit([staged]));
		expect(error.code).to.equal("INVALID_INPUT");
		await commitAll(other, [staged]);
	});

	it("commits groups that come at once, one after the other", async () => {
		const archive = await openReady();
		const job = testJob();
		const groups = [];
		for (let seed = 0; seed < 10; seed++)
			groups.push([
				await stage(archive, job, testData(seed, 50)),
				await stage(archive, testJob({ jobId: seed }), testData(seed)),
			]);
		await Promise.all(groups.map((group) => commitAll(archive, group)));
		await expectData(archive, job, testData(9, 50));
		expect((await archive.info()).jobs).to.equal(11);
	});

	it("replaces the meta of a job that is there, and of no other", async () => {
		const archive = await openReady();
		const job = testJob();
		const error = await rejected(archive.storeJobMeta(job));
		expect(error.code).to.equal("JOB_UNKNOWN");
		expect(await archive.exists(job)).to.equal(false);
		await archive.importJob(job, testData(1));
		await archive.storeJobMeta({ ...job, project: "other" });
		expect((await archive.loadJobMeta(job)).project).to.equal("other");
		await expectData(archive, job, testData(1));
	});
}

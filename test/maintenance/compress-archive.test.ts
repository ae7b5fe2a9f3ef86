import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { dataFactsOf } from "../../lib/archive/data-facts.js";
import {
	type Archive,
	compressArchive,
	openArchive,
	type WorkerPool,
} from "../../lib/index.js";
import { verifyArchive } from "../../lib/maintenance/verify-archive.js";
import type { Job } from "../../lib/schema/job.js";
import { jobFolder, leftoversIn } from "../cli/job-archive.js";
import { seededJobs, TEST_START_TIME } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import { useTempFolder } from "../support/temp-folder.js";
import {
	bitsOfData,
	makeArchive,
	shrinkableData,
	startPool,
	tellingOfData,
	usePool,
} from "./seeded-archive.js";

describe("compressing an archive", () => {
	const folder = useTempFolder();
	const pool = usePool();
	const path = () => join(folder(), "archive");
	const foreign = seededJobs(51, 6);
	const jobs = [...foreign.slice(0, 3), ...foreign.slice(3).map(tellingOfData)];

	async function expectJobs(archive: Archive, expected = jobs): Promise<void> {
		const { faults } = await verifyArchive(archive, { pool });
		expect(faults).to.deep.equal([]);
		expect((await archive.info()).jobs).to.equal(expected.length);
		for (const job of expected) {
			const data = await archive.loadJobData(job);
			expect(bitsOfData(data)).to.deep.equal(bitsOfData(shrinkableData(job)));
		}
	}

	const places = {
		files: () => `file:${path()}`,
		SQLite: () => `sqlite:${path()}.db`,
	};
	for (const [kind, target] of Object.entries(places))
		it(`in ${kind} makes columns smaller and columns of json, then finds nothing to do`, async () => {
			const made = await makeArchive(
				target(),
				"json",
				jobs.slice(0, 2),
				shrinkableData,
			);
			await made.close();
			const archive = await makeArchive(
				target(),
				"columnar",
				jobs.slice(2),
				shrinkableData,
			);
			const before = (await archive.info()).clusters.testcluster;
			expect(before.formats).to.deep.equal({ columnar: 4, json: 2 });
			const progress: number[] = [];
			const result = await compressArchive(archive, {
				pool,
				onProgress: ({ jobs }) => progress.push(jobs),
			});
			expect(result).to.include({ compressed: 6, skipped: 0 });
			expect(result.failed).to.deep.equal([]);
			expect(result.bytes).to.be.below(result.bytesBefore);
			expect(progress).to.deep.equal([1, 2, 3, 4, 5, 6]);
			const after = (await archive.info()).clusters.testcluster;
			expect(after.formats).to.deep.equal({ columnar: 6, json: 0 });
			expect(after.bytes).to.be.below(before.bytes);
			await expectJobs(archive);
			for (const job of jobs)
				expect(dataFactsOf(await archive.loadJobMeta(job))).to.include({
					format: "columnar",
					compression: "small",
				});

			let tasks = 0;
			const run: WorkerPool["run"] = (...args) => {
				tasks++;
				return pool.run(...args);
			};
			const again = await compressArchive(archive, { pool: { run } });
			expect(again).to.deep.include({ compressed: 0, skipped: 6, failed: [] });
			expect(tasks).to.equal(0);
			await archive.close();
		});

	it("leaves json as it is where the archive writes json", async () => {
		const archive = await makeArchive(path(), "json", jobs, shrinkableData);
		const result = await compressArchive(archive, { pool });
		expect(result).to.include({ compressed: 0, skipped: 6, bytes: 0 });
		const { formats } = (await archive.info()).clusters.testcluster;
		expect(formats).to.deep.equal({ columnar: 0, json: 6 });
		await expectJobs(archive);
	});

	it("only makes columns of json at the lesser effort", async () => {
		const json = jobs.slice(0, 2);
		await (await makeArchive(path(), "json", json, shrinkableData)).close();
		const columnar = jobs.slice(2);
		const archive = await makeArchive(
			path(),
			"columnar",
			columnar,
			shrinkableData,
		);
		const result = await compressArchive(archive, {
			pool,
			compression: "fast",
		});
		expect(result).to.include({ compressed: 2, skipped: 4 });
		await expectJobs(archive);
	});

	it("takes only jobs of a time and a cluster", async () => {
		const archive = await makeArchive(path(), "columnar", jobs, shrinkableData);
		const range = { from: TEST_START_TIME + 60, to: TEST_START_TIME + 180 };
		expect(
			await compressArchive(archive, { pool, ...range, cluster: "other" }),
		).to.include({ compressed: 0, skipped: 0 });
		expect(await compressArchive(archive, { pool, ...range })).to.include({
			compressed: 2,
			skipped: 0,
		});
		expect(await compressArchive(archive, { pool })).to.include({
			compressed: 4,
			skipped: 2,
		});
	});

	it("lists damaged jobs in the archive's order, leaves them as they are, and goes on", async () => {
		const archive = await makeArchive(path(), "columnar", jobs, shrinkableData);
		const damaged = [4, 1].map((i) => jobs[i]);
		const bytesOf = (job: Job) =>
			readFile(join(jobFolder(path(), job), "data.hjc"));
		for (const job of damaged) {
			const bytes = await bytesOf(job);
			bytes[bytes.length >> 1] ^= 1;
			await writeFile(join(jobFolder(path(), job), "data.hjc"), bytes);
		}
		const before = await Promise.all(damaged.map(bytesOf));
		const { compressed, failed } = await compressArchive(archive, { pool });
		expect(compressed).to.equal(4);
		expect(failed.map(({ jobId, code }) => [jobId, code])).to.deep.equal([
			[jobs[1].jobId, "DATA_CORRUPT"],
			[jobs[4].jobId, "DATA_CORRUPT"],
		]);
		expect(failed[0].message).to.contain("data.hjc");
		expect(await Promise.all(damaged.map(bytesOf))).to.deep.equal(before);
		expect(await leftoversIn(path())).to.deep.equal([]);
	});

	it("keeps a tag that is set while a job is compressed", async () => {
		const archive = await makeArchive(path(), "columnar", jobs, shrinkableData);
		const tags = [{ type: "t", name: "meanwhile" }];
		const run: WorkerPool["run"] = async (...args) => {
			const result = await pool.run(...args);
			for (const job of jobs)
				await archive.storeJobMeta({
					...(await archive.loadJobMeta(job)),
					tags,
				});
			return result;
		};
		const result = await compressArchive(archive, { pool: { run } });
		expect(result.compressed).to.equal(6);
		for (const job of jobs)
			expect((await archive.loadJobMeta(job)).tags).to.deep.equal(tags);
		await expectJobs(archive);
	});

	it("ends early when its signal aborts, and goes on where it stopped", async () => {
		const archive = await makeArchive(path(), "columnar", jobs, shrinkableData);
		const controller = new AbortController();
		const first = await compressArchive(archive, {
			pool,
			bufferBytes: 1,
			signal: controller.signal,
			onProgress: () => controller.abort(),
		});
		expect(first.compressed).to.be.within(1, 5);
		await expectJobs(archive);
		expect(await compressArchive(archive, { pool })).to.deep.include({
			compressed: 6 - first.compressed,
			skipped: first.compressed,
			failed: [],
		});
		await expectJobs(archive);
	});

	it("fails each job of an archive that may not be written to, and leaves all to a pool that closes", async () => {
		await (await makeArchive(path(), "columnar", jobs, shrinkableData)).close();
		const archive = await openArchive(path(), { readOnly: true });
		const { compressed, failed } = await compressArchive(archive, { pool });
		expect(compressed).to.equal(0);
		expect(failed.map(({ code }) => code)).to.deep.equal(
			jobs.map(() => "ARCHIVE_READ_ONLY"),
		);
		const closed = startPool();
		await closed.close();
		const error = await rejected(compressArchive(archive, { pool: closed }));
		expect(error.code).to.equal("ARCHIVER_CLOSED");
		await expectJobs(archive);
	});
});

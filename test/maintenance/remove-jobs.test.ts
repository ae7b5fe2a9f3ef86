import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { FileArchive } from "../../lib/archive/file/file-archive.js";
import {
	type Archive,
	openArchive,
	removeJobs,
	SqliteJobRepository,
} from "../../lib/index.js";
import { formatJobKey, type Job } from "../../lib/schema/job.js";
import { serializeJob } from "../../lib/schema/job-json.js";
import { jobFolder } from "../cli/job-archive.js";
import { runningJobSql, withDatabase } from "../support/job-database.js";
import { seededJobs, TEST_START_TIME, testJob } from "../support/jobs.js";
import { scriptedFileSystem } from "../support/scripted-file-system.js";
import { useTempFolder } from "../support/temp-folder.js";
import { makeArchive, shrinkableData } from "./seeded-archive.js";

describe("removing jobs from an archive", () => {
	const folder = useTempFolder();
	const path = () => join(folder(), "archive");
	const databasePath = () => join(folder(), "job.db");
	const jobs = seededJobs(71, 8).map((job) => ({
		...job,
		monitoringStatus: 3 as const,
	}));
	/** Of the third to the sixth job. */
	const range = { from: TEST_START_TIME + 120, to: TEST_START_TIME + 360 };
	const outside = [...jobs.slice(0, 2), ...jobs.slice(6)];

	async function keysIn(archive: Archive): Promise<string[]> {
		const keys: string[] = [];
		for await (const { key } of archive.iterate({ halfRemoved: true }))
			keys.push(formatJobKey(key));
		return keys;
	}

	async function withRows<T>(
		rows: readonly Job[],
		work: (repository: SqliteJobRepository) => Promise<T>,
	): Promise<T> {
		const repository = await SqliteJobRepository.open(databasePath(), {
			fsync: false,
			busyTimeoutMs: 20,
		});
		try {
			await repository.registerJobs(rows);
			await repository.commitArchived(
				rows.map((job) => ({
					job,
					footprint: {},
					energyFootprint: {},
					energy: 0,
				})),
			);
			return await work(repository);
		} finally {
			await repository.close();
		}
	}

	const places = {
		files: () => path(),
		SQLite: () => `sqlite:${path()}.db`,
	};
	for (const [kind, target] of Object.entries(places))
		it(`in ${kind} takes those that started between two times, and of one cluster`, async () => {
			const archive = await makeArchive(target(), "columnar", jobs);
			const counts = { removed: 4, rows: 0, spared: 0, failed: [] };
			expect(
				await removeJobs(archive, { ...range, cluster: "other" }),
			).to.deep.include({ ...counts, removed: 0 });
			const before = await keysIn(archive);
			expect(
				await removeJobs(archive, { ...range, dryRun: true }),
			).to.deep.include(counts);
			expect(await keysIn(archive)).to.deep.equal(before);
			const progress: number[] = [];
			const result = await removeJobs(archive, {
				...range,
				onProgress: ({ jobs }) => progress.push(jobs),
			});
			expect(result).to.deep.include(counts);
			expect(progress).to.deep.equal([1, 2, 3, 4]);
			expect(await keysIn(archive)).to.deep.equal(outside.map(formatJobKey));
			expect(await removeJobs(archive, range)).to.include({ removed: 0 });
			await archive.close();
		});

	it("gives the space in a SQLite file back", async () => {
		const file = (name: string) => join(folder(), name);
		const sizeOf = async (name: string) => (await stat(file(name))).size;
		const empty = await makeArchive(`sqlite:${file("empty")}`, "columnar", []);
		await empty.close();
		const target = `sqlite:${file("full")}`;
		await (await makeArchive(target, "columnar", jobs, shrinkableData)).close();
		expect(await sizeOf("full")).to.be.above(await sizeOf("empty"));
		const archive = await openArchive(target, { fsync: false });
		await removeJobs(archive, { to: TEST_START_TIME + 7200 });
		await archive.close();
		expect(await sizeOf("full")).to.equal(await sizeOf("empty"));
	});

	it("takes their rows too, and those of jobs that were never archived", async () => {
		const archive = await makeArchive(path(), "columnar", jobs);
		const unarchived = testJob({ jobId: 1, startTime: range.from });
		await withRows([...jobs, unarchived], async (repository) => {
			const counts = { removed: 4, rows: 5, spared: 0, failed: [] };
			const options = { ...range, repository };
			expect(
				await removeJobs(archive, { ...options, dryRun: true }),
			).to.deep.include(counts);
			expect(await removeJobs(archive, options)).to.deep.include(counts);
			const left = await repository.findByTime();
			expect(left.map(formatJobKey)).to.deep.equal(outside.map(formatJobKey));
			expect(await keysIn(archive)).to.deep.equal(outside.map(formatJobKey));
		});
	});

	it("leaves jobs alone that run or wait to be archived, whoever says so", async () => {
		const active = ["running", "pending", "suspended"] as const;
		const stored = jobs.map((job, i) =>
			i < active.length ? { ...job, jobState: active[i] } : job,
		);
		const archive = await makeArchive(path(), "columnar", stored);
		await withRows(jobs.slice(5), async (repository) => {
			// The archive holds an earlier version of a job that is to be archived again.
			await repository.registerJobs([jobs[4]]);
			await withDatabase(databasePath(), (database) =>
				database.script(
					runningJobSql("job_cache", { jobId: 7, startTime: 1000 }),
				),
			);
			expect(
				await removeJobs(archive, { to: TEST_START_TIME + 7200, repository }),
			).to.deep.include({ removed: 4, rows: 3, spared: 4, failed: [] });
			const left = [...stored.slice(0, 3), stored[4]];
			expect(await keysIn(archive)).to.deep.equal(left.map(formatJobKey));
			expect(await repository.findByTime()).to.have.lengthOf(1);
			expect(await repository.countByStatus()).to.include({ 1: 2 });
		});
	});

	it("takes damaged jobs and what is left of removed ones, but none under a wrong name", async () => {
		const archive = await makeArchive(path(), "columnar", jobs);
		const place = (i: number, name: string) =>
			join(jobFolder(path(), jobs[i]), name);
		await writeFile(place(2, "meta.json"), "{");
		await rm(place(3, "meta.json"));
		await rm(place(4, "data.hjc"));
		await writeFile(place(5, "meta.json"), serializeJob(jobs[0]));
		const { removed, failed } = await removeJobs(archive, range);
		expect(removed).to.equal(3);
		expect(failed.map(({ jobId, code }) => [jobId, code])).to.deep.equal([
			[jobs[5].jobId, "DATA_CORRUPT"],
		]);
		const left = outside.toSpliced(2, 0, jobs[5]);
		expect(await keysIn(archive)).to.deep.equal(left.map(formatJobKey));
		expect(await readdir(join(path(), "testcluster", "1"))).to.have.lengthOf(5);
	});

	it("removes nothing from the archive that stays in the database", async () => {
		const archive = await makeArchive(path(), "columnar", jobs);
		await withRows(jobs, (repository) =>
			withDatabase(databasePath(), async (database) => {
				await database.script("BEGIN IMMEDIATE");
				const { removed, failed } = await removeJobs(archive, {
					...range,
					repository,
				});
				await database.script("ROLLBACK");
				expect(removed).to.equal(0);
				expect(new Set(failed.map(({ code }) => code))).to.deep.equal(
					new Set(["DATABASE_BUSY"]),
				);
				expect(await keysIn(archive)).to.have.lengthOf(8);
				const again = await removeJobs(archive, { ...range, repository });
				expect(again).to.deep.include({ removed: 4, rows: 4, failed: [] });
			}),
		);
	});

	it("lists what the archive will not let go of, and finds it again", async () => {
		await (await makeArchive(path(), "columnar", jobs)).close();
		let unlinks = 0;
		const archive = await FileArchive.open(path(), {
			fileSystem: scriptedFileSystem(({ name, path }) => {
				if (name !== "unlink" || !path.includes("testcluster"))
					return undefined;
				return ++unlinks % 3 === 0 ? { code: "EIO" } : undefined;
			}),
		});
		await withRows(jobs, async (repository) => {
			const options = { ...range, repository };
			const first = await removeJobs(archive, options);
			expect(first.failed).not.to.deep.equal([]);
			expect(first.removed + first.failed.length).to.equal(4);
			expect(first.rows).to.equal(4);
			let last = first;
			for (let run = 0; run < 4 && last.failed.length > 0; run++)
				last = await removeJobs(archive, options);
			expect(last.failed).to.deep.equal([]);
			expect(await keysIn(archive)).to.deep.equal(outside.map(formatJobKey));
		});
		await archive.close();
	});
});

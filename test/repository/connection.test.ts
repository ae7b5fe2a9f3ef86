import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { SqliteJobRepository } from "../../lib/repository/sqlite.js";
import { Connection } from "../../lib/sqlite/connection.js";
import { withDatabase } from "../support/job-database.js";
import { TEST_START_TIME, testJob } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import { useTempFolder } from "../support/temp-folder.js";

describe("connections to the job database", () => {
	const folder = useTempFolder();
	const file = () => join(folder(), "job.db");

	describe("shared by many callers", () => {
		let repository: SqliteJobRepository;
		beforeEach(async () => {
			repository = await SqliteJobRepository.open(file(), {
				busyTimeoutMs: 20,
			});
		});
		afterEach(() => repository.close());

		it("undo nothing of one when another fails", async () => {
			await repository.registerJobs([testJob({ jobId: 0 })]);
			const unknown = testJob({ jobId: 9999 });
			const started: Promise<unknown>[] = [];
			const failed: Promise<unknown>[] = [];
			for (let jobId = 1; jobId <= 50; jobId++) {
				started.push(repository.startJob(testJob({ jobId })));
				failed.push(
					rejected(
						repository.commitArchived(
							[testJob({ jobId: 0 }), unknown].map((job) => ({
								job,
								footprint: {},
								energyFootprint: {},
								energy: 0,
							})),
						),
					),
				);
			}
			await Promise.all(started);
			await Promise.all(failed);
			expect(await repository.countByStatus()).to.include({ 1: 51, 3: 0 });
		});

		it("say that another process holds the lock, and go on after it", async () => {
			const job = await repository.startJob(testJob());
			await withDatabase(file(), (other) =>
				other.transaction(async (statements) => {
					await statements.run("UPDATE job SET project = 'other'");
					for (const write of [
						repository.startJob(testJob({ jobId: 2 })),
						repository.stopJob(job, {
							state: "completed",
							stopTime: TEST_START_TIME,
						}),
						repository.markFailed(job, { code: "NO_DATA", message: "" }),
					])
						expect(await rejected(write)).to.deep.include({
							code: "DATABASE_BUSY",
							retryable: true,
							details: { path: file() },
						});
					// Reading goes on beside the writer.
					expect(await repository.findJob(job)).to.deep.equal(job);
				}),
			);
			const later = await repository.startJob(testJob({ jobId: 2 }));
			expect(await repository.findJob(later)).to.deep.equal(later);
			expect(await repository.findJob(job)).to.include({ project: "other" });
		});

		it("finish what was accepted before they close, and take nothing after", async () => {
			const accepted = Array.from({ length: 20 }, (_, jobId) =>
				repository.startJob(testJob({ jobId })),
			);
			const reading = repository.findByTime();
			const closing = repository.close();
			for (const late of [
				repository.startJob(testJob({ jobId: 99 })),
				repository.findPending(),
				repository.commitArchived([
					{ job: testJob(), footprint: {}, energyFootprint: {}, energy: 0 },
				]),
			]) {
				const error = await rejected(late);
				expect(error).to.include({
					code: "DATABASE_FAILED",
					retryable: false,
				});
				expect(error.message).to.match(/is closed/);
			}
			await Promise.all([closing, repository.close(), reading, ...accepted]);
			await repository.close();
			const [{ jobs }] = await withDatabase(file(), (database) =>
				database.all<{ jobs: number }>("SELECT count(*) AS jobs FROM job"),
			);
			expect(jobs).to.equal(20);
		});
	});

	it("keep other statements out of a transaction until it ends", async () => {
		await withDatabase(file(), async (database) => {
			await database.script("CREATE TABLE seen (step TEXT)");
			let outside: Promise<unknown> | undefined;
			const error = await rejected(
				database.transaction(async (statements) => {
					await statements.run("INSERT INTO seen VALUES ('inside')");
					outside = database.run("INSERT INTO seen VALUES ('outside')");
					await statements.run("INSERT INTO nowhere VALUES (1)");
				}),
			);
			expect(error).to.include({ code: "DATABASE_FAILED", retryable: false });
			await outside;
			expect(await database.all("SELECT step FROM seen")).to.deep.equal([
				{ step: "outside" },
			]);
		});
	});

	for (const umask of [0o022, 0o077]) {
		it(`make a database that is for owner and group, as far as a umask of ${umask.toString(8)} allows`, async () => {
			const before = process.umask(umask);
			try {
				const repository = await SqliteJobRepository.open(file());
				await repository.startJob(testJob());
				const modes = await Promise.all(
					["", "-wal", "-shm"].map(async (suffix) => {
						const { mode } = await stat(`${file()}${suffix}`);
						return mode & 0o777;
					}),
				);
				await repository.close();
				expect(modes).to.deep.equal(Array(3).fill(0o640 & ~umask));
			} finally {
				process.umask(before);
			}
		});
	}

	it("cannot write when they are for reading", async () => {
		await withDatabase(file(), (database) =>
			database.script("CREATE TABLE t (x)"),
		);
		const reading = await Connection.open(file(), {
			mode: "read",
			busyTimeoutMs: 0,
		});
		const error = await rejected(reading.run("INSERT INTO t VALUES (1)"));
		expect(error).to.include({ code: "DATABASE_FAILED", retryable: false });
		expect(await reading.all("SELECT * FROM t")).to.deep.equal([]);
		await reading.close();
	});
});

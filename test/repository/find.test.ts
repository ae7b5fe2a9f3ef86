import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { JobQuery } from "../../lib/repository/repository.js";
import { SqliteJobRepository } from "../../lib/repository/sqlite.js";
import type { Job } from "../../lib/schema/job.js";
import {
	makeForeignDatabase,
	runningJobSql,
	withDatabase,
} from "../support/job-database.js";
import { seededJobs, TEST_START_TIME, testJob } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import { sharedData } from "../support/shared-data.js";
import { useTempFolder } from "../support/temp-folder.js";

describe("finding jobs in the job database", () => {
	const folder = useTempFolder();
	const file = () => join(folder(), "job.db");

	for (const kind of ["ours", "ClusterCockpit's"])
		describe(`in a database that is ${kind}`, () => {
			const seed = Date.now() % 100_000;
			let repository: SqliteJobRepository;
			let jobs: Job[];

			beforeEach(async () => {
				if (kind !== "ours") await makeForeignDatabase(file());
				repository = await SqliteJobRepository.open(file());
				jobs = seededJobs(seed, 300).map((job, index) => ({
					...job,
					cluster: index % 3 === 0 ? "a.b" : "b",
					// Some stop at the same second.
					duration: 600 * Math.ceil(stopOf(job) / 600) - job.startTime,
				}));
				await repository.registerJobs(jobs);
			});
			afterEach(() => repository.close());

			it(`gives pending jobs the oldest stop first, page by page (seed ${seed})`, async () => {
				const found = await allPages((query) => repository.findPending(query));
				const expected = jobs
					.map((job, index) => ({ job, index }))
					.sort((a, b) => stopOf(a.job) - stopOf(b.job) || a.index - b.index);
				expect(found.map(({ jobId }) => jobId)).to.deep.equal(
					expected.map(({ job }) => job.jobId),
				);
			});

			it(`misses none and repeats none while pages leave the set (seed ${seed})`, async () => {
				const seen: number[] = [];
				let after: Job | undefined;
				for (;;) {
					const page = await repository.findPending({ after, limit: 7 });
					if (page.length === 0) break;
					seen.push(...page.map(({ jobId }) => jobId));
					await repository.commitArchived(page.map(archived));
					after = page.at(-1);
				}
				expect(seen.sort((a, b) => a - b)).to.deep.equal(
					jobs.map(({ jobId }) => jobId),
				);
				expect(await repository.countByStatus()).to.deep.equal({
					0: 0,
					1: 0,
					2: 0,
					3: 300,
				});
			});

			it("goes on behind a job after a restart, past jobs that others archived", async () => {
				const page = await repository.findPending({ limit: 50 });
				await repository.findPending({ after: page[9], limit: 5 });
				await repository.commitArchived(page.slice(12, 40).map(archived));
				const expected = [...page.slice(10, 12), ...page.slice(40)];
				const query = { after: page[9], limit: expected.length };
				expect(await repository.findPending(query)).to.deep.equal(expected);
				await repository.close();
				repository = await SqliteJobRepository.open(file());
				expect(await repository.findPending(query)).to.deep.equal(expected);
			});

			it("finds what stopped since in the next sweep", async () => {
				await repository.findPending();
				const late = testJob({ jobId: 9999, startTime: 1, duration: 1 });
				await repository.registerJobs([late]);
				const [oldest] = await repository.findPending({ limit: 1 });
				expect(oldest).to.include({ jobId: 9999 });
			});

			it("keeps to one cluster", async () => {
				const ofCluster = (found: Job[]) => {
					expect(found).to.have.length(100);
					for (const { cluster } of found) expect(cluster).to.equal("a.b");
				};
				const query = { cluster: "a.b", limit: 200 };
				ofCluster(await repository.findPending(query));
				ofCluster(await repository.findByTime(query));
				for (const job of jobs)
					await repository.markFailed(job, { code: "NO_DATA", message: "" });
				ofCluster(await repository.findFailed(query));
				expect(await repository.findPending()).to.deep.equal([]);
			});

			it("leaves out jobs that run, wait, are not monitored or are archived", async () => {
				const [first, second] = await repository.findPending({ limit: 2 });
				await withDatabase(file(), (database) =>
					database.script(
						`UPDATE job SET monitoring_status = id % 4 WHERE id <> ${second.id};
						UPDATE job SET job_state = 'running' WHERE id % 3 = 0 AND id <> ${second.id};
						UPDATE job SET job_state = 'suspended' WHERE id % 3 = 1 AND id <> ${second.id};
						UPDATE job SET job_state = 'pending' WHERE id = ${first.id};`,
					),
				);
				for (const job of await allPages((query) =>
					repository.findPending(query),
				)) {
					expect(job.monitoringStatus).to.equal(1);
					expect(job.jobState).to.equal("completed");
				}
				const [oldest] = await repository.findPending();
				expect(oldest.id).to.equal(second.id);
			});

			it("gives jobs by start time, from and to, page by page", async () => {
				const from = TEST_START_TIME + 60 * 10;
				const to = TEST_START_TIME + 60 * 50;
				const found = await allPages((query) =>
					repository.findByTime({ ...query, from, to }),
				);
				expect(found.map(({ startTime }) => startTime)).to.deep.equal(
					jobs
						.map(({ startTime }) => startTime)
						.filter((start) => start >= from && start < to),
				);
				expect(
					await allPages((query) => repository.findByTime(query)),
				).to.have.length(300);
			});

			it("gives pages of a hundred unless told", async () => {
				expect(await repository.findPending()).to.have.length(100);
				expect(await repository.findByTime()).to.have.length(100);
				expect(await repository.findPending({ limit: 0 })).to.deep.equal([]);
			});

			it("gives failed jobs with their reasons, in the order of their stops", async () => {
				const [a, b, c] = await repository.findPending({ limit: 3 });
				await repository.markFailed(c, { code: "NO_DATA", message: "none" });
				await repository.markFailed(a, { code: "ABORTED", message: "it's" });
				await withDatabase(file(), (database) =>
					database.run("UPDATE job SET monitoring_status = 2 WHERE id = ?", [
						b.id as number,
					]),
				);
				const failed = await repository.findFailed();
				expect(failed.map(({ id }) => id)).to.deep.equal([a.id, b.id, c.id]);
				expect(failed[0].failure).to.include({
					code: "ABORTED",
					message: "it's",
					attempts: 1,
				});
				expect(failed[1]).to.not.have.property("failure");
				expect(failed[2].failure?.code).to.equal("NO_DATA");
				expect(
					(await repository.findFailed({ after: failed[1] })).map(
						({ id }) => id,
					),
				).to.deep.equal([c.id]);
			});

			it("refuses a page that it cannot find", async () => {
				for (const query of [
					{ limit: -1 },
					{ limit: 1.5 },
					{ after: testJob() },
				]) {
					for (const page of [
						repository.findPending(query),
						repository.findFailed(query),
						repository.findByTime(query),
					])
						expect((await rejected(page)).code).to.equal("INVALID_INPUT");
				}
			});
		});

	it("enters our own index at the page's begin", async () => {
		const repository = await SqliteJobRepository.open(file());
		await repository.close();
		const plan = await withDatabase(file(), (database) =>
			database.all<{ detail: string }>(
				`EXPLAIN QUERY PLAN SELECT id FROM job
				WHERE monitoring_status = 1 AND start_time + duration >= 5
				ORDER BY start_time + duration, id`,
			),
		);
		expect(plan.map(({ detail }) => detail)).to.deep.equal([
			"SEARCH job USING COVERING INDEX hpc_job_archiver_status (monitoring_status=? AND <expr>>?)",
		]);
	});

	it("counts jobs of both tables", async () => {
		await makeForeignDatabase(file(), {
			sql: `${runningJobSql("job", { jobId: 1 })}
				${runningJobSql("job", { jobId: 2 })}
				${runningJobSql("job_cache", { jobId: 3 })}
				UPDATE job SET monitoring_status = 3 WHERE job_id = 2;`,
		});
		const repository = await SqliteJobRepository.open(file());
		expect(await repository.countByStatus()).to.deep.equal({
			0: 0,
			1: 2,
			2: 0,
			3: 1,
		});
		await repository.close();
	});

	it("prefers job where a job is in both tables", async () => {
		await makeForeignDatabase(file(), {
			sql: `${runningJobSql("job_cache")} ${runningJobSql("job", { state: "completed" })}`,
		});
		const repository = await SqliteJobRepository.open(file());
		const job = await repository.findJob({
			cluster: "alex",
			jobId: 1,
			startTime: 1000,
		});
		expect(job).to.include({ id: 1, jobState: "completed" });
		await repository.close();
	});

	it("does not let a malformed row hold up the page it is on", async () => {
		await makeForeignDatabase(file(), {
			sql: `${runningJobSql("job", { jobId: 1, state: "failed" })}
				${runningJobSql("job", { jobId: 2, state: "failed" })}
				UPDATE job SET resources = '[{"hostname"', meta_data = 'x', footprint = '[1]' WHERE job_id = 1;
				UPDATE job SET resources = '[7, {"hostname":"n1","accelerators":null}, {}]', meta_data = '{"a":1,"b":null}',
					footprint = '{"__proto__":1,"x":"y"}', cluster_partition = NULL, array_job_id = NULL,
					num_hwthreads = NULL, num_acc = NULL WHERE job_id = 2;`,
		});
		const repository = await SqliteJobRepository.open(file());
		const [first, second] = await repository.findPending();
		expect(first).to.deep.include({ jobId: 1, resources: [] });
		expect(Object.keys(first.metaData)).to.deep.equal([]);
		expect(first).to.not.have.property("footprint");
		expect(second.resources).to.deep.equal([{ hostname: "n1" }]);
		expect(Object.entries(second.metaData)).to.deep.equal([
			["a", "1"],
			["b", "null"],
		]);
		expect(Object.entries(second.footprint ?? {})).to.deep.equal([
			["__proto__", 1],
		]);
		for (const key of ["partition", "arrayJobId", "numHwthreads", "numAcc"])
			expect(second).to.not.have.property(key);
		await repository.close();
	});

	describe("in a real database of ClusterCockpit's", () => {
		let repository: SqliteJobRepository;

		beforeEach(async function () {
			const real = sharedData("job.db");
			if (real === undefined) this.skip();
			// The copy's mode would be that of the original, which may not be written to.
			await copyFile(real, file());
			repository = await SqliteJobRepository.open(file());
		});
		afterEach(() => repository?.close());

		it("finds all jobs by time, with what is in the blobs", async () => {
			expect(repository).to.include({ version: 10, ours: false });
			const jobs = await allPages((query) => repository.findByTime(query));
			expect(jobs).to.have.length(544);
			expect(await repository.countByStatus()).to.include({ 3: 544 });
			const gpu = jobs[1];
			expect(gpu).to.deep.include({
				id: 2,
				cluster: "alex",
				jobId: 679695,
				subCluster: "a40",
				partition: "a40",
				walltime: 86_340,
				numHwthreads: 16,
				numAcc: 1,
				energy: 26.4,
				tags: [],
			});
			expect({ ...gpu.energyFootprint }).to.deep.equal({
				acc_power: 0,
				core_power: 0.19,
				cpu_power: 26.21,
			});
			expect(gpu.metaData.jobName).to.equal("retrain_SNN");
			for (const absent of ["arrayJobId", "smt", "submitTime"])
				expect(gpu).to.not.have.property(absent);
			expect(
				jobs[0].tags.map(({ type, scope }) => [type, scope]),
			).to.deep.equal([
				["testtype", "global"],
				["testtype", "global"],
			]);
			for (const job of jobs) {
				expect(job.resources).to.have.length(job.numNodes);
				expect(await repository.findJob(job)).to.deep.equal(job);
			}
		});

		it("makes all pending, and archives them", async () => {
			await withDatabase(file(), (database) =>
				database.run("UPDATE job SET monitoring_status = 1"),
			);
			const pending = await allPages((query) => repository.findPending(query));
			expect(pending).to.have.length(544);
			const stops = pending.map(stopOf);
			expect(stops).to.deep.equal(stops.toSorted((a, b) => a - b));
			await repository.commitArchived(pending.map(archived));
			expect(await repository.findPending()).to.deep.equal([]);
			expect(await repository.countByStatus()).to.include({ 3: 544 });
		});
	});
});

async function allPages(
	find: (query: JobQuery) => Promise<Job[]>,
): Promise<Job[]> {
	const jobs: Job[] = [];
	for (;;) {
		const page = await find({ after: jobs.at(-1), limit: 41 });
		if (page.length === 0) return jobs;
		jobs.push(...page);
	}
}

function stopOf(job: Job): number {
	return job.startTime + job.duration;
}

function archived(job: Job) {
	return { job, footprint: {}, energyFootprint: {}, energy: 0 };
}

import { join } from "node:path";
import { expect } from "chai";
import { SqliteJobRepository } from "../../lib/repository/sqlite.js";
import type { Job } from "../../lib/schema/job.js";
import { withDatabase } from "../support/job-database.js";
import { testJob } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import { useTempFolder } from "../support/temp-folder.js";

describe("recording what became of a job in the job database", () => {
	const folder = useTempFolder();
	const file = () => join(folder(), "job.db");
	const jobs = [1, 2, 3].map((jobId) => testJob({ jobId, cluster: "a.b" }));
	let repository: SqliteJobRepository;

	beforeEach(async () => {
		repository = await SqliteJobRepository.open(file());
		await repository.registerJobs(jobs);
	});
	afterEach(() => repository.close());

	it("keeps footprint and energy of archived jobs", async () => {
		const numbers = JSON.parse(
			'{"mem_used_max":12.5,"__proto__":0.1,"9":1e-7,"cpu_load_avg":64}',
		);
		await repository.commitArchived([
			{
				job: jobs[0],
				footprint: numbers,
				energyFootprint: { total: 0.3, "it's": 1.25 },
				energy: 1234567.89,
			},
			{ job: jobs[2], footprint: {}, energyFootprint: {}, energy: 0 },
		]);
		const rows = await withDatabase(file(), (database) =>
			database.all(
				`SELECT monitoring_status, energy, footprint, energy_footprint,
					typeof(energy) || typeof(footprint) AS types FROM job ORDER BY job_id`,
			),
		);
		expect(rows).to.deep.equal([
			{
				monitoring_status: 3,
				energy: 1234567.89,
				footprint:
					'{"9":1e-7,"__proto__":0.1,"cpu_load_avg":64,"mem_used_max":12.5}',
				energy_footprint: `{"it's":1.25,"total":0.3}`,
				types: "realtext",
			},
			{
				monitoring_status: 1,
				energy: 0,
				footprint: "null",
				energy_footprint: "null",
				types: "realtext",
			},
			{
				monitoring_status: 3,
				energy: 0,
				footprint: "{}",
				energy_footprint: "{}",
				types: "realtext",
			},
		]);
		const job = await repository.findJob(jobs[0]);
		expect(job).to.include({ monitoringStatus: 3, energy: 1234567.89 });
		expect(Object.entries(job?.footprint ?? {})).to.have.deep.members(
			Object.entries(numbers),
		);
	});

	it("keeps the later figures of a job that comes twice", async () => {
		const [job] = jobs;
		const rest = { job, energyFootprint: {} };
		await repository.commitArchived([
			{ ...rest, footprint: { a: 1 }, energy: 1 },
			{ ...rest, footprint: { a: 2 }, energy: 2 },
		]);
		expect(await repository.findJob(job)).to.deep.include({
			energy: 2,
			footprint: Object.assign(Object.create(null), { a: 2 }),
		});
	});

	it("makes archived jobs pending again, with what is recorded of them, and no others", async () => {
		const [archived, failed, pending] = jobs;
		await repository.commitArchived([
			{ job: archived, footprint: { a: 1 }, energyFootprint: {}, energy: 1 },
		]);
		await repository.markFailed(failed, { code: "NO_DATA", message: "" });
		await repository.reopen([pending, failed]);
		expect(await repository.countByStatus()).to.include({ 1: 1, 2: 1, 3: 1 });
		await repository.reopen([...jobs, testJob({ jobId: 9 })]);
		expect(await repository.countByStatus()).to.include({ 1: 2, 2: 1, 3: 0 });
		expect(await repository.findJob(archived)).to.include({
			monitoringStatus: 1,
			energy: 1,
		});
	});

	it("leaves out of a footprint what is no number", async () => {
		await repository.commitArchived([
			{
				job: jobs[0],
				footprint: { a: Number.NaN, b: Number.POSITIVE_INFINITY, c: 1 },
				energyFootprint: { d: Number.NaN },
				energy: 0,
			},
		]);
		const job = await repository.findJob(jobs[0]);
		expect({ ...job?.footprint }).to.deep.equal({ c: 1 });
		expect({ ...job?.energyFootprint }).to.deep.equal({});
		const error = await rejected(
			repository.commitArchived([{ ...outcome(jobs[1]), energy: Number.NaN }]),
		);
		expect(error.code).to.equal("INVALID_INPUT");
		expect(error.details).to.include({ field: "energy", jobId: 2 });
	});

	it("records a group whole or not at all", async () => {
		await repository.markFailed(jobs[0], { code: "NO_DATA", message: "" });
		const missing = testJob({ jobId: 99 });
		const error = await rejected(
			repository.commitArchived([jobs[0], missing, jobs[1]].map(outcome)),
		);
		expect(error.code).to.equal("JOB_UNKNOWN");
		expect(error.details).to.deep.equal({
			cluster: missing.cluster,
			jobId: 99,
			startTime: missing.startTime,
		});
		expect(await repository.countByStatus()).to.include({ 1: 2, 2: 1, 3: 0 });
		expect(await repository.failureOf(jobs[0])).to.include({ attempts: 1 });
	});

	it("takes an empty group, and a job twice", async () => {
		await repository.commitArchived([]);
		await repository.commitArchived([outcome(jobs[0]), outcome(jobs[0])]);
		expect(await repository.countByStatus()).to.include({ 1: 2, 3: 1 });
	});

	it("records a large group", async () => {
		const many = Array.from({ length: 1000 }, (_, jobId) =>
			testJob({ jobId, cluster: "large" }),
		);
		await repository.registerJobs(many);
		await repository.commitArchived(many.map(outcome));
		expect(await repository.countByStatus()).to.include({ 1: 3, 3: 1000 });
	});

	it("does not look through all that is archived to find which of a few jobs are", async () => {
		const many = Array.from({ length: 10_000 }, (_, jobId) =>
			testJob({ jobId, cluster: "large" }),
		);
		const few = Array.from({ length: 64 }, (_, jobId) =>
			testJob({ jobId, cluster: "few" }),
		);
		await repository.registerJobs([...many, ...few]);
		const before = await quickestMs(() => repository.reopen(few));
		await repository.commitArchived(many.map(outcome));
		const after = await quickestMs(() => repository.reopen(few));
		// Going through them takes thousands of times as long.
		expect(after).to.be.below(100 * before);
	});

	it("keeps the reason of a failure, and counts attempts until one succeeds", async () => {
		const before = Math.floor(Date.now() / 1000);
		expect(await repository.failureOf(jobs[0])).to.equal(undefined);
		await repository.markFailed(jobs[0], { code: "NO_DATA", message: "first" });
		await repository.markFailed(jobs[0], {
			code: "SOURCE_UNAVAILABLE",
			message: `it's "gone"`,
		});
		const failure = await repository.failureOf(jobs[0]);
		expect(failure).to.include({
			code: "SOURCE_UNAVAILABLE",
			message: `it's "gone"`,
			attempts: 2,
		});
		expect(failure?.failedAt).to.be.within(before, Date.now() / 1000);
		expect(await repository.findJob(jobs[0])).to.include({
			monitoringStatus: 2,
		});

		await repository.commitArchived([outcome(jobs[0])]);
		expect(await repository.failureOf(jobs[0])).to.equal(undefined);
		await repository.markFailed(jobs[0], { code: "NO_DATA", message: "again" });
		expect(await repository.failureOf(jobs[0])).to.include({ attempts: 1 });
	});

	it("keeps a reason over a restart", async () => {
		await repository.markFailed(jobs[1], { code: "NO_DATA", message: "none" });
		await repository.close();
		repository = await SqliteJobRepository.open(file());
		expect(await repository.failureOf(jobs[1])).to.include({ message: "none" });
	});

	it("keeps how complete a job is while something is missing of it", async () => {
		const archived = { footprint: {}, energyFootprint: {}, energy: 0 };
		const completeness = {
			share: 0.75,
			hosts: [3, 4],
			series: [3, 4],
			samples: [30, 40],
			metrics: {
				"it's": { hosts: [3, 4], series: [3, 4], samples: [30, 40] },
			},
		} as const;
		const [partial, whole] = jobs;
		await repository.markFailed(partial, { code: "NO_DATA", message: "none" });
		const rows = [{ job: partial, ...archived, completeness }];
		await repository.commitArchived([...rows, { job: whole, ...archived }]);
		expect(await repository.completenessOf(partial)).to.deep.equal(
			completeness,
		);
		expect(await repository.completenessOf(whole)).to.equal(undefined);
		expect(await repository.failureOf(partial)).to.equal(undefined);

		await repository.markFailed(partial, { code: "TIMEOUT", message: "slow" });
		expect(await repository.completenessOf(partial)).to.equal(undefined);
		await repository.commitArchived(rows);
		await repository.commitArchived([{ job: partial, ...archived }]);
		expect(await repository.completenessOf(partial)).to.equal(undefined);
	});

	it("caps a message without end", async () => {
		await repository.markFailed(jobs[0], {
			code: "WORKER_FAILED",
			message: "x".repeat(1_000_000),
		});
		const failure = await repository.failureOf(jobs[0]);
		expect(failure?.message).to.equal("x".repeat(2000));
	});

	it("fails no job that is not there", async () => {
		const missing = testJob({ jobId: 99 });
		const error = await rejected(
			repository.markFailed(missing, { code: "NO_DATA", message: "" }),
		);
		expect(error.code).to.equal("JOB_UNKNOWN");
		expect(await repository.failureOf(missing)).to.equal(undefined);
	});
});

function outcome(job: Job) {
	return { job, footprint: { a: 1 }, energyFootprint: {}, energy: 1 };
}

/** Of several tries, so that a busy machine does not count. */
async function quickestMs(work: () => Promise<void>): Promise<number> {
	let quickest = Number.POSITIVE_INFINITY;
	for (let i = 0; i < 5; i++) {
		const startMs = performance.now();
		await work();
		quickest = Math.min(quickest, performance.now() - startMs);
	}
	return quickest;
}

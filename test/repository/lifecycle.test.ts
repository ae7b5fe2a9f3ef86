import { join } from "node:path";
import { expect } from "chai";
import { SqliteJobRepository } from "../../lib/repository/sqlite.js";
import type { Job, JobState } from "../../lib/schema/job.js";
import {
	makeForeignDatabase,
	runningJobSql,
	withDatabase,
} from "../support/job-database.js";
import { seededJobs, TEST_START_TIME, testJob } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import { useTempFolder } from "../support/temp-folder.js";

const CACHED = { cluster: "alex", jobId: 1, startTime: 1000 };

describe("starting and stopping jobs in the job database", () => {
	const folder = useTempFolder();
	const file = () => join(folder(), "job.db");
	let repository: SqliteJobRepository;

	beforeEach(async () => {
		repository = await SqliteJobRepository.open(file());
	});
	afterEach(() => repository.close());

	async function reopenForeign(
		options: Parameters<typeof makeForeignDatabase>[1],
	) {
		await repository.close();
		const path = join(folder(), "foreign.db");
		await makeForeignDatabase(path, options);
		repository = await SqliteJobRepository.open(path);
		return path;
	}

	it("records a started job with everything it came with", async () => {
		const given = testJob({
			subCluster: "gpu",
			numNodes: 2,
			partition: "it's",
			arrayJobId: 77,
			smt: 2,
			walltime: 86_400,
			submitTime: TEST_START_TIME - 60,
			shared: "single_user",
			tags: [
				{ type: "app", name: 'say "hi"' },
				{ type: "app", name: "lammps", scope: "demo" },
			],
			metaData: JSON.parse('{"__proto__":"p","job\'s \\"name\\"":"ü\\n"}'),
		});
		const started = await repository.startJob(given);
		expect(plain(started)).to.deep.equal({
			...plain(given),
			id: started.id,
			jobState: "running",
			duration: 0,
			tags: [
				{ id: 1, type: "app", name: 'say "hi"', scope: "global" },
				{ id: 2, type: "app", name: "lammps", scope: "demo" },
			],
		});
		expect(started.id).to.be.above(0);
		expect(await repository.findJob(given)).to.deep.equal(started);
	});

	it("counts what the resources name, and leaves out what is not said", async () => {
		const started = await repository.startJob({
			cluster: "alex",
			jobId: 5,
			startTime: 1000,
			user: "someone",
			project: "some",
			resources: [
				{ hostname: "__proto__", hwthreads: [0, 1], accelerators: ["A"] },
				{ hostname: "o'host", hwthreads: [4] },
			],
		});
		expect(plain(started)).to.deep.equal({
			id: 1,
			cluster: "alex",
			jobId: 5,
			startTime: 1000,
			subCluster: "",
			user: "someone",
			project: "some",
			numNodes: 2,
			numHwthreads: 3,
			numAcc: 1,
			shared: "none",
			duration: 0,
			jobState: "running",
			monitoringStatus: 1,
			resources: [
				{ hostname: "__proto__", hwthreads: [0, 1], accelerators: ["A"] },
				{ hostname: "o'host", hwthreads: [4] },
			],
			tags: [],
			metaData: {},
		});
	});

	it("writes text and no NULL, which ClusterCockpit could not read", async () => {
		await repository.startJob({
			cluster: "alex",
			jobId: 5,
			startTime: 1000,
			user: "someone",
			project: "some",
			resources: [{ hostname: "a0128" }],
		});
		const [row] = await withDatabase(file(), (database) =>
			database.all<Record<string, unknown>>("SELECT * FROM job"),
		);
		expect(row).to.deep.equal({
			id: 1,
			job_id: 5,
			cluster: "alex",
			subcluster: "",
			submit_time: 0,
			start_time: 1000,
			hpc_user: "someone",
			project: "some",
			cluster_partition: "",
			array_job_id: 0,
			duration: 0,
			walltime: 0,
			job_state: "running",
			meta_data: "{}",
			resources: '[{"hostname":"a0128"}]',
			num_nodes: 1,
			num_hwthreads: 0,
			num_acc: 0,
			smt: 0,
			shared: "none",
			monitoring_status: 1,
			energy: 0,
			energy_footprint: "null",
			footprint: "null",
		});
	});

	it("keeps numbers beyond 32 bits", async () => {
		const far = testJob({ jobId: 2 ** 40 + 1, startTime: 2 ** 33 });
		await repository.startJob(far);
		const stopped = await repository.stopJob(far, {
			state: "completed",
			stopTime: 2 ** 33 + 10,
		});
		expect(stopped).to.include({ jobId: 2 ** 40 + 1, duration: 10 });
	});

	it("takes a job without monitoring, and none that is archived before it starts", async () => {
		const started = await repository.startJob(testJob({ monitoringStatus: 0 }));
		expect(started.monitoringStatus).to.equal(0);
		const error = await rejected(
			repository.startJob(testJob({ jobId: 2, monitoringStatus: 3 })),
		);
		expect(error.code).to.equal("INVALID_INPUT");
		expect(error.details.field).to.equal("monitoringStatus");
	});

	it("refuses what is no job", async () => {
		const error = await rejected(
			repository.startJob({ ...testJob(), resources: [] }),
		);
		expect(error.code).to.equal("INVALID_INPUT");
		expect(await repository.findByTime()).to.deep.equal([]);
	});

	it("refuses a key that is taken, in either table", async () => {
		await repository.startJob(testJob());
		expect(await rejected(repository.startJob(testJob()))).to.deep.include({
			code: "JOB_EXISTS",
			details: {
				cluster: "testcluster",
				jobId: 1001,
				startTime: TEST_START_TIME,
			},
		});
		await reopenForeign({ sql: runningJobSql("job_cache") });
		const error = await rejected(
			repository.startJob(testJob({ ...CACHED, subCluster: "cpu" })),
		);
		expect(error.code).to.equal("JOB_EXISTS");
		expect(await repository.countByStatus()).to.include({ 1: 1 });
	});

	it("records the end of a job", async () => {
		const started = await repository.startJob(testJob({ monitoringStatus: 0 }));
		const stopped = await repository.stopJob(started, {
			state: "timeout",
			stopTime: TEST_START_TIME + 90,
		});
		expect(stopped).to.deep.equal({
			...started,
			jobState: "timeout",
			duration: 90,
		});
		expect(await repository.findJob(started)).to.deep.equal(stopped);
	});

	it("lets a caller tell the same end again, and no other", async () => {
		const started = await repository.startJob(testJob());
		const end = { state: "failed", stopTime: TEST_START_TIME + 90 } as const;
		const stopped = await repository.stopJob(started, end);
		expect(await repository.stopJob(started, end)).to.deep.equal(stopped);
		for (const other of [
			{ ...end, state: "completed" as const },
			{ ...end, stopTime: end.stopTime + 1 },
		])
			expect(
				(await rejected(repository.stopJob(started, other))).code,
			).to.equal("JOB_STOPPED");
		expect(await repository.findJob(started)).to.deep.equal(stopped);
	});

	it("refuses an end that is none", async () => {
		const started = await repository.startJob(testJob());
		const stopTime = TEST_START_TIME + 1;
		for (const [end, field] of [
			[{ state: "completed", stopTime: TEST_START_TIME - 1 }, "stopTime"],
			[{ state: "completed", stopTime: stopTime + 0.5 }, "stopTime"],
			[{ state: "completed", stopTime: Number.NaN }, "stopTime"],
			[{ state: "running", stopTime }, "state"],
			[{ state: "done", stopTime }, "state"],
		] as const) {
			const error = await rejected(
				repository.stopJob(
					started,
					end as { state: JobState; stopTime: number },
				),
			);
			expect(error.code).to.equal("INVALID_INPUT");
			expect(error.details).to.include({ field, jobId: started.jobId });
		}
		expect(await repository.findJob(started)).to.deep.equal(started);
	});

	it("does not know a job that is in neither table", async () => {
		const error = await rejected(
			repository.stopJob(CACHED, { state: "completed", stopTime: 2000 }),
		);
		expect(error).to.deep.include({ code: "JOB_UNKNOWN", details: CACHED });
	});

	for (const spelling of ["out_of_memory", "out-of-memory"] as const)
		it(`spells the state as the database does: ${spelling}`, async () => {
			const path = await reopenForeign({ outOfMemorySpelling: spelling });
			const started = await repository.startJob(testJob());
			const end = {
				state: "out_of_memory",
				stopTime: TEST_START_TIME + 5,
			} as const;
			expect((await repository.stopJob(started, end)).jobState).to.equal(
				"out_of_memory",
			);
			await repository.registerJobs([
				testJob({ jobId: 2, jobState: "out_of_memory" }),
			]);
			const states = await withDatabase(path, (database) =>
				database.all("SELECT DISTINCT job_state FROM job"),
			);
			expect(states).to.deep.equal([{ job_state: spelling }]);
			expect(
				(await repository.findPending()).map(({ jobState }) => jobState),
			).to.deep.equal(["out_of_memory", "out_of_memory"]);
		});

	describe("a job in job_cache", () => {
		let path: string;
		beforeEach(async () => {
			// Row 1 of `job` is another job: row ids of the two tables have nothing to do with each other.
			path = await reopenForeign({
				sql: `${runningJobSql("job", { jobId: 8 })} ${runningJobSql("job_cache")}`,
			});
		});

		it("is found, without row id", async () => {
			const job = await repository.findJob(CACHED);
			expect(job && plain(job)).to.deep.equal({
				...CACHED,
				subCluster: "a40",
				user: "someone",
				project: "some",
				partition: "a40",
				arrayJobId: 7,
				numNodes: 1,
				numHwthreads: 2,
				numAcc: 1,
				shared: "multi_user",
				smt: 1,
				walltime: 86_400,
				submitTime: 900,
				duration: 0,
				jobState: "running",
				monitoringStatus: 1,
				resources: [
					{
						hostname: "a0128",
						hwthreads: [0, 1],
						accelerators: ["00000000:E1:00.0"],
					},
				],
				tags: [],
				metaData: { jobName: "it's" },
			});
		});

		it("moves to job when it stops, with all its columns", async () => {
			const cached = await repository.findJob(CACHED);
			const stopped = await repository.stopJob(CACHED, {
				state: "out_of_memory",
				stopTime: 1500,
			});
			expect(stopped).to.deep.equal({
				...cached,
				id: 2,
				jobState: "out_of_memory",
				duration: 500,
			});
			const rows = await withDatabase(path, (database) =>
				database.all("SELECT * FROM job_cache"),
			);
			expect(rows).to.deep.equal([]);
			expect(await repository.countByStatus()).to.include({ 1: 2 });
		});

		it("stays where it is when the move fails", async () => {
			await withDatabase(path, (database) =>
				database.script(
					"CREATE TRIGGER stuck BEFORE DELETE ON job_cache BEGIN SELECT RAISE(ABORT, 'stuck'); END",
				),
			);
			const end = { state: "completed", stopTime: 1500 } as const;
			const error = await rejected(repository.stopJob(CACHED, end));
			expect(error.code).to.equal("DATABASE_FAILED");
			const job = await repository.findJob(CACHED);
			expect(job).to.include({ jobState: "running" });
			expect(job).to.not.have.property("id");
		});
	});

	describe("registering finished jobs", () => {
		const seed = Date.now() % 100_000;

		it(`enters new ones and leaves others alone (seed ${seed})`, async () => {
			const jobs = seededJobs(seed, 450).map(
				(job): Job => ({
					...job,
					monitoringStatus: 3,
					energy: 5,
					tags: [{ type: "app", name: `of ${job.user}`, scope: "global" }],
				}),
			);
			const first = await repository.startJob({
				...jobs[0],
				monitoringStatus: 1,
			});
			expect(await repository.registerJobs(jobs)).to.equal(449);
			expect(await repository.registerJobs(jobs)).to.equal(0);
			expect(await repository.findJob(jobs[0])).to.deep.equal(first);
			for (const job of [jobs[1], jobs[449]]) {
				const found = await repository.findJob(job);
				const { energy: _, ...expected } = job;
				expect(found && { ...plain(found), id: undefined }).to.deep.equal({
					...plain(expected as Job),
					id: undefined,
					monitoringStatus: 1,
					tags: [{ ...job.tags[0], id: found?.tags[0].id }],
				});
			}
			expect(await repository.countByStatus()).to.include({ 1: 450 });
		});

		it("leaves those in job_cache alone", async () => {
			await reopenForeign({ sql: runningJobSql("job_cache") });
			expect(await repository.registerJobs([testJob(CACHED)])).to.equal(0);
		});

		it("takes the same job twice in a list once", async () => {
			expect(await repository.registerJobs([testJob(), testJob()])).to.equal(1);
		});

		it("takes no job that is still running", async () => {
			const error = await rejected(
				repository.registerJobs([
					testJob(),
					testJob({ jobId: 2, jobState: "running" }),
				]),
			);
			expect(error.code).to.equal("INVALID_INPUT");
			expect(error.details).to.include({ field: "jobState", jobId: 2 });
			expect(await repository.findByTime()).to.deep.equal([]);
		});
	});
});

/** A job as plain objects, for comparisons that mind keys and values but no prototypes. */
function plain(job: Job): Job {
	return JSON.parse(JSON.stringify(job));
}

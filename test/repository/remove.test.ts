import { join } from "node:path";
import { expect } from "chai";
import { SqliteJobRepository } from "../../lib/repository/sqlite.js";
import {
	type Job,
	type JobKey,
	MONITORING_STATUS,
} from "../../lib/schema/job.js";
import {
	makeForeignDatabase,
	runningJobSql,
	withDatabase,
} from "../support/job-database.js";
import { seededJobs, testJob } from "../support/jobs.js";
import { useTempFolder } from "../support/temp-folder.js";

const TABLES = [
	"job",
	"jobtag",
	"hpc_job_archiver_state",
	"hpc_job_archiver_untold",
];

describe("removing jobs from the job database", () => {
	const folder = useTempFolder();
	const path = () => join(folder(), "job.db");
	let repository: SqliteJobRepository;
	const open = async () => {
		repository = await SqliteJobRepository.open(path(), { fsync: false });
	};
	afterEach(() => repository.close());

	async function archived(jobs: readonly Job[]): Promise<void> {
		await repository.registerJobs(jobs);
		const rows = jobs.map((job) => ({
			job,
			footprint: {},
			energyFootprint: {},
			energy: 1,
			completeness: {
				share: 0.5,
				hosts: [1, 2],
				series: [1, 2],
				samples: [1, 2],
				metrics: {},
			} as const,
		}));
		await repository.commitArchived(rows, { toTell: true });
	}

	const counts = () =>
		withDatabase(path(), async (database) => {
			const rows: Record<string, number> = {};
			for (const table of TABLES) {
				const [{ count }] = await database.all<{ count: number }>(
					`SELECT count(*) AS count FROM ${table}`,
				);
				rows[table] = count;
			}
			return rows;
		});

	it("takes everything along that is kept of them, and leaves the others", async () => {
		await open();
		const tags = [{ type: "t", name: "a" }];
		const jobs = seededJobs(1, 450).map((job) => ({ ...job, tags }));
		await archived(jobs);
		const [gone, left] = [jobs.slice(0, 430), jobs.slice(430)];
		expect(await repository.removeJobs(gone)).to.deep.equal({
			removed: 430,
			kept: [],
		});
		expect(await counts()).to.deep.equal(
			Object.fromEntries(TABLES.map((table) => [table, 20])),
		);
		for (const job of left)
			expect((await repository.findJob(job))?.tags).to.have.lengthOf(1);
		expect(await repository.findUntold()).to.have.lengthOf(20);
		// Again, and none at all.
		for (const keys of [gone, []])
			expect(await repository.removeJobs(keys)).to.deep.equal({
				removed: 0,
				kept: [],
			});
	});

	it("keeps jobs that run, wait to be archived or are in job_cache", async () => {
		await makeForeignDatabase(path(), {
			sql: ["running", "pending", "suspended"]
				.map((state, i) => runningJobSql("job", { jobId: i + 1, state }))
				.concat(runningJobSql("job_cache", { jobId: 4 }))
				.join(""),
		});
		await open();
		const active = [1, 2, 3, 4].map(
			(jobId): JobKey => ({ cluster: "alex", jobId, startTime: 1000 }),
		);
		const [waiting, failed, unmonitored] = [11, 12, 13].map((jobId) =>
			testJob({ jobId }),
		);
		await repository.registerJobs([waiting, failed, unmonitored]);
		await repository.markFailed(failed, { code: "NO_DATA", message: "none" });
		await withDatabase(path(), (database) =>
			database.run("UPDATE job SET monitoring_status = ? WHERE job_id = 13", [
				MONITORING_STATUS.disabled,
			]),
		);
		const keys = [...active, waiting, failed, unmonitored];
		const { removed, kept } = await repository.removeJobs(keys);
		expect(removed).to.equal(2);
		expect(kept.map(({ jobId }) => jobId)).to.have.members([1, 2, 3, 4, 11]);
		for (const key of keys)
			expect((await repository.findJob(key)) !== undefined).to.equal(
				key !== failed && key !== unmonitored,
			);
	});
});

import { isDeepStrictEqual } from "node:util";
import { dataFactsOf } from "../../lib/archive/data-facts.js";
import {
	type Archive,
	type Job,
	type SqliteJobRepository,
	verifyArchive,
	type WorkerPool,
} from "../../lib/index.js";
import { versionOf } from "../support/job-versions.js";

const MOST_JOBS = 10_000;

/** What has been said of a job. */
interface Said {
	/** The latest version of its data that was said to be archived; 0: none was. */
	archived: number;
	told: boolean;
}

/**
 * What a test keeps, apart from archive and database, of what archivers have said of jobs: that they were registered,
 * that they were archived, that hooks were told.
 */
export class JobLog {
	readonly #said = new Map<number, Said>();

	get size(): number {
		return this.#said.size;
	}

	/** The lowest id that no job has, nor one above it. */
	get nextJobId(): number {
		return Math.max(-1, ...this.#said.keys()) + 1;
	}

	/** Another log that begins with what was said so far. */
	copy(): JobLog {
		const copy = new JobLog();
		for (const [jobId, said] of this.#said) copy.#said.set(jobId, { ...said });
		return copy;
	}

	registered(jobId: number): void {
		this.#of(jobId);
	}

	archived(jobId: number, version: number): void {
		this.#of(jobId).archived = version;
	}

	told(jobId: number): void {
		this.#of(jobId).told = true;
	}

	/**
	 * What is missing or wrong in an archive and its database when everything is said to be archived: jobs that are not
	 * recorded so, lack data or have older ones than was said, damage, hooks that know nothing of a job.
	 */
	async losses(
		archive: Archive,
		repository: SqliteJobRepository,
		pool: WorkerPool,
	): Promise<string[]> {
		const losses: string[] = [];
		const known = [...this.#said.keys()];
		const rows = await repository.findByTime({ limit: MOST_JOBS });
		for (const row of rows) {
			const { jobId, monitoringStatus } = row;
			const { archived, told } = this.#of(jobId);
			const what = await lossOf(row, archive, Math.max(1, archived));
			if (what !== undefined) losses.push(`job ${jobId} ${what}`);
			else if (!(await isOfArchive(row, archive)))
				losses.push(
					`job ${jobId} is recorded with what follows from other data`,
				);
			if (monitoringStatus !== 3)
				losses.push(`job ${jobId} has status ${monitoringStatus}`);
			if (!told) losses.push(`job ${jobId} was told to no hook`);
		}
		const recorded = new Set(rows.map(({ jobId }) => jobId));
		for (const jobId of known)
			if (!recorded.has(jobId)) losses.push(`job ${jobId} has no row`);
		const { jobs, faults } = await verifyArchive(archive, { pool });
		losses.push(
			...faults.map(
				({ jobId, reason }) => `job ${jobId} does not verify: ${reason}`,
			),
		);
		if (jobs !== rows.length)
			losses.push(`${jobs} jobs in the archive, ${rows.length} rows`);
		return losses;
	}

	/** Which of the jobs that were said to be archived are not in an archive, or in an older version. */
	async lost(jobs: readonly Job[], archive: Archive): Promise<string[]> {
		const losses: string[] = [];
		for (const job of jobs) {
			const { archived = 0 } = this.#said.get(job.jobId) ?? {};
			if (archived === 0) continue;
			const what = await lossOf(job, archive, archived);
			if (what !== undefined) losses.push(`job ${job.jobId} ${what}`);
		}
		return losses;
	}

	#of(jobId: number): Said {
		let said = this.#said.get(jobId);
		if (said === undefined) {
			said = { archived: 0, told: false };
			this.#said.set(jobId, said);
		}
		return said;
	}
}

/** Whether an archiver that recovers still has work in this database. */
export async function hasWork(
	repository: SqliteJobRepository,
): Promise<boolean> {
	const [pending, untold] = await Promise.all([
		repository.findPending({ limit: 1 }),
		repository.findUntold({ limit: 1 }),
	]);
	return pending.length + untold.length > 0;
}

/** Whether a row's figures are those of the data that are archived. */
async function isOfArchive(row: Job, archive: Archive): Promise<boolean> {
	const meta = await archive.loadJobMeta(row);
	return isDeepStrictEqual({ ...row.footprint }, { ...meta.footprint });
}

async function lossOf(
	job: Job,
	archive: Archive,
	archived: number,
): Promise<string | undefined> {
	try {
		const { format } = dataFactsOf(await archive.loadJobMeta(job)) ?? archive;
		const data = await archive.loadJobData(job);
		const version = versionOf(job, data, format);
		if (version === undefined) return "has data of no version";
		if (version < archived)
			return `has version ${version}, and ${archived} was archived`;
		return undefined;
	} catch (error) {
		return `cannot be loaded: ${error}`;
	}
}

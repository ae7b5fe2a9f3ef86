import type { ErrorCode } from "../errors.js";
import type { Job, JobKey, JobState } from "../schema/job.js";

/** A job to be recorded as started. Counts that are absent follow from the resources. */
export type NewJob = JobKey &
	Pick<Job, "user" | "project" | "resources"> &
	Partial<Omit<Job, keyof JobKey | "user" | "project" | "resources">>;

/** What one committed job adds to its row; monitoring status becomes 3. */
export interface ArchivedRow {
	job: Job;
	footprint: Record<string, number>;
	energyFootprint: Record<string, number>;
	energy: number;
}

/** Why a job's archiving failed, as kept beside ClusterCockpit's tables. */
export interface FailureReason {
	code: ErrorCode;
	message: string;
}

export interface JobQuery {
	cluster?: string;
	limit?: number;
}

/** The job database. Every rejection is an ArchiverError: DATABASE_BUSY, DATABASE_FAILED, JOB_UNKNOWN, ... */
export interface JobRepository {
	readonly path: string;
	/** True when this library made the database: then its pending jobs are ours to recover. */
	readonly ours: boolean;

	/** @throws ArchiverError JOB_EXISTS when the key is taken. Resolves to the job as recorded, with its row id. */
	startJob(job: NewJob): Promise<Job>;
	/** Records the end of a job found in `job`, or in `job_cache` (its row then moves to `job`). */
	stopJob(
		key: JobKey,
		end: { state: JobState; stopTime: number },
	): Promise<Job>;
	/** Enters finished jobs, e.g. of a replayed archive, as stopped and not archived; those that are there are left alone. Resolves to how many are new. */
	registerJobs(jobs: readonly Job[]): Promise<number>;

	findJob(key: JobKey): Promise<Job | undefined>;
	/** Stopped jobs with monitoring status 1, oldest stop first... ascending row id within a page; `after` continues behind a row id. */
	findPending(query?: JobQuery & { after?: number }): Promise<Job[]>;
	findFailed(
		query?: JobQuery & { after?: number },
	): Promise<(Job & { failure?: FailureReason })[]>;
	/** Jobs that started in [from, to), by row id. */
	findByTime(
		query: JobQuery & { from?: number; to?: number; after?: number },
	): Promise<Job[]>;
	countByStatus(): Promise<Record<0 | 1 | 2 | 3, number>>;
	/** The free metadata of a job. */
	fetchMetadata(job: Job): Promise<Record<string, string>>;
	updateMetadata(job: Job, key: string, value: string): Promise<void>;

	/** Records a group of archived jobs in one transaction: all or none. */
	commitArchived(rows: readonly ArchivedRow[]): Promise<void>;
	/** Monitoring status 2, with the reason beside it. */
	markFailed(job: JobKey, reason: FailureReason): Promise<void>;
	/** Why the archiving of a job failed, when it did. */
	failureOf(key: JobKey): Promise<FailureReason | undefined>;

	close(): Promise<void>;
}

import type { ErrorCode } from "../errors.js";
import type { Completeness } from "../schema/completeness.js";
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
	/** How much of the job's data is there; absent: all of it, as far as anybody knows. */
	completeness?: Completeness;
}

/** Why a job's archiving failed, as kept beside ClusterCockpit's tables. */
export interface FailureReason {
	code: ErrorCode;
	message: string;
	/** How often archiving the job has failed since it last succeeded. Set by the repository. */
	attempts?: number;
	/** Unix seconds of the last failure. Set by the repository. */
	failedAt?: number;
}

export type FailedJob = Job & { failure?: FailureReason };

/** One page of jobs. Pages stay in step while rows enter and leave the set: they continue behind a job, not at a count. */
export interface JobQuery {
	cluster?: string;
	/** Most jobs of a page; 100 unless told. Decoding a page is work of the calling thread. */
	limit?: number;
	/** The last job of the page before, as that page gave it. */
	after?: Job;
}

export interface KeyQuery {
	cluster: string;
	/** As in {@link JobQuery}. */
	limit?: number;
	after?: JobKey;
}

/** What became of rows that were to go. */
export interface RemovedRows {
	removed: number;
	/** Jobs that are running, or wait to be archived: their rows stay. */
	kept: JobKey[];
}

export interface UntoldQuery {
	limit?: number;
	after?: JobKey;
}

/** The job database. Every rejection is an ArchiverError: DATABASE_BUSY, DATABASE_FAILED, JOB_UNKNOWN, ... */
export interface JobRepository {
	readonly path: string;
	/** True when this library made the database: then its pending jobs are ours to recover. */
	readonly ours: boolean;

	/** @throws ArchiverError JOB_EXISTS when the key is taken. Resolves to the job as recorded, with its row id. */
	startJob(job: NewJob): Promise<Job>;
	/**
	 * Records the end of a job found in `job`, or in `job_cache` (its row then moves to `job`, with a row id of that table).
	 * Telling the same end again resolves to the job as it is, so a caller may retry.
	 * @throws ArchiverError JOB_UNKNOWN, JOB_STOPPED (another end is recorded), INVALID_INPUT (an end before the start, a state that ends nothing)
	 */
	stopJob(
		key: JobKey,
		end: { state: JobState; stopTime: number },
	): Promise<Job>;
	/**
	 * Enters finished jobs with their tags, e.g. of a replayed archive, as stopped and not archived; those that are there
	 * are left alone. Resolves to how many are new. A long list is entered in several transactions, in order.
	 */
	registerJobs(jobs: readonly Job[]): Promise<number>;

	/** A job of `job`, or one that is still in `job_cache`: that one comes without row id. */
	findJob(key: JobKey): Promise<Job | undefined>;
	/** Stopped jobs with monitoring status 1, the oldest stop first, then by row id. */
	findPending(query?: JobQuery): Promise<Job[]>;
	/** Stopped jobs with monitoring status 2, in the same order, with the reason where it was this library that failed. */
	findFailed(query?: JobQuery): Promise<FailedJob[]>;
	/** Jobs that started in [from, to), by row id. Jobs still in `job_cache` are not among them. */
	findByTime(query?: JobQuery & { from?: number; to?: number }): Promise<Job[]>;
	/**
	 * The jobs of one cluster by job id and start time, behind the key `after`. Jobs still in `job_cache` are not among them.
	 */
	findByKey(query: KeyQuery): Promise<Job[]>;
	/** The clusters that have jobs, in alphabetical order; those of `job_cache` are left out. */
	clusters(): Promise<string[]>;
	/** How many jobs have each monitoring status, those in `job_cache` included. */
	countByStatus(): Promise<Record<0 | 1 | 2 | 3, number>>;
	/** The free metadata of a job, a null-prototype object. @throws ArchiverError JOB_UNKNOWN */
	fetchMetadata(job: JobKey): Promise<Record<string, string>>;
	/** Sets one entry of a job's metadata. @throws ArchiverError JOB_UNKNOWN */
	updateMetadata(job: JobKey, key: string, value: string): Promise<void>;

	/**
	 * Makes those of these jobs pending again that are archived: other data are about to take the place of what is
	 * recorded, and whoever recovers is to look at them should nobody come to record those. Durable when it resolves.
	 */
	reopen(jobs: readonly JobKey[]): Promise<void>;
	/**
	 * Records a group of archived jobs in one transaction: all or none. With `toTell` the same transaction keeps that
	 * hooks are still to be told of them, until {@link JobRepository.markTold}.
	 * @throws ArchiverError JOB_UNKNOWN (names the job without row)
	 */
	commitArchived(
		rows: readonly ArchivedRow[],
		options?: { toTell?: boolean },
	): Promise<void>;
	/** Archived jobs that hooks are still to be told of, by key; `after` continues behind one. */
	findUntold(query?: UntoldQuery): Promise<JobKey[]>;
	/** Forgets that hooks are to be told of these jobs. */
	markTold(keys: readonly JobKey[]): Promise<void>;
	/** Monitoring status 2, with the reason beside it. @throws ArchiverError JOB_UNKNOWN */
	markFailed(job: JobKey, reason: FailureReason): Promise<void>;
	/** Why the archiving of a job failed, when it did. */
	failureOf(key: JobKey): Promise<FailureReason | undefined>;
	/** How complete the data of an archived job is, where some of it is missing. */
	completenessOf(key: JobKey): Promise<Completeness | undefined>;

	/**
	 * Removes jobs with their tags and all that is kept beside them, unless they are running or wait to be archived. Those
	 * that are not there are gone already. A long list is removed in several transactions, in order.
	 */
	removeJobs(keys: readonly JobKey[]): Promise<RemovedRows>;

	/** Finishes what was accepted; calls after it reject with DATABASE_FAILED. Safe to repeat. */
	close(): Promise<void>;
}

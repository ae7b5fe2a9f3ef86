import type { Compression, DataEncoding, DataFormat } from "../codec/column.js";
import type { ArchiverError } from "../errors.js";
import type { Cluster } from "../schema/cluster.js";
import type { Job, JobKey } from "../schema/job.js";
import type {
	DataSelection,
	JobData,
	MetricStatistics,
} from "../schema/metric.js";
import type { MetricScope } from "../schema/scope.js";

/** A job's data as it is stored. `bytes` owns its whole `ArrayBuffer`, so it may be transferred. */
export interface StoredData {
	encoding: DataEncoding;
	bytes: Uint8Array<ArrayBuffer>;
	/** File or key it came from. */
	path: string;
}

/** metric -> scope -> statistics of each series. Null-prototype objects. */
export type ScopedStatistics = Record<
	string,
	Partial<
		Record<
			MetricScope,
			{ hostname: string; id?: string; statistics: MetricStatistics }[]
		>
	>
>;

export interface IterateOptions {
	cluster?: string;
	/** Only jobs with this id: there are several when the scheduler has started its count anew. */
	jobId?: number;
	/** Jobs that started at or after this, Unix seconds. */
	from?: number;
	/** Jobs that started before this, Unix seconds. */
	to?: number;
	loadMetricData?: boolean;
	signal?: AbortSignal;
}

export interface ArchiveInfo {
	jobs: number;
	clusters: Record<
		string,
		{
			jobs: number;
			firstStartTime: number;
			lastStartTime: number;
			bytes: number;
			formats: Record<DataFormat, number>;
		}
	>;
}

/** Which jobs are to go. */
export interface CleanOptions {
	/** Only of this cluster. */
	cluster?: string;
	/** Those that started before this, Unix seconds. */
	before?: number;
	/** Those that started after this, Unix seconds. */
	after?: number;
}

export interface CleanResult {
	removed: number;
	/** Jobs that could not be removed. */
	failed: { key: JobKey; error: ArchiverError }[];
}

/**
 * A job on its way into an archive, visible to nobody until {@link Archive.commit}.
 * Use: `append` the data's bytes in order, `seal` with the job's meta, then commit or discard.
 */
export interface StagedJob {
	readonly key: JobKey;
	/** Bytes appended so far. */
	readonly dataBytes: number;
	/** Appends to the job's data. `bytes` stays the caller's and may be reused once this resolves. */
	append(bytes: Uint8Array): Promise<void>;
	/** Ends the data and adds the meta: the job is ready for commit. */
	seal(encoding: DataEncoding, job: Job): Promise<void>;
	/** Removes every trace. Safe in any state, and again. */
	discard(): Promise<void>;
}

/** A job archive of any kind. Every rejection is an ArchiverError. */
export interface Archive {
	/** The target it was opened with, without secrets. */
	readonly target: string;
	readonly format: DataFormat;
	/** How hard new columnar jobs are compressed. */
	readonly compression: Compression;

	exists(key: JobKey): Promise<boolean>;
	/** @throws ArchiverError JOB_UNKNOWN, DATA_CORRUPT (malformed meta) */
	loadJobMeta(key: JobKey): Promise<Job>;
	/** Decodes on the calling thread; hand `loadStoredData` to a pool where that would be felt. */
	loadJobData(key: JobKey, selection?: DataSelection): Promise<JobData>;
	/** Statistics of every series, without decoding samples where the format allows. */
	loadJobStats(key: JobKey): Promise<ScopedStatistics>;
	/** The data's bytes as stored, for a worker to decode. */
	loadStoredData(key: JobKey): Promise<StoredData>;
	/** Replaces the meta of a job that is there. @throws ArchiverError JOB_UNKNOWN */
	storeJobMeta(job: Job): Promise<void>;

	clusters(): Promise<string[]>;
	/** @throws ArchiverError CLUSTER_UNKNOWN, DATA_CORRUPT */
	loadClusterConfig(name: string): Promise<Cluster>;
	/** Stores a configuration whole: keys that this library does not know are kept. */
	storeClusterConfig(name: string, config: Cluster): Promise<void>;

	/** Encodes on the calling thread and commits one job. */
	importJob(job: Job, data: JobData): Promise<void>;
	/** Jobs by cluster, job id and start time. A job whose meta is malformed is yielded as an error, and iteration goes on. */
	iterate(
		options?: IterateOptions,
	): AsyncIterable<
		| { key: JobKey; job: Job; data?: JobData }
		| { key: JobKey; error: ArchiverError }
	>;

	/** Opens a place for a new version of a job, without touching the one that is there. */
	stage(key: JobKey): Promise<StagedJob>;
	/**
	 * Makes sealed jobs visible, in order, durable when this resolves. One entry a job: undefined when it is committed,
	 * else why not; a failed job leaves the version that was there, and the others go on.
	 */
	commit(staged: readonly StagedJob[]): Promise<(ArchiverError | undefined)[]>;

	/**
	 * Removes jobs. One entry a key: undefined when the job is gone for good, else why not (JOB_UNKNOWN: it was not there).
	 */
	remove(keys: readonly JobKey[]): Promise<(ArchiverError | undefined)[]>;
	/**
	 * Moves jobs to another archive, of whatever kind, with their data as they are stored. A job leaves this archive only
	 * once its copy is durable there and was read back. One entry a key, as with {@link remove}; a job that fails stays.
	 */
	move(
		keys: readonly JobKey[],
		target: Archive,
	): Promise<(ArchiverError | undefined)[]>;
	/** Removes the jobs that started before `before` and those that started after `after`; none when neither is given. */
	clean(options: CleanOptions): Promise<CleanResult>;
	/**
	 * Makes jobs smaller, on the calling thread: columnar, at compression `small`, whatever they are stored as now. One that
	 * would not get smaller stays as it is. One entry a key, as with {@link remove}.
	 */
	compress(keys: readonly JobKey[]): Promise<(ArchiverError | undefined)[]>;

	info(): Promise<ArchiveInfo>;
	close(): Promise<void>;
}

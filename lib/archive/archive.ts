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

/** A job's meta as it is stored, unknown keys included. */
export interface StoredMeta {
	text: string;
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
	/** Also what a removal that was cut short has left of a job, as an error JOB_UNKNOWN. */
	halfRemoved?: boolean;
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
 * Why something in an archive is nobody's, or is not whole.
 *
 * - `CONFIG_MISSING`: a cluster's place without its configuration
 * - `META_MISSING`: a job's data without its meta
 * - `DATA_EXTRA`: further data of a job beside those that readers take, or pieces beyond their end
 * - `LEFTOVER`: what a writer that has ended left unfinished
 * - `EMPTY`: a place for a job, or for jobs, with nothing in it
 * - `FOREIGN`: a file, folder, key or row that is none of an archive's
 * - `STORE_DAMAGED`: the store does not check out in itself, such as an index of a database without its row
 */
export type StrayCode =
	| "CONFIG_MISSING"
	| "META_MISSING"
	| "DATA_EXTRA"
	| "LEFTOVER"
	| "EMPTY"
	| "FOREIGN"
	| "STORE_DAMAGED";

/** Something in an archive that no job and no cluster accounts for. */
export interface Stray {
	code: StrayCode;
	/** File, folder, key or row. */
	path: string;
	/** The cluster, or the whole job, in whose place it is. */
	cluster?: string;
	jobId?: number;
	startTime?: number;
	/** For people: one clause, without the path. */
	reason: string;
}

export interface StrayOptions {
	/** Only what lies in this cluster's place. */
	cluster?: string;
	signal?: AbortSignal;
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
	/**
	 * The same for bytes whose buffer is given away, such as to another thread: what is appended and is large is not copied.
	 *
	 * @returns a buffer as large, the caller's to use again. The one that was given, and all views of it, may be gone.
	 */
	give(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
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
	/** The meta as it is stored, well-formed or not. @throws ArchiverError JOB_UNKNOWN */
	loadStoredMeta(key: JobKey): Promise<StoredMeta>;
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

	/**
	 * What lies in the archive and belongs to nothing in it: {@link iterate} and {@link clusters} pass over it. Names are
	 * looked at, not contents. What the process that has the archive open for writing has under way is not among it.
	 *
	 * @throws ArchiverError ARCHIVE_UNREADABLE, ABORTED
	 */
	strays(options?: StrayOptions): AsyncIterable<Stray>;

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

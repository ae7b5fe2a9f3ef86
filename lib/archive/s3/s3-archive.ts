import type { Compression, DataFormat } from "../../codec/column.js";
import { ArchiverError } from "../../errors.js";
import type { Cluster } from "../../schema/cluster.js";
import { parseCluster } from "../../schema/cluster-json.js";
import type { Job, JobKey } from "../../schema/job.js";
import { serializeJob } from "../../schema/job-json.js";
import type { DataSelection, JobData } from "../../schema/metric.js";
import {
	assertClusterName,
	assertJobKey,
	isClusterName,
} from "../../schema/names.js";
import type {
	Archive,
	ArchiveInfo,
	CleanOptions,
	CleanResult,
	IterateOptions,
	ScopedStatistics,
	StagedJob,
	StoredData,
	StoredMeta,
	Stray,
	StrayOptions,
} from "../archive.js";
import { cleanJobs } from "../clean-jobs.js";
import { compressJobs } from "../compress-jobs.js";
import { clusterUnknown, corruptFile, jobUnknown } from "../errors.js";
import { importJob } from "../import-job.js";
import { iterateJobs } from "../iterate-jobs.js";
import { jobDataFrom, jobStatisticsFrom } from "../job-bytes.js";
import { CLUSTER_FILE } from "../layout.js";
import { moveJobs } from "../move-jobs.js";
import type { Patience } from "./attempts.js";
import { commitGroup } from "./commit.js";
import { readError, writeError } from "./errors.js";
import { inParallel } from "./in-parallel.js";
import { archiveInfo } from "./info.js";
import { withDataName } from "./job-objects.js";
import { removeJournal } from "./journal.js";
import { iterateFolders, iterateKeys } from "./keys.js";
import type { ArchiveLock } from "./lock.js";
import { ObjectStore } from "./object-store.js";
import { parsePlace, type S3Configuration, targetOf } from "./place.js";
import { JobReader, metaKeyOf } from "./read.js";
import { removeJobs } from "./remove.js";
import { type OpenedRoot, openRoot } from "./root.js";
import { StagedS3Job } from "./staged-job.js";
import { isConditionFailed, isMissing } from "./store-error.js";
import { findStrays } from "./strays.js";

export interface S3ArchiveOptions extends Partial<Patience> {
	/** Format of new jobs. Default: what the archive was created with; `columnar` in a new one, `json` in ClusterCockpit's. */
	format?: DataFormat;
	/** How hard new columnar jobs are compressed. Default `fast`. */
	compression?: Compression;
	/** Change nothing, and take no lock. Default false. */
	readOnly?: boolean;
	/** Make an archive where there is none. Default true. */
	create?: boolean;
	/** Data of this many bytes or more go to the store in parts while they come. Default and least 5 MiB. */
	partBytes?: number;
}

/** The least that stores take. */
const MIN_PART_BYTES = 5 * 2 ** 20;
const DEFAULT_PATIENCE: Patience = {
	requestTimeoutMs: 30_000,
	retries: 4,
	retryDelayMs: 200,
};

/** How often a meta is written that somebody else, such as ClusterCockpit, changes in the same moment. */
const META_TRIES = 5;

/**
 * A job archive in an S3 store, under ClusterCockpit's keys: a job is its `meta.json` and one object with its data. The
 * meta is written last and removed first.
 */
export class S3Archive implements Archive {
	readonly target: string;
	readonly format: DataFormat;
	readonly compression: Compression;
	readonly #store: ObjectStore;
	readonly #reader: JobReader;
	readonly #partBytes: number;
	readonly #requestTimeoutMs: number;
	/** The right to write. */
	readonly #lock: ArchiveLock | undefined;
	/** What {@link close} discards. */
	readonly #staged = new Set<StagedS3Job>();
	#closing: Promise<void> | undefined;

	private constructor(
		store: ObjectStore,
		reader: JobReader,
		{ format, lock }: OpenedRoot,
		options: S3ArchiveOptions,
	) {
		this.target = targetOf(store.place);
		this.format = options.format ?? format;
		this.compression = options.compression ?? "fast";
		this.#store = store;
		this.#reader = reader;
		this.#partBytes = options.partBytes ?? MIN_PART_BYTES;
		this.#requestTimeoutMs =
			options.requestTimeoutMs ?? DEFAULT_PATIENCE.requestTimeoutMs;
		this.#lock = lock;
	}

	/**
	 * Opens an archive for writing, which one process may do at a time, any number of times; or read-only, beside a writer.
	 * The bucket has to be there.
	 *
	 * @param target - `s3://bucket/prefix?endpoint=…&region=…&pathStyle=true`, or ClusterCockpit's configuration.
	 * @throws ArchiverError INVALID_INPUT, INVALID_OPTION when `@aws-sdk/client-s3` is not installed, ARCHIVE_LOCKED,
	 * ARCHIVE_VERSION, ARCHIVE_UNREADABLE, ARCHIVE_READ_ONLY, ARCHIVE_WRITE_FAILED, ARCHIVE_FULL, DATA_CORRUPT
	 */
	static async open(
		target: string | S3Configuration,
		options: S3ArchiveOptions = {},
	): Promise<S3Archive> {
		const place = parsePlace(target);
		const patience = patienceOf(options);
		const store = await ObjectStore.open(place, patience);
		const reader = new JobReader(store);
		try {
			const root = await openRoot(store, reader, {
				newFormat: options.format ?? "columnar",
				create: options.create ?? true,
				readOnly: options.readOnly ?? false,
			});
			return new S3Archive(store, reader, root, options);
		} catch (error) {
			store.close();
			throw error;
		}
	}

	async exists(key: JobKey): Promise<boolean> {
		assertJobKey(key);
		return this.#reader.exists(key);
	}

	async loadJobMeta(key: JobKey): Promise<Job> {
		assertJobKey(key);
		return this.#reader.loadMeta(key);
	}

	async loadStoredMeta(key: JobKey): Promise<StoredMeta> {
		assertJobKey(key);
		return this.#reader.loadStoredMeta(key);
	}

	async loadJobData(key: JobKey, selection?: DataSelection): Promise<JobData> {
		assertJobKey(key);
		return this.#reader.withData(key, (data) => jobDataFrom(data, selection));
	}

	async loadJobStats(key: JobKey): Promise<ScopedStatistics> {
		assertJobKey(key);
		return this.#reader.withData(key, jobStatisticsFrom);
	}

	async loadStoredData(key: JobKey): Promise<StoredData> {
		assertJobKey(key);
		return this.#reader.loadStored(key);
	}

	async storeJobMeta(job: Job): Promise<void> {
		assertJobKey(job);
		this.#assertWritable();
		const key = metaKeyOf(job);
		await this.#write(key, job, async () => {
			for (let tries = 1; ; tries++) {
				const earlier = await this.#reader.findMeta(job);
				if (earlier === undefined) throw jobUnknown(this.#reader.root, job);
				const text = serializeJob(withDataName(job, earlier.dataName));
				try {
					await this.#store.put(key, Buffer.from(text), earlier);
					return;
				} catch (error) {
					if (!isConditionFailed(error) || tries === META_TRIES) throw error;
				}
			}
		});
	}

	/** The clusters that have a configuration, in alphabetical order. */
	async clusters(): Promise<string[]> {
		const configured: string[] = [];
		try {
			const names = (await this.#store.folderNames("")).filter(isClusterName);
			await inParallel(names, async (name) => {
				if (await this.#store.has(clusterKeyOf(name))) configured.push(name);
			});
		} catch (error) {
			throw readError(error, this.#reader.root);
		}
		return configured.sort();
	}

	async loadClusterConfig(name: string): Promise<Cluster> {
		assertClusterName(name);
		const path = this.#reader.root + clusterKeyOf(name);
		let bytes: Uint8Array<ArrayBuffer>;
		try {
			bytes = (await this.#store.get(clusterKeyOf(name))).bytes;
		} catch (error) {
			if (isMissing(error)) throw clusterUnknown(path, name);
			throw readError(error, path);
		}
		try {
			return parseCluster(JSON.parse(Buffer.from(bytes).toString()));
		} catch (error) {
			throw corruptFile(error, path);
		}
	}

	async storeClusterConfig(name: string, config: Cluster): Promise<void> {
		assertClusterName(name);
		this.#assertWritable();
		parseCluster(config);
		const text = JSON.stringify(config, undefined, 2);
		const key = clusterKeyOf(name);
		await this.#write(key, undefined, async () => {
			await this.#store.put(key, Buffer.from(text));
		});
	}

	async importJob(job: Job, data: JobData): Promise<void> {
		await importJob(this, job, data);
	}

	iterate(options: IterateOptions = {}): ReturnType<Archive["iterate"]> {
		const keys = this.#listed(() => iterateKeys(this.#store, options));
		return iterateJobs(keys, this, options);
	}

	async *strays(options: StrayOptions = {}): AsyncGenerator<Stray> {
		try {
			yield* findStrays(this.#store, this.#reader, options);
		} catch (error) {
			throw readError(error, this.#reader.root);
		}
	}

	async stage(key: JobKey): Promise<StagedJob> {
		assertJobKey(key);
		this.#assertWritable();
		const { cluster, jobId, startTime } = key;
		const staged = new StagedS3Job(
			this.#store,
			{ cluster, jobId, startTime },
			{
				root: this.#reader.root,
				partBytes: this.#partBytes,
				onEnd: (job) => this.#staged.delete(job),
			},
		);
		this.#staged.add(staged);
		return staged;
	}

	/** When an answer is lost for good, a job that failed may be there all the same: as it was before or as it is new, whole. */
	async commit(
		staged: readonly StagedJob[],
	): Promise<(ArchiverError | undefined)[]> {
		this.#assertWritable();
		const own = staged.map((job) => {
			if (job instanceof StagedS3Job && job.belongsTo(this.#store)) return job;
			throw new ArchiverError(
				"INVALID_INPUT",
				"a staged job can only be committed to the archive that it was staged in",
				{ ...job.key },
			);
		});
		return this.#alone(() => commitGroup(this.#store, this.#reader, own));
	}

	async remove(
		keys: readonly JobKey[],
	): Promise<(ArchiverError | undefined)[]> {
		for (const key of keys) assertJobKey(key);
		this.#assertWritable();
		return this.#alone(() => removeJobs(this.#store, this.#reader.root, keys));
	}

	async move(
		keys: readonly JobKey[],
		target: Archive,
	): Promise<(ArchiverError | undefined)[]> {
		for (const key of keys) assertJobKey(key);
		this.#assertWritable();
		return moveJobs(this, keys, target);
	}

	async clean(options: CleanOptions): Promise<CleanResult> {
		this.#assertWritable();
		const keys = this.#listed(() => allKeys(this.#store, options));
		return cleanJobs(this, keys, options);
	}

	async compress(
		keys: readonly JobKey[],
	): Promise<(ArchiverError | undefined)[]> {
		for (const key of keys) assertJobKey(key);
		this.#assertWritable();
		return compressJobs(this, keys);
	}

	async info(): Promise<ArchiveInfo> {
		const clusters = await this.clusters();
		try {
			return await archiveInfo(this.#store, clusters);
		} catch (error) {
			throw readError(error, this.#reader.root);
		}
	}

	/**
	 * Waits for the change under way, discards what is staged, and lets other processes write. Nothing is tried again
	 * meanwhile, so a store that does not answer delays it by a few times `requestTimeoutMs`.
	 */
	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	async #close(): Promise<void> {
		this.#store.hurry();
		await this.#alone(async () => {
			const onTimeout = () => this.#store.close();
			const timer = setTimeout(onTimeout, this.#requestTimeoutMs);
			await inParallel([...this.#staged], (job) => job.discard());
			await this.#lock?.release(() => removeJournal(this.#store));
			clearTimeout(timer);
			this.#store.close();
		});
	}

	async *#listed(list: () => AsyncIterable<JobKey>): AsyncGenerator<JobKey> {
		try {
			yield* list();
		} catch (error) {
			throw readError(error, this.#reader.root);
		}
	}

	async #write(
		key: string,
		job: JobKey | undefined,
		change: () => Promise<void>,
	): Promise<void> {
		try {
			await this.#alone(change);
		} catch (error) {
			throw writeError(error, this.#reader.root + key, job);
		}
	}

	/** Changes happen one after the other. */
	#alone<T>(change: () => Promise<T>): Promise<T> {
		return this.#lock === undefined ? change() : this.#lock.alone(change);
	}

	#assertWritable(): void {
		if (this.#closing !== undefined)
			throw new ArchiverError("INVALID_INPUT", `${this.target} is closed`);
		if (this.#lock === undefined) {
			throw new ArchiverError(
				"ARCHIVE_READ_ONLY",
				`${this.target} is open for reading only`,
				{ path: this.#reader.root },
			);
		}
	}
}

/** @throws ArchiverError INVALID_OPTION listing every problem */
function patienceOf(options: S3ArchiveOptions): Patience {
	const { requestTimeoutMs, retries, retryDelayMs } = {
		...DEFAULT_PATIENCE,
		...options,
	};
	const { partBytes = MIN_PART_BYTES } = options;
	const least = {
		requestTimeoutMs: 1,
		retries: 0,
		retryDelayMs: 0,
		partBytes: MIN_PART_BYTES,
	};
	const given = { requestTimeoutMs, retries, retryDelayMs, partBytes };
	const problems = (Object.keys(least) as (keyof typeof least)[])
		.filter(
			(name) =>
				!(Number.isSafeInteger(given[name]) && given[name] >= least[name]),
		)
		.map(
			(name) =>
				`${name}: must be a whole number of at least ${least[name]}, is ${JSON.stringify(given[name])}`,
		);
	if (problems.length === 0) return { requestTimeoutMs, retries, retryDelayMs };
	throw new ArchiverError(
		"INVALID_OPTION",
		`unusable options: ${problems.join("; ")}`,
		{ problems },
	);
}

function clusterKeyOf(name: string): string {
	return `${name}/${CLUSTER_FILE}`;
}

/** Of everything that is a job or is left of one. */
async function* allKeys(
	store: ObjectStore,
	{ cluster }: CleanOptions,
): AsyncGenerator<JobKey> {
	for await (const { key } of iterateFolders(store, { cluster })) yield key;
}

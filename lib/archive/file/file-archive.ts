import * as nodeFileSystem from "node:fs/promises";
import { join, resolve } from "node:path";
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
import { importJob } from "../import-job.js";
import { iterateJobs } from "../iterate-jobs.js";
import { type JobBytes, jobDataFrom, jobStatisticsFrom } from "../job-bytes.js";
import { CLUSTER_FILE, DATA_FILES, META_FILE } from "../layout.js";
import { moveJobs } from "../move-jobs.js";
import { DirectChanges, type FileChanges } from "./changes.js";
import { DurableFiles } from "./durable-files.js";
import {
	clusterUnknown,
	corruptFile,
	jobUnknown,
	readError,
} from "./errors.js";
import { type FileSystem, isMissing, throttle } from "./file-system.js";
import { archiveInfo } from "./info.js";
import { folderNames, iterateKeys } from "./iterate.js";
import type { ArchiveLock } from "./lock.js";
import { JobReader, readWhole } from "./read.js";
import { type OpenedRoot, openRoot } from "./root.js";
import { StagedFileJob } from "./staged-job.js";
import { findStrays } from "./strays.js";
import { WritingThread } from "./writing-thread.js";

export interface FileArchiveOptions {
	/** Format of new jobs. Default: what the archive was created with; `columnar` in a new one, `json` in ClusterCockpit's. */
	format?: DataFormat;
	/** How hard new columnar jobs are compressed. Default `fast`. */
	compression?: Compression;
	/** Sync files and folders before a job counts as committed. Default true; false gives up on power cuts. */
	fsync?: boolean;
	/** File operations under way at once while reading; libuv has four threads for the whole process. Default 2. */
	writerParallelFiles?: number;
	/** How far the writing thread gives way to the host's threads on Linux: 0 not at all, 19 most. Default 10. */
	writerNice?: number;
	/** Change nothing, and take no lock. Default false. */
	readOnly?: boolean;
	/** Make an archive where there is none. Default true. */
	create?: boolean;
	/**
	 * Stands in for `node:fs` and `node:fs/promises`, for tests that let a call fail. Changes are made by the calling thread
	 * then, not by one of their own.
	 */
	fileSystem?: FileSystem;
}

/** A job archive in a folder, in ClusterCockpit's layout: a job is a folder with `meta.json` and one data file. */
export class FileArchive implements Archive {
	readonly target: string;
	readonly format: DataFormat;
	/** For reading, and for opening the archive. */
	readonly #files: DurableFiles;
	readonly #changes: FileChanges;
	readonly #reader: JobReader;
	readonly compression: Compression;
	/** The right to write. */
	readonly #lock: ArchiveLock | undefined;
	#closing: Promise<void> | undefined;
	/** The change under way; the next one waits for it. */
	#changing: Promise<unknown> = Promise.resolve();

	private constructor(
		files: DurableFiles,
		changes: FileChanges,
		target: string,
		{ format, lock }: OpenedRoot,
		{ compression = "fast" }: FileArchiveOptions,
	) {
		this.target = target;
		this.format = format;
		this.#files = files;
		this.#changes = changes;
		this.#reader = new JobReader(files.fileSystem, files.root);
		this.compression = compression;
		this.#lock = lock;
	}

	/**
	 * Opens an archive for writing, which one process may do at a time, any number of times; or read-only, beside a writer.
	 *
	 * @param path - Folder of the archive; relative to the working directory of now.
	 * @throws ArchiverError ARCHIVE_LOCKED, ARCHIVE_VERSION, ARCHIVE_UNREADABLE, ARCHIVE_READ_ONLY, ARCHIVE_WRITE_FAILED,
	 * ARCHIVE_FULL, DATA_CORRUPT
	 */
	static async open(
		path: string,
		options: FileArchiveOptions = {},
	): Promise<FileArchive> {
		const {
			fileSystem,
			writerParallelFiles = 2,
			writerNice = 10,
			fsync = true,
			readOnly = false,
			create = true,
			format,
		} = options;
		const throttled = throttle(
			fileSystem ?? nodeFileSystem,
			writerParallelFiles,
		);
		const files = new DurableFiles(throttled, resolve(path), fsync);
		const opened = await openRoot(files, {
			newFormat: format ?? "columnar",
			create,
			readOnly,
		});
		const root = { ...opened, format: format ?? opened.format };
		const changes =
			fileSystem === undefined
				? new WritingThread({
						root: files.root,
						sync: fsync,
						nice: writerNice,
					})
				: new DirectChanges(files);
		return new FileArchive(files, changes, `file:${path}`, root, options);
	}

	async exists(key: JobKey): Promise<boolean> {
		assertJobKey(key);
		const names = await this.#reader.names(key);
		return (
			names.has(META_FILE) && DATA_FILES.some(({ name }) => names.has(name))
		);
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
		return this.#withBytes(key, (data) => jobDataFrom(data, selection));
	}

	async loadJobStats(key: JobKey): Promise<ScopedStatistics> {
		assertJobKey(key);
		return this.#withBytes(key, jobStatisticsFrom);
	}

	async loadStoredData(key: JobKey): Promise<StoredData> {
		assertJobKey(key);
		return this.#reader.withDataFile(key, async ({ path, encoding }) => ({
			encoding,
			bytes: await this.#reader.readWhole(path),
			path,
		}));
	}

	async storeJobMeta(job: Job): Promise<void> {
		assertJobKey(job);
		this.#assertWritable();
		const text = serializeJob(job);
		await this.#alone(async () => {
			const names = await this.#reader.names(job);
			if (!names.has(META_FILE)) throw jobUnknown(this.#files.root, job);
			const path = join(this.#reader.folderOf(job), META_FILE);
			await this.#changes.writeFile(path, text, job);
		});
	}

	/** The clusters that have a configuration, in alphabetical order. */
	async clusters(): Promise<string[]> {
		const { fileSystem, root } = this.#files;
		const names = (await folderNames(fileSystem, root)).filter(isClusterName);
		const configured = await Promise.all(
			names.map(async (name) => {
				const path = this.#clusterPath(name);
				try {
					await fileSystem.stat(path);
					return true;
				} catch (error) {
					if (isMissing(error)) return false;
					throw readError(error, path);
				}
			}),
		);
		return names.filter((_, i) => configured[i]).sort();
	}

	async loadClusterConfig(name: string): Promise<Cluster> {
		assertClusterName(name);
		const path = this.#clusterPath(name);
		let bytes: Uint8Array;
		try {
			bytes = await readWhole(this.#files.fileSystem, path);
		} catch (error) {
			if (isMissing(error)) throw clusterUnknown(path, name);
			throw readError(error, path);
		}
		try {
			return parseCluster(JSON.parse(Buffer.from(bytes.buffer).toString()));
		} catch (error) {
			throw corruptFile(error, path);
		}
	}

	async storeClusterConfig(name: string, config: Cluster): Promise<void> {
		assertClusterName(name);
		this.#assertWritable();
		parseCluster(config);
		const text = JSON.stringify(config, undefined, 2);
		await this.#alone(() =>
			this.#changes.writeFile(this.#clusterPath(name), text),
		);
	}

	async importJob(job: Job, data: JobData): Promise<void> {
		await importJob(this, job, data);
	}

	iterate(options: IterateOptions = {}): ReturnType<Archive["iterate"]> {
		return iterateJobs(this.#keys(options), this, options);
	}

	strays(options: StrayOptions = {}): AsyncGenerator<Stray> {
		return findStrays(this.#files, options);
	}

	async stage(key: JobKey): Promise<StagedJob> {
		assertJobKey(key);
		this.#assertWritable();
		const { cluster, jobId, startTime } = key;
		const staged = { cluster, jobId, startTime };
		// While it loads its samples.
		this.#changes.prepare();
		return new StagedFileJob(this.#changes, this.#files.root, staged);
	}

	async commit(
		staged: readonly StagedJob[],
	): Promise<(ArchiverError | undefined)[]> {
		this.#assertWritable();
		const own = staged.map((job) => {
			if (job instanceof StagedFileJob && job.belongsTo(this.#changes))
				return job;
			throw new ArchiverError(
				"INVALID_INPUT",
				"a staged job can only be committed to the archive that it was staged in",
				{ ...job.key },
			);
		});
		return this.#alone(() => this.#commit(own));
	}

	async remove(
		keys: readonly JobKey[],
	): Promise<(ArchiverError | undefined)[]> {
		for (const key of keys) assertJobKey(key);
		this.#assertWritable();
		const errors: (ArchiverError | undefined)[] = [];
		for (const key of keys)
			errors.push(await this.#alone(() => this.#changes.remove(key)));
		return errors;
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
		return cleanJobs(this, this.#keys(), options);
	}

	async compress(
		keys: readonly JobKey[],
	): Promise<(ArchiverError | undefined)[]> {
		for (const key of keys) assertJobKey(key);
		this.#assertWritable();
		return compressJobs(this, keys);
	}

	async info(): Promise<ArchiveInfo> {
		const { fileSystem, root } = this.#files;
		return archiveInfo(fileSystem, root, this.#reader, await this.clusters());
	}

	/** Waits for the change under way, discards what is staged, and lets other processes write. */
	close(): Promise<void> {
		this.#closing ??= this.#alone(async () => {
			await this.#changes.close();
			await this.#lock?.release();
		});
		return this.#closing;
	}

	#keys(options: IterateOptions = {}): AsyncGenerator<JobKey> {
		return iterateKeys(this.#files.fileSystem, this.#files.root, options);
	}

	#withBytes<T>(key: JobKey, use: (data: JobBytes) => Promise<T>): Promise<T> {
		return this.#reader.withDataFile(key, async ({ path, encoding }) => {
			if (encoding === "columnar")
				return this.#reader.withRanges(path, (ranges) =>
					use({ encoding, ranges }),
				);
			return use({ encoding, bytes: await this.#reader.readWhole(path) });
		});
	}

	#clusterPath(name: string): string {
		return join(this.#files.root, name, CLUSTER_FILE);
	}

	/** Those that are ready; the others fail alone. */
	async #commit(
		jobs: readonly StagedFileJob[],
	): Promise<(ArchiverError | undefined)[]> {
		const errors: (ArchiverError | undefined)[] = [];
		const places: number[] = [];
		const stages: number[] = [];
		for (const [place, job] of jobs.entries()) {
			try {
				stages.push(job.take());
				places.push(place);
				errors.push(undefined);
			} catch (error) {
				errors.push(error as ArchiverError);
			}
		}
		const results =
			stages.length === 0 ? [] : await this.#changes.commit(stages);
		for (const [i, place] of places.entries()) errors[place] = results[i];
		return errors;
	}

	/** Changes happen one after the other. */
	#alone<T>(change: () => Promise<T>): Promise<T> {
		const result = this.#changing.then(change);
		this.#changing = result.catch(() => undefined);
		return result;
	}

	#assertWritable(): void {
		if (this.#closing !== undefined)
			throw new ArchiverError("INVALID_INPUT", `${this.target} is closed`);
		if (this.#lock === undefined) {
			throw new ArchiverError(
				"ARCHIVE_READ_ONLY",
				`${this.target} is open for reading only`,
				{ path: this.#files.root },
			);
		}
	}
}

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
import type { SqlValue } from "../../sqlite/connection.js";
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
import { moveJobs } from "../move-jobs.js";
import { commitGroup } from "./commit.js";
import { type ArchiveDatabase, openDatabase } from "./database.js";
import { readError, writeError } from "./errors.js";
import { archiveInfo } from "./info.js";
import { iterateKeys } from "./keys.js";
import { JobReader } from "./read.js";
import { removeJobs } from "./remove.js";
import { StagedSqliteJob } from "./staged-job.js";
import { findStrays } from "./strays.js";
import { ArchiveWriter } from "./writer.js";

export interface SqliteArchiveOptions {
	/** Format of new jobs. Default: what the archive was created with; `columnar` in a new one, `json` in ClusterCockpit's. */
	format?: DataFormat;
	/** How hard new columnar jobs are compressed. Default `fast`. */
	compression?: Compression;
	/** Sync before a job counts as committed. Default true; false gives up on power cuts, which may cost the whole file. */
	fsync?: boolean;
	/** Change nothing, and take no lock. Default false. */
	readOnly?: boolean;
	/** Make an archive where there is none. Default true. */
	create?: boolean;
	/** How long a statement waits for another process's lock. Default 5000 ms. */
	busyTimeoutMs?: number;
}

const DEFAULT_BUSY_TIMEOUT_MS = 5000;

const LIST_CLUSTERS = "SELECT name FROM clusters ORDER BY name";
const LOAD_CLUSTER =
	"SELECT config_json AS config FROM clusters WHERE name = ?";
const STORE_META = `
	UPDATE jobs SET meta_json = ?4, updated_at = unixepoch()
	WHERE cluster = ?1 AND job_id = ?2 AND start_time = ?3
`;
const STORE_CLUSTER = `
	INSERT INTO clusters (name, config_json, updated_at) VALUES (?, ?, unixepoch())
	ON CONFLICT (name) DO UPDATE SET config_json = excluded.config_json, updated_at = excluded.updated_at
`;

/**
 * A job archive in one SQLite database: ClusterCockpit's tables, and tables of ours for columnar data. One connection
 * writes, and another one reads meanwhile.
 */
export class SqliteArchive implements Archive {
	readonly target: string;
	readonly format: DataFormat;
	readonly compression: Compression;
	readonly #database: ArchiveDatabase;
	readonly #reader: JobReader;
	/** Absent when nothing may be written. */
	readonly #writer: ArchiveWriter | undefined;
	#closing: Promise<void> | undefined;

	private constructor(
		database: ArchiveDatabase,
		target: string,
		{
			format = database.format,
			compression = "fast",
			fsync = true,
		}: SqliteArchiveOptions,
	) {
		this.target = target;
		this.format = format;
		this.compression = compression;
		this.#database = database;
		this.#reader = new JobReader(database.reader, database.path);
		const { path, writing } = database;
		this.#writer =
			writing && new ArchiveWriter(writing.connection, path, fsync);
	}

	/**
	 * Opens an archive for writing, which one process may do at a time, any number of times; or read-only, beside a writer.
	 *
	 * @param path - Of the database; relative to the working directory of now. Its folder has to be there.
	 * @throws ArchiverError ARCHIVE_LOCKED, ARCHIVE_VERSION, ARCHIVE_UNREADABLE, ARCHIVE_READ_ONLY, ARCHIVE_WRITE_FAILED,
	 * ARCHIVE_FULL, DATA_CORRUPT
	 */
	static async open(
		path: string,
		options: SqliteArchiveOptions = {},
	): Promise<SqliteArchive> {
		const {
			format = "columnar",
			fsync = true,
			readOnly = false,
			create = true,
			busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS,
		} = options;
		const database = await openDatabase(path, {
			newFormat: format,
			create,
			readOnly,
			busyTimeoutMs,
			synchronous: fsync ? "FULL" : "OFF",
		});
		return new SqliteArchive(database, `sqlite:${path}`, options);
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
		const { cluster, jobId, startTime } = job;
		const meta = Buffer.from(serializeJob(job));
		const values = [cluster, jobId, startTime, meta];
		const changed = await this.#write(STORE_META, values, job);
		if (changed === 0) throw jobUnknown(this.#database.path, job);
	}

	/** The clusters that have a configuration, in alphabetical order. */
	async clusters(): Promise<string[]> {
		const rows = await this.#read<{ name: string }>(LIST_CLUSTERS);
		return rows.map(({ name }) => name).filter(isClusterName);
	}

	async loadClusterConfig(name: string): Promise<Cluster> {
		assertClusterName(name);
		const place = `${this.#database.path}#${name}`;
		const [row] = await this.#read<{ config: Uint8Array | string }>(
			LOAD_CLUSTER,
			[name],
		);
		if (row === undefined) throw clusterUnknown(place, name);
		try {
			return parseCluster(JSON.parse(Buffer.from(row.config).toString()));
		} catch (error) {
			throw corruptFile(error, place);
		}
	}

	async storeClusterConfig(name: string, config: Cluster): Promise<void> {
		assertClusterName(name);
		parseCluster(config);
		const text = JSON.stringify(config, undefined, 2);
		await this.#write(STORE_CLUSTER, [name, Buffer.from(text)]);
	}

	async importJob(job: Job, data: JobData): Promise<void> {
		await importJob(this, job, data);
	}

	iterate(options: IterateOptions = {}): ReturnType<Archive["iterate"]> {
		return iterateJobs(this.#keys(options), this, options);
	}

	async *strays(options: StrayOptions = {}): AsyncGenerator<Stray> {
		const { reader, path } = this.#database;
		try {
			yield* findStrays(reader, path, options);
		} catch (error) {
			throw readError(error, path);
		}
	}

	async stage(key: JobKey): Promise<StagedJob> {
		assertJobKey(key);
		const { cluster, jobId, startTime } = key;
		return new StagedSqliteJob(this.#writable(), { cluster, jobId, startTime });
	}

	async commit(
		staged: readonly StagedJob[],
	): Promise<(ArchiverError | undefined)[]> {
		const writer = this.#writable();
		const own = staged.map((job) => {
			if (job instanceof StagedSqliteJob && job.belongsTo(writer)) return job;
			throw new ArchiverError(
				"INVALID_INPUT",
				"a staged job can only be committed to the archive that it was staged in",
				{ ...job.key },
			);
		});
		return commitGroup(writer, own);
	}

	async remove(
		keys: readonly JobKey[],
	): Promise<(ArchiverError | undefined)[]> {
		for (const key of keys) assertJobKey(key);
		return removeJobs(this.#writable(), keys);
	}

	async move(
		keys: readonly JobKey[],
		target: Archive,
	): Promise<(ArchiverError | undefined)[]> {
		for (const key of keys) assertJobKey(key);
		this.#writable();
		return moveJobs(this, keys, target);
	}

	async clean(options: CleanOptions): Promise<CleanResult> {
		this.#writable();
		return cleanJobs(this, this.#keys({}), options);
	}

	async compress(
		keys: readonly JobKey[],
	): Promise<(ArchiverError | undefined)[]> {
		for (const key of keys) assertJobKey(key);
		this.#writable();
		return compressJobs(this, keys);
	}

	async info(): Promise<ArchiveInfo> {
		const clusters = await this.clusters();
		try {
			return await archiveInfo(this.#database.reader, clusters);
		} catch (error) {
			throw readError(error, this.#database.path);
		}
	}

	/** Waits for the change under way, discards what is staged, and lets other processes write. */
	close(): Promise<void> {
		this.#closing ??= (async () => {
			await this.#writer?.close();
			await this.#database.reader.close();
			await this.#database.writing?.lock.release();
		})();
		return this.#closing;
	}

	async *#keys(options: IterateOptions): AsyncGenerator<JobKey> {
		try {
			yield* iterateKeys(this.#database.reader, options);
		} catch (error) {
			throw readError(error, this.#database.path);
		}
	}

	async #read<Row>(sql: string, values: SqlValue[] = []): Promise<Row[]> {
		try {
			return await this.#database.reader.all<Row>(sql, values);
		} catch (error) {
			throw readError(error, this.#database.path);
		}
	}

	/** @returns how many rows were changed. */
	async #write(sql: string, values: SqlValue[], key?: JobKey): Promise<number> {
		const writer = this.#writable();
		try {
			const { changes } = await writer.transaction((statements) =>
				statements.run(sql, values),
			);
			return changes;
		} catch (error) {
			throw writeError(error, writer.path, key);
		}
	}

	#writable(): ArchiveWriter {
		if (this.#closing !== undefined)
			throw new ArchiverError("INVALID_INPUT", `${this.target} is closed`);
		if (this.#writer !== undefined) return this.#writer;
		throw new ArchiverError(
			"ARCHIVE_READ_ONLY",
			`${this.target} is open for reading only`,
			{ path: this.#database.path },
		);
	}
}

import { ArchiverError } from "../errors.js";
import type { Completeness } from "../schema/completeness.js";
import type { Job, JobKey, JobState } from "../schema/job.js";
import type { Connection } from "../sqlite/connection.js";
import { findUntold, markTold } from "./announcements.js";
import {
	clusterNames,
	countByStatus,
	findByKey,
	findByTime,
	findFailed,
	findJob,
	findPending,
} from "./find.js";
import { registerJobs, startJob, stopJob } from "./lifecycle.js";
import { MetadataReader, updateMetadata } from "./metadata.js";
import {
	type JobDatabase,
	type JobDatabaseOptions,
	openJobDatabase,
} from "./open.js";
import { completenessOf, failureOf, markFailed, reopen } from "./outcome.js";
import { commitArchived } from "./record-archived.js";
import { removeJobs } from "./remove.js";
import type {
	ArchivedRow,
	FailedJob,
	FailureReason,
	JobQuery,
	JobRepository,
	KeyQuery,
	NewJob,
	RemovedRows,
	UntoldQuery,
} from "./repository.js";
import { StopOrder } from "./stop-order.js";

const UNTOLD_PAGE_JOBS = 500;

/**
 * The job database in a SQLite file: a new one, or an existing one of ClusterCockpit's, version 10 or 11, that its own
 * processes may go on using meanwhile. One connection writes, each change in a transaction of its own; another one reads.
 */
export class SqliteJobRepository implements JobRepository {
	readonly path: string;
	/** Version of ClusterCockpit's schema. */
	readonly version: number;
	readonly ours: boolean;
	readonly #database: JobDatabase;
	readonly #stopOrder: StopOrder;
	readonly #metadata: MetadataReader;

	private constructor(path: string, database: JobDatabase) {
		this.path = path;
		this.version = database.identity.version;
		this.ours = database.identity.ours;
		this.#database = database;
		this.#stopOrder = new StopOrder(
			database.reader,
			database.identity.hasStatusIndex,
		);
		this.#metadata = new MetadataReader(database.reader);
	}

	/**
	 * Opens the database, or makes a new one where there is no file yet (its folder has to be there). One that is not
	 * ours only gets a table of ours beside its own.
	 *
	 * @throws {ArchiverError} DATABASE_VERSION (and the file is as it was), DATABASE_FAILED, DATABASE_BUSY
	 */
	static async open(
		path: string,
		options: JobDatabaseOptions = {},
	): Promise<SqliteJobRepository> {
		return new SqliteJobRepository(path, await openJobDatabase(path, options));
	}

	async startJob(job: NewJob): Promise<Job> {
		return startJob(this.#writer, job, this.#spelling);
	}

	async stopJob(
		key: JobKey,
		end: { state: JobState; stopTime: number },
	): Promise<Job> {
		return stopJob(this.#writer, key, end, this.#spelling);
	}

	async registerJobs(jobs: readonly Job[]): Promise<number> {
		return registerJobs(this.#writer, jobs, this.#spelling);
	}

	async findJob(key: JobKey): Promise<Job | undefined> {
		return findJob(this.#reader, key);
	}

	async findPending(query: JobQuery = {}): Promise<Job[]> {
		return findPending(this.#reader, this.#stopOrder, query);
	}

	async findFailed(query: JobQuery = {}): Promise<FailedJob[]> {
		return findFailed(this.#reader, this.#stopOrder, query, this.#hasOurTables);
	}

	async findByTime(
		query: JobQuery & { from?: number; to?: number } = {},
	): Promise<Job[]> {
		return findByTime(this.#reader, query);
	}

	async findByKey(query: KeyQuery): Promise<Job[]> {
		return findByKey(this.#reader, query);
	}

	async clusters(): Promise<string[]> {
		return clusterNames(this.#reader);
	}

	async countByStatus(): Promise<Record<0 | 1 | 2 | 3, number>> {
		return countByStatus(this.#reader);
	}

	async fetchMetadata(job: JobKey): Promise<Record<string, string>> {
		return this.#metadata.fetch(job);
	}

	async updateMetadata(job: JobKey, key: string, value: string): Promise<void> {
		return updateMetadata(this.#writer, job, key, value);
	}

	async reopen(jobs: readonly JobKey[]): Promise<void> {
		return reopen(this.#writer, jobs);
	}

	async commitArchived(
		rows: readonly ArchivedRow[],
		{ toTell = false } = {},
	): Promise<void> {
		return commitArchived(this.#writer, rows, toTell);
	}

	async findUntold({
		limit = UNTOLD_PAGE_JOBS,
		after,
	}: UntoldQuery = {}): Promise<JobKey[]> {
		return this.#hasOurTables ? findUntold(this.#reader, limit, after) : [];
	}

	async markTold(keys: readonly JobKey[]): Promise<void> {
		return markTold(this.#writer, keys);
	}

	async markFailed(job: JobKey, reason: FailureReason): Promise<void> {
		return markFailed(this.#writer, job, reason);
	}

	async failureOf(key: JobKey): Promise<FailureReason | undefined> {
		return this.#hasOurTables ? failureOf(this.#reader, key) : undefined;
	}

	async completenessOf(key: JobKey): Promise<Completeness | undefined> {
		return this.#hasOurTables ? completenessOf(this.#reader, key) : undefined;
	}

	async removeJobs(keys: readonly JobKey[]): Promise<RemovedRows> {
		return removeJobs(this.#writer, keys);
	}

	async close(): Promise<void> {
		const { reader, writer } = this.#database;
		const closed = await Promise.allSettled([reader.close(), writer?.close()]);
		for (const result of closed)
			if (result.status === "rejected") throw result.reason;
	}

	get #reader(): Connection {
		return this.#database.reader;
	}

	get #writer(): Connection {
		const { writer } = this.#database;
		if (writer !== undefined) return writer;
		throw new ArchiverError(
			"DATABASE_FAILED",
			`the database ${this.path} is open for reading only`,
			{ path: this.path },
			{ retryable: false },
		);
	}

	get #spelling() {
		return this.#database.identity.outOfMemorySpelling;
	}

	get #hasOurTables(): boolean {
		return this.#database.identity.hasOurTables;
	}
}

import type { Archive, StoredData } from "../archive/archive.js";
import { refreshDataFacts } from "../archive/data-facts.js";
import type { Compression } from "../codec/column.js";
import type { FinishedJob } from "../dispatch/messages.js";
import type { WorkerPool } from "../dispatch/pool.js";
import {
	ArchiverError,
	type ErrorCode,
	isArchiverError,
	toArchiverError,
} from "../errors.js";
import { formatJobKey, type Job, type JobKey } from "../schema/job.js";
import { GroupCommit } from "./group-commit.js";
import { JobsAhead } from "./jobs-ahead.js";

const DEFAULT_BUFFER_BYTES = 64 * 2 ** 20;

export interface ImportOptions {
	/** Its threads decode and encode. */
	pool: Pick<WorkerPool, "run">;
	/** How hard the columnar encoder works; `fast` unless told. */
	compression?: Compression;
	/** Stored bytes of jobs under way; 64 MiB unless told. */
	bufferBytes?: number;
	/** Told after each job. */
	onProgress?(progress: { jobs: number; failed: number }): void;
	/** Aborting it ends the import early: jobs under way are finished, and the result says how far it got. */
	signal?: AbortSignal;
}

/** What could not be imported. Without `jobId` it is the cluster's configuration. */
export interface ImportFailure {
	cluster: string;
	jobId?: number;
	startTime?: number;
	code: ErrorCode;
	message: string;
}

export interface ImportResult {
	imported: number;
	/** Jobs that the target has already. */
	skipped: number;
	failed: ImportFailure[];
	/** Samples of the imported jobs, gaps included. */
	samples: number;
	/** Bytes of their data in the target. */
	bytes: number;
	seconds: number;
}

/**
 * Copies every job of one archive to another, of whatever kind and format: each comes to be in the target's format, with
 * its meta as it is. Configurations of clusters that the target lacks go first. Jobs that the target has are left alone,
 * so an import that was interrupted is finished by another one. A job that fails leaves nothing behind, and the rest goes on.
 *
 * @throws ArchiverError ARCHIVE_UNREADABLE when the source cannot be listed.
 */
export async function importArchive(
	source: Archive,
	target: Archive,
	options: ImportOptions,
): Promise<ImportResult> {
	const { signal, bufferBytes = DEFAULT_BUFFER_BYTES } = options;
	const startedMs = performance.now();
	const run = new ImportRun(source, target, options);
	await run.copyClusters();
	const ahead = new JobsAhead(bufferBytes);
	try {
		for await (const entry of source.iterate()) {
			if (signal?.aborted) break;
			await run.importJob(entry, ahead);
		}
	} finally {
		await ahead.settled();
	}
	const seconds = (performance.now() - startedMs) / 1000;
	return { ...run.result, seconds };
}

type Entry = { key: JobKey; job: Job } | { key: JobKey; error: ArchiverError };

class ImportRun {
	readonly result: Omit<ImportResult, "seconds"> = {
		imported: 0,
		skipped: 0,
		failed: [],
		samples: 0,
		bytes: 0,
	};
	readonly #source: Archive;
	readonly #target: Archive;
	readonly #options: ImportOptions;
	readonly #committer: GroupCommit;

	constructor(source: Archive, target: Archive, options: ImportOptions) {
		this.#source = source;
		this.#target = target;
		this.#options = options;
		this.#committer = new GroupCommit(target);
	}

	/** A cluster that the target knows keeps the configuration it has there, which may have been edited since. */
	async copyClusters(): Promise<void> {
		for (const cluster of await this.#source.clusters()) {
			try {
				if (await hasCluster(this.#target, cluster)) continue;
				const config = await this.#source.loadClusterConfig(cluster);
				await this.#target.storeClusterConfig(cluster, config);
			} catch (error) {
				this.#fail({ cluster }, toArchiverError(error, "ARCHIVE_UNREADABLE"));
			}
		}
	}

	/** Resolves once the job is under way, or has ended. */
	async importJob(entry: Entry, ahead: JobsAhead): Promise<void> {
		const { key } = entry;
		try {
			if ("error" in entry) throw entry.error;
			if (formatJobKey(key) !== formatJobKey(entry.job))
				throw misplaced(key, entry.job);
			if (await this.#target.exists(key)) {
				this.result.skipped++;
				this.#progress();
				return;
			}
			const stored = await this.#source.loadStoredData(key);
			await ahead.start(stored.bytes.byteLength, () =>
				this.#convert(entry.job, stored),
			);
		} catch (error) {
			this.#fail(key, toArchiverError(error, "ARCHIVE_UNREADABLE"));
			this.#progress();
		}
	}

	async #convert(job: Job, stored: StoredData): Promise<void> {
		try {
			const { bytes, finished } = await this.#encode(stored);
			const { encoding, dataId, series, samples } = finished;
			const { format } = this.#target;
			const kept = refreshDataFacts(job, { format, dataId, series, samples });
			await this.#store(kept, bytes, encoding);
			this.result.imported++;
			this.result.samples += samples;
			this.result.bytes += bytes.byteLength;
		} catch (error) {
			const { path } = stored;
			this.#fail(job, toArchiverError(error, "WORKER_FAILED", { path }));
		}
		this.#progress();
	}

	/** Decodes and encodes on a thread of the pool, which takes the bytes. */
	async #encode({
		bytes: { buffer, byteLength },
		encoding,
		path,
	}: StoredData): Promise<{ bytes: Uint8Array; finished: FinishedJob }> {
		const { pool, compression = "fast" } = this.#options;
		const { bytes, finished } = await pool.run(
			{
				kind: "encode",
				chunk: {
					kind: "archived",
					encoding,
					bytes: buffer,
					path,
					decodedBytes: byteLength,
					last: true,
				},
				whole: true,
				format: this.#target.format,
				compression,
			},
			{ transfer: [buffer] },
		);
		if (finished === undefined)
			throw new TypeError("a whole job comes back finished");
		return { bytes, finished };
	}

	async #store(
		job: Job,
		bytes: Uint8Array,
		encoding: StoredData["encoding"],
	): Promise<void> {
		const staged = await this.#target.stage(job);
		try {
			await staged.append(bytes);
			await staged.seal(encoding, job);
			await this.#committer.commit(staged);
		} catch (error) {
			await staged.discard().catch(() => {});
			throw error;
		}
	}

	#fail(
		{ cluster, jobId, startTime }: { cluster: string } & Partial<JobKey>,
		{ code, message }: ArchiverError,
	): void {
		const key = jobId === undefined ? {} : { jobId, startTime };
		this.result.failed.push({ cluster, ...key, code, message });
	}

	#progress(): void {
		const { imported, skipped, failed } = this.result;
		this.#options.onProgress?.({
			jobs: imported + skipped + failed.length,
			failed: failed.length,
		});
	}
}

async function hasCluster(archive: Archive, name: string): Promise<boolean> {
	try {
		await archive.loadClusterConfig(name);
		return true;
	} catch (error) {
		if (isArchiverError(error) && error.code === "CLUSTER_UNKNOWN")
			return false;
		throw error;
	}
}

function misplaced(key: JobKey, job: Job): ArchiverError {
	return new ArchiverError(
		"DATA_CORRUPT",
		`the meta of ${formatJobKey(key)} is that of another job, ${formatJobKey(job)}`,
		{ cluster: key.cluster, jobId: key.jobId, startTime: key.startTime },
	);
}

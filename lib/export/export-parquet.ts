import { join } from "node:path";
import type { Archive, StoredData } from "../archive/archive.js";
import { replaceFile } from "../archive/file/replace-file.js";
import type { TemporaryFile } from "../archive/file/temporaries.js";
import type { WorkerPool } from "../dispatch/pool.js";
import { ArchiverError, toArchiverError } from "../errors.js";
import { failureOf, type JobFailure } from "../maintenance/walk-jobs.js";
import { formatJobKey, type Job, type JobKey } from "../schema/job.js";
import type { MetricScope } from "../schema/scope.js";
import { JobNumbers, jobsTable } from "./jobs-table.js";
import { MetaSpool } from "./meta-spool.js";
import { ParquetFile } from "./parquet-file.js";
import type { SeriesRowGroups } from "./pool-tasks.js";
import { refuseExisting } from "./refuse-existing.js";
import { SERIES_TABLE } from "./series-table.js";

const PARQUET = ".parquet";
/** Stored bytes of the jobs that share row groups, unless a single one has more. */
const BATCH_BYTES = 2 ** 20;
const DEFAULT_BUFFER_BYTES = 16 * 2 ** 20;

export interface ParquetExportOptions {
	/** Its threads decode and encode. */
	pool: Pick<WorkerPool, "run">;
	/** Only this cluster's jobs. */
	cluster?: string;
	/** Jobs that started at or after this, Unix seconds. */
	from?: number;
	/** Jobs that started before this, Unix seconds. */
	to?: number;
	/** Only series of these metrics. */
	metrics?: readonly string[];
	/** Only series at these scopes. */
	scopes?: readonly MetricScope[];
	/** Replace files that are there. */
	force?: boolean;
	/** Stored bytes of jobs under way; 16 MiB unless told. */
	bufferBytes?: number;
	/** Told after each job. */
	onProgress?(progress: { jobs: number; failed: number }): void;
	/** Aborting it rejects the export with ABORTED; nothing of it is left. */
	signal?: AbortSignal;
}

export interface ParquetExportResult {
	/** Jobs that were exported. */
	jobs: number;
	/** Rows of the series table, one a sample. */
	rows: number;
	/** Of both files. */
	bytes: number;
	/** What is in neither table. */
	failed: JobFailure[];
	files: ParquetFiles;
	seconds: number;
}

/** Where the two tables lie. */
export interface ParquetFiles {
	series: string;
	jobs: string;
}

/**
 * Writes the jobs of an archive as two Parquet tables, one row a sample and one row a job, each sorted by cluster, job and
 * start. `FILE.parquet` becomes the series, with the jobs in `FILE.jobs.parquet` beside it; any other target is a folder
 * that gets `series.parquet` and `jobs.parquet`. The files take their names once both are whole, the series
 * last. A job that fails is in neither table, and the rest goes on.
 *
 * @throws ArchiverError INVALID_OPTION (hyparquet-writer is not installed; a file is there and `force` is not set),
 * EXPORT_FAILED, ARCHIVE_UNREADABLE (the archive cannot be listed), ABORTED, ARCHIVER_CLOSED (the pool has closed)
 */
export async function exportParquet(
	archive: Pick<Archive, "iterate" | "loadStoredData">,
	target: string,
	options: ParquetExportOptions,
): Promise<ParquetExportResult> {
	const startedMs = performance.now();
	const files = parquetFilesAt(target);
	if (!options.force)
		for (const path of Object.values(files)) await refuseExisting(path);
	const run = new ExportRun(archive, options);
	try {
		// Tells at once when the Parquet library is missing.
		await options.pool.run({
			kind: "parquet-footer",
			table: SERIES_TABLE,
			rowGroups: [],
		});
		let jobsBytes = 0;
		const seriesBytes = await replaceFile(files.series, async (file) => {
			await run.writeSeries(file, `${files.jobs}.unfinished-metas`);
			// Neither file is in its place before both are whole.
			jobsBytes = await replaceFile(files.jobs, (file) => run.writeJobs(file));
		});
		const bytes = seriesBytes + jobsBytes;
		const seconds = (performance.now() - startedMs) / 1000;
		return { ...run.result, bytes, files, seconds };
	} catch (error) {
		throw toArchiverError(error, "EXPORT_FAILED", { path: target });
	} finally {
		await run.close();
	}
}

function parquetFilesAt(target: string): ParquetFiles {
	if (target.endsWith(PARQUET)) {
		const stem = target.slice(0, -PARQUET.length);
		return { series: target, jobs: `${stem}.jobs${PARQUET}` };
	}
	return {
		series: join(target, `series${PARQUET}`),
		jobs: join(target, `jobs${PARQUET}`),
	};
}

interface Batch {
	jobs: Job[];
	stored: StoredData[];
	bytes: number;
}

interface EncodedBatch {
	jobs: readonly Job[];
	bytes: number;
	encoded: SeriesRowGroups | ArchiverError;
}

class ExportRun {
	readonly result = { jobs: 0, rows: 0, failed: [] as JobFailure[] };
	readonly #archive: Pick<Archive, "iterate" | "loadStoredData">;
	readonly #options: ParquetExportOptions;
	readonly #numbers = new JobNumbers();
	#metas: MetaSpool | undefined;

	constructor(
		archive: Pick<Archive, "iterate" | "loadStoredData">,
		options: ParquetExportOptions,
	) {
		this.#archive = archive;
		this.#options = options;
	}

	/** Batches are encoded side by side and written in the archive's order. */
	async writeSeries(file: TemporaryFile, metasPath: string): Promise<void> {
		const { pool, bufferBytes = DEFAULT_BUFFER_BYTES } = this.#options;
		this.#metas = await MetaSpool.open(metasPath);
		const table = new ParquetFile(file);
		await table.begin();
		const underWay: Promise<EncodedBatch>[] = [];
		let bytesUnderWay = 0;
		const writeNext = async () => {
			const batch = await underWay.shift();
			if (batch === undefined) return;
			bytesUnderWay -= batch.bytes;
			await this.#write(batch, table);
		};
		try {
			for await (const batch of this.#batches()) {
				underWay.push(this.#encode(batch));
				bytesUnderWay += batch.bytes;
				while (bytesUnderWay > bufferBytes) await writeNext();
			}
			while (underWay.length > 0) await writeNext();
		} finally {
			await Promise.all(underWay);
		}
		await table.end(SERIES_TABLE, pool);
		this.result.rows = table.rows;
	}

	/** To be called once the series are written. */
	async writeJobs(file: TemporaryFile): Promise<void> {
		const { pool } = this.#options;
		const names = this.#numbers.names();
		const table = new ParquetFile(file);
		await table.begin();
		for await (const metas of this.#metas?.chunks() ?? []) {
			this.#checkSignal();
			const transfer = [metas.buffer];
			await table.append(
				await pool.run({ kind: "job-rows", metas, names }, { transfer }),
			);
		}
		await table.end(jobsTable(names), pool);
		this.#checkSignal();
	}

	async close(): Promise<void> {
		await this.#metas?.close();
	}

	async *#batches(): AsyncGenerator<Batch> {
		const { cluster, from, to } = this.#options;
		let batch: Batch = { jobs: [], stored: [], bytes: 0 };
		for await (const entry of this.#archive.iterate({ cluster, from, to })) {
			this.#checkSignal();
			const { key } = entry;
			try {
				if ("error" in entry) throw entry.error;
				checkPlace(key, entry.job);
				const stored = await this.#archive.loadStoredData(key);
				batch.jobs.push(entry.job);
				batch.stored.push(stored);
				batch.bytes += stored.bytes.byteLength;
			} catch (error) {
				this.#fail(key, toArchiverError(error, "ARCHIVE_UNREADABLE"));
			}
			if (batch.bytes < BATCH_BYTES) continue;
			yield batch;
			batch = { jobs: [], stored: [], bytes: 0 };
		}
		if (batch.jobs.length > 0) yield batch;
	}

	/** Never rejects. */
	async #encode({ jobs, stored, bytes }: Batch): Promise<EncodedBatch> {
		const { pool, metrics, scopes } = this.#options;
		const task = {
			kind: "series-rows",
			jobs: jobs.map(({ cluster, jobId, startTime }, i) => ({
				key: { cluster, jobId, startTime },
				encoding: stored[i].encoding,
				bytes: stored[i].bytes,
			})),
			selection: { metrics, scopes },
		} as const;
		const transfer = stored.map((data) => data.bytes.buffer);
		try {
			const encoded = await pool.run(task, { transfer });
			return { jobs, bytes, encoded };
		} catch (error) {
			return { jobs, bytes, encoded: toArchiverError(error, "WORKER_FAILED") };
		}
	}

	async #write(
		{ jobs, encoded }: EncodedBatch,
		table: ParquetFile,
	): Promise<void> {
		this.#checkSignal();
		if (encoded instanceof ArchiverError) {
			if (encoded.code === "ARCHIVER_CLOSED") throw encoded;
			for (const job of jobs) this.#fail(job, encoded);
			return;
		}
		for (const rowGroup of encoded.rowGroups) await table.append(rowGroup);
		for (const [i, job] of jobs.entries()) {
			const failure = encoded.failures[i];
			if (failure !== undefined) {
				const { code, message, details } = failure;
				this.#fail(job, new ArchiverError(code, message, details));
				continue;
			}
			await this.#metas?.add(job);
			this.#numbers.add(job);
			this.result.jobs++;
			this.#tell();
		}
	}

	#fail(key: JobKey, error: ArchiverError): void {
		this.result.failed.push(failureOf(key, error));
		this.#tell();
	}

	#tell(): void {
		const { jobs, failed } = this.result;
		this.#options.onProgress?.({
			jobs: jobs + failed.length,
			failed: failed.length,
		});
	}

	#checkSignal(): void {
		const { signal } = this.#options;
		if (!signal?.aborted) return;
		throw new ArchiverError(
			"ABORTED",
			"the export was aborted",
			{},
			{ cause: signal.reason },
		);
	}
}

/** @throws ArchiverError DATA_CORRUPT for a meta that says it is another job's than the one that the archive keeps it for */
function checkPlace(key: JobKey, job: Job): void {
	if (formatJobKey(key) === formatJobKey(job)) return;
	throw new ArchiverError(
		"DATA_CORRUPT",
		`the meta of ${formatJobKey(key)} is that of another job, ${formatJobKey(job)}`,
		key,
	);
}

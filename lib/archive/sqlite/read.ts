import type { DataEncoding } from "../../codec/column.js";
import { ArchiverError, isArchiverError } from "../../errors.js";
import { formatJobKey, type Job, type JobKey } from "../../schema/job.js";
import { parseJob } from "../../schema/job-json.js";
import type { SqlValue, Statements } from "../../sqlite/connection.js";
import type { StoredData, StoredMeta } from "../archive.js";
import { corruptFile, jobUnknown } from "../errors.js";
import type { JobBytes } from "../job-bytes.js";
import { readError } from "./errors.js";
import { readSliced, type SlicedData, SliceReader } from "./slices.js";

/** A job's data as they lie in the database. */
type FoundData =
	| {
			encoding: Exclude<DataEncoding, "columnar">;
			bytes: Uint8Array<ArrayBuffer>;
	  }
	| { encoding: "columnar"; sliced: SlicedData };

const OF_JOB = "cluster = ?1 AND job_id = ?2 AND start_time = ?3";
const LOAD_META = `SELECT meta_json AS meta FROM jobs WHERE ${OF_JOB}`;
const FIND_JOB = `SELECT id, octet_length(data_json) AS bytes FROM jobs WHERE ${OF_JOB}`;
const LOAD_JOB = `SELECT id, data_json AS data, data_compressed AS compressed FROM jobs WHERE ${OF_JOB}`;
const FIND_SLICED =
	"SELECT id, byte_length AS byteLength, slice_bytes AS sliceBytes FROM hpc_job_archiver_data WHERE job = ?";

/** Reads the jobs of one archive. */
export class JobReader {
	readonly #statements: Pick<Statements, "all">;
	readonly #path: string;

	constructor(statements: Pick<Statements, "all">, path: string) {
		this.#statements = statements;
		this.#path = path;
	}

	/** Where a job lies, for messages. */
	placeOf(key: JobKey): string {
		return `${this.#path}#${formatJobKey(key)}`;
	}

	/** Whether a job is there with its data. */
	async exists(key: JobKey): Promise<boolean> {
		try {
			const [job] = await this.#statements.all<{
				id: number;
				bytes: number | null;
			}>(FIND_JOB, valuesOf(key));
			if (job === undefined) return false;
			return (
				job.bytes !== null || (await this.#findSliced(job.id)) !== undefined
			);
		} catch (error) {
			throw readError(error, this.#path, key);
		}
	}

	/** @throws ArchiverError JOB_UNKNOWN, DATA_CORRUPT, ARCHIVE_UNREADABLE */
	async loadMeta(key: JobKey): Promise<Job> {
		const { text, path } = await this.loadStoredMeta(key);
		try {
			return parseMeta(text);
		} catch (error) {
			throw corruptFile(error, path, key);
		}
	}

	/** @throws ArchiverError JOB_UNKNOWN, ARCHIVE_UNREADABLE */
	async loadStoredMeta(key: JobKey): Promise<StoredMeta> {
		let rows: { meta: Uint8Array | string }[];
		try {
			rows = await this.#statements.all(LOAD_META, valuesOf(key));
		} catch (error) {
			throw readError(error, this.#path, key);
		}
		if (rows.length === 0) throw jobUnknown(this.#path, key);
		const text = Buffer.from(rows[0].meta).toString();
		return { text, path: this.placeOf(key) };
	}

	/**
	 * Finds a job's data for `use` to read.
	 *
	 * @throws ArchiverError JOB_UNKNOWN, DATA_CORRUPT, ARCHIVE_UNREADABLE, with path and key; and what `use` rejects with
	 */
	withData<T>(key: JobKey, use: (data: JobBytes) => Promise<T>): Promise<T> {
		return this.#withFound(key, (found) =>
			use(
				found.encoding === "columnar"
					? {
							encoding: "columnar",
							ranges: new SliceReader(this.#statements, found.sliced),
						}
					: found,
			),
		);
	}

	/** Reads a job's data whole. Rejects as {@link withData} does. */
	loadStored(key: JobKey): Promise<StoredData> {
		return this.#withFound(key, async (found) => ({
			encoding: found.encoding,
			bytes:
				found.encoding === "columnar"
					? await readSliced(this.#statements, found.sliced)
					: found.bytes,
			path: this.placeOf(key),
		}));
	}

	/** When the job is replaced in between, what was found may be gone, and its successor is there instead. */
	async #withFound<T>(
		key: JobKey,
		use: (data: FoundData) => Promise<T>,
	): Promise<T> {
		let found: FoundData | undefined;
		try {
			found = await this.#findData(key);
			for (;;) {
				try {
					if (found === undefined) throw lacksData(key);
					return await use(found);
				} catch (error) {
					if (!isCorrupt(error)) throw error;
					const again = await this.#findData(key);
					if (isSame(again, found)) throw error;
					found = again;
				}
			}
		} catch (error) {
			throw readError(error, this.placeOf(key), key);
		}
	}

	async #findData(key: JobKey): Promise<FoundData | undefined> {
		const [job] = await this.#statements.all<{
			id: number;
			data: Uint8Array | string | null;
			compressed: number | null;
		}>(LOAD_JOB, valuesOf(key));
		if (job === undefined) throw jobUnknown(this.#path, key);
		const { id, data, compressed } = job;
		if (data === null) {
			const sliced = await this.#findSliced(id);
			return sliced && { encoding: "columnar", sliced };
		}
		return { encoding: compressed ? "json.gz" : "json", bytes: asBytes(data) };
	}

	/** An archive that only ClusterCockpit has written to lacks our tables. */
	async #findSliced(job: number): Promise<SlicedData | undefined> {
		try {
			const [data] = await this.#statements.all<SlicedData>(FIND_SLICED, [job]);
			return data;
		} catch (error) {
			if (isArchiverError(error) && /no such table/.test(error.message))
				return undefined;
			throw error;
		}
	}
}

/** @throws SyntaxError, ArchiverError INVALID_INPUT */
export function parseMeta(meta: Uint8Array | string): Job {
	return parseJob(JSON.parse(Buffer.from(meta).toString()));
}

function valuesOf({ cluster, jobId, startTime }: JobKey): SqlValue[] {
	return [cluster, jobId, startTime];
}

/** ClusterCockpit writes blobs; others may write text. In an `ArrayBuffer` of exactly their size. */
function asBytes(data: Uint8Array | string): Uint8Array<ArrayBuffer> {
	const bytes = typeof data === "string" ? Buffer.from(data) : data;
	const { buffer, byteOffset, byteLength } = bytes;
	const whole = byteOffset === 0 && byteLength === buffer.byteLength;
	return whole && buffer instanceof ArrayBuffer
		? new Uint8Array(buffer)
		: new Uint8Array(bytes);
}

function isCorrupt(error: unknown): boolean {
	return isArchiverError(error) && error.code === "DATA_CORRUPT";
}

/** Whether a job still has the data that it had. */
function isSame(a: FoundData | undefined, b: FoundData | undefined): boolean {
	if (a === undefined || b === undefined) return a === b;
	if (a.encoding === "columnar")
		return b.encoding === "columnar" && a.sliced.id === b.sliced.id;
	return a.encoding === b.encoding && Buffer.compare(a.bytes, b.bytes) === 0;
}

function lacksData(key: JobKey): ArchiverError {
	return new ArchiverError(
		"DATA_CORRUPT",
		`job ${formatJobKey(key)} has no data`,
	);
}

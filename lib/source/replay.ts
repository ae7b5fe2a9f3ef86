import type { Archive, StoredData } from "../archive/archive.js";
import type { DataEncoding } from "../codec/column.js";
import { ArchiverError, type ErrorCode, isArchiverError } from "../errors.js";
import { formatJobKey, type JobKey } from "../schema/job.js";
import { orAborted, throwIfAborted } from "./abort.js";
import type { ArchivedChunk, LoadRequest, MetricSource } from "./source.js";

export interface ReplaySourceOptions {
	/** Close the archive together with the source. Off: whoever opened it closes it. */
	closeArchive?: boolean;
}

/**
 * Series as another archive holds them, of either format: every metric and scope that is there, configured or not.
 * Only reads bytes; a worker decodes them. A job is one chunk, since its data is one file.
 *
 * @throws ArchiverError on loading: NO_DATA when the archive lacks the job, SOURCE_UNAVAILABLE when it cannot be read,
 *   SOURCE_DATA_INVALID when it holds damage or a format not known here, ABORTED.
 */
export class ReplaySource implements MetricSource {
	readonly replays = true;
	readonly #archive: Archive;
	readonly #closeArchive: boolean;

	constructor(archive: Archive, options: ReplaySourceOptions = {}) {
		this.#archive = archive;
		this.#closeArchive = options.closeArchive ?? false;
	}

	async *load({ job, signal }: LoadRequest): AsyncGenerator<ArchivedChunk> {
		throwIfAborted(signal);
		const { encoding, bytes, path } = await orAborted(this.#read(job), signal);
		yield {
			kind: "archived",
			encoding,
			bytes: bytes.buffer,
			path,
			decodedBytes: decodedBytesOf(encoding, bytes),
			last: true,
		};
	}

	async close(): Promise<void> {
		if (this.#closeArchive) await this.#archive.close();
	}

	async #read({ cluster, jobId, startTime }: JobKey): Promise<StoredData> {
		const key = { cluster, jobId, startTime };
		try {
			return await this.#archive.loadStoredData(key);
		} catch (error) {
			throw toSourceError(error, key, this.#archive.target);
		}
	}
}

const SOURCE_CODES: Partial<Record<ErrorCode, ErrorCode>> = {
	INVALID_INPUT: "INVALID_INPUT",
	JOB_UNKNOWN: "NO_DATA",
	DATA_CORRUPT: "SOURCE_DATA_INVALID",
	FORMAT_UNSUPPORTED: "SOURCE_DATA_INVALID",
	ARCHIVE_VERSION: "SOURCE_DATA_INVALID",
};

/** Tells failures of the archive that is read from those of the archive that is written. */
function toSourceError(error: unknown, key: JobKey, target: string): Error {
	const code = isArchiverError(error) ? SOURCE_CODES[error.code] : undefined;
	const reason = error instanceof Error ? error.message : String(error);
	return new ArchiverError(
		code ?? "SOURCE_UNAVAILABLE",
		`${formatJobKey(key)} cannot be replayed from ${target}: ${reason}`,
		{ ...(isArchiverError(error) ? error.details : {}), ...key },
		{ cause: error },
	);
}

/**
 * Bytes of decoded samples, of 8 bytes each, in a byte of stored data. A sample of JSON takes about six characters with
 * its comma, `12.34,`; gzipped about 1.6 bytes. As columns it takes 0.8 bytes or more in real jobs, and a guess that is
 * too high only makes other jobs wait a little.
 */
const DECODED_PER_STORED_BYTE: Record<DataEncoding, number> = {
	json: 8 / 6,
	"json.gz": 8 / 1.6,
	columnar: 8 / 0.8,
};

/** An estimate of what the samples take once they are decoded. */
function decodedBytesOf(encoding: DataEncoding, bytes: Uint8Array): number {
	const byLength = bytes.byteLength * DECODED_PER_STORED_BYTE[encoding];
	const byText =
		encoding === "json.gz"
			? textBytesOf(bytes) * DECODED_PER_STORED_BYTE.json
			: 0;
	return Math.ceil(Math.max(byLength, byText));
}

/**
 * What the last member of a gzip file says of its text's length, modulo 2^32 (RFC 1952, ISIZE). A file that was written
 * whole has one member. One that was written column by column ends in a short one, which is why its length counts too.
 */
function textBytesOf(bytes: Uint8Array): number {
	if (bytes.byteLength < 4) return 0;
	const { buffer, byteOffset, byteLength } = bytes;
	return new DataView(buffer, byteOffset, byteLength).getUint32(
		byteLength - 4,
		true,
	);
}

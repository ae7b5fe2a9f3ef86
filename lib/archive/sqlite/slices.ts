import type { ByteReader } from "../../codec/columnar/index.js";
import { ArchiverError } from "../../errors.js";
import type { Statements } from "../../sqlite/connection.js";
import { BlobBatch } from "./blob-batch.js";
import { PAGE_BYTES, SLICE_NUMBER_BITS } from "./schema.sql.js";

/** What SQLite keeps of a long row at least in the page that holds its like, and takes of each further page. */
const LEAST_LOCAL_BYTES = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;
const FURTHER_PAGE_BYTES = PAGE_BYTES - 4;
const ROW_HEADER_BYTES = 8;
/**
 * Bytes in a slice of data. A row of this size fills four further pages and leaves the least in its own, of which eight
 * share one; reading a metric of a large job reads little beside it.
 */
export const SLICE_BYTES =
	4 * FURTHER_PAGE_BYTES + LEAST_LOCAL_BYTES - ROW_HEADER_BYTES;
/** What one statement carries at most, so that copying it is not felt on the main thread: in fresh memory 1 MiB takes 3 ms. */
export const STATEMENT_BYTES = 2 ** 19;

/** Bytes that lie in slices, all of them full but the last. */
export interface SlicedData {
	/** Row in `hpc_job_archiver_data`. */
	id: number;
	byteLength: number;
	sliceBytes: number;
}

/** Rows of `hpc_job_archiver_slice` on their way into the database. */
export interface Slice {
	/** Row in `hpc_job_archiver_data`. */
	dataId: number;
	/** Place in the data. */
	number: number;
	bytes: Uint8Array;
}

const STORE_SLICES = `
	INSERT INTO hpc_job_archiver_slice (id, bytes)
	SELECT (value ->> 0 << ${SLICE_NUMBER_BITS}) + (value ->> 1), substr(?2, value ->> 2, value ->> 3)
	FROM json_each(?1)
`;
const LOAD_SLICES = `
	SELECT bytes FROM hpc_job_archiver_slice
	WHERE id BETWEEN (?1 << ${SLICE_NUMBER_BITS}) + ?2 AND (?1 << ${SLICE_NUMBER_BITS}) + ?3
	ORDER BY id
`;

/** Cuts data into slices. The slices are views. */
export function sliced(
	dataId: number,
	firstNumber: number,
	bytes: Uint8Array,
): Slice[] {
	return Array.from(
		{ length: Math.ceil(bytes.byteLength / SLICE_BYTES) },
		(_, i) => ({
			dataId,
			number: firstNumber + i,
			bytes: bytes.subarray(i * SLICE_BYTES, (i + 1) * SLICE_BYTES),
		}),
	);
}

export async function storeSlices(
	statements: Statements,
	slices: readonly Slice[],
): Promise<void> {
	let batch = new BlobBatch();
	for (const { dataId, number, bytes } of slices) {
		batch.addRow([dataId, number, ...batch.addBlob(bytes)]);
		if (batch.byteLength < STATEMENT_BYTES) continue;
		await batch.run(statements, STORE_SLICES);
		batch = new BlobBatch();
	}
	if (batch.rows > 0) await batch.run(statements, STORE_SLICES);
}

/**
 * Reads data whole, into an `ArrayBuffer` of exactly their size.
 *
 * @throws ArchiverError DATA_CORRUPT when slices are missing or of another size, as they are too once the job has been
 * replaced; and why they cannot be read
 */
export function readSliced(
	statements: Pick<Statements, "all">,
	data: SlicedData,
): Promise<Uint8Array<ArrayBuffer>> {
	return readSlices(statements, data, 0, numberAt(data, data.byteLength - 1));
}

/** Reads data by range. Rejects as {@link readSliced} does. */
export class SliceReader implements ByteReader {
	readonly byteLength: number;
	readonly #statements: Pick<Statements, "all">;
	readonly #data: SlicedData;
	/** The first slice and the last: every reader looks there several times, and a small job has no other. */
	readonly #ends = new Map<number, Promise<Uint8Array>>();

	constructor(statements: Pick<Statements, "all">, data: SlicedData) {
		this.byteLength = data.byteLength;
		this.#statements = statements;
		this.#data = data;
	}

	async read(offset: number, length: number): Promise<Uint8Array> {
		const first = numberAt(this.#data, offset);
		const last = numberAt(this.#data, offset + length - 1);
		const bytes = await (first === last && this.#isEnd(first)
			? this.#readEnd(first)
			: readSlices(this.#statements, this.#data, first, last));
		const start = offset - first * this.#data.sliceBytes;
		return bytes.subarray(start, start + length);
	}

	#isEnd(number: number): boolean {
		return number === 0 || number === numberAt(this.#data, this.byteLength - 1);
	}

	#readEnd(number: number): Promise<Uint8Array> {
		let bytes = this.#ends.get(number);
		if (bytes === undefined) {
			bytes = readSlices(this.#statements, this.#data, number, number);
			this.#ends.set(number, bytes);
		}
		return bytes;
	}
}

/** The number of the slice that holds a byte. */
function numberAt({ sliceBytes }: SlicedData, offset: number): number {
	return Math.floor(offset / sliceBytes);
}

async function readSlices(
	statements: Pick<Statements, "all">,
	data: SlicedData,
	first: number,
	last: number,
): Promise<Uint8Array<ArrayBuffer>> {
	const { sliceBytes, byteLength } = data;
	const start = first * sliceBytes;
	const end = Math.min((last + 1) * sliceBytes, byteLength);
	const bytes = new Uint8Array(end - start);
	const perStatement = Math.max(1, Math.floor(STATEMENT_BYTES / sliceBytes));
	for (let from = first; from <= last; from += perStatement) {
		const to = Math.min(from + perStatement - 1, last);
		const rows = await statements.all<{ bytes: Uint8Array }>(LOAD_SLICES, [
			data.id,
			from,
			to,
		]);
		if (rows.length !== to - from + 1) throw missing(from * sliceBytes);
		for (const [i, row] of rows.entries()) {
			const at = (from + i) * sliceBytes;
			if (row.bytes.byteLength !== Math.min(sliceBytes, byteLength - at))
				throw missing(at);
			bytes.set(row.bytes, at - start);
		}
	}
	return bytes;
}

function missing(offset: number): ArchiverError {
	return new ArchiverError(
		"DATA_CORRUPT",
		`slices of the data are missing at offset ${offset}`,
		{ offset },
	);
}

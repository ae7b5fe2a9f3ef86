import type { DataSelection } from "../../schema/metric.js";
import type { Column, MeasuredColumn } from "../column.js";
import {
	blocksOf,
	decodeColumns,
	measuredColumn,
	selectColumns,
} from "./decode.js";
import { type PlacedBlock, readIndex } from "./index-reader.js";
import {
	checkFileHeader,
	checkFileSize,
	checkIndex,
	corrupt,
	HEADER_BYTES,
	readTrailer,
	TRAILER_BYTES,
} from "./layout.js";
import { DEFAULT_LIMITS, type Limits } from "./limits.js";

/** Ranges that lie closer together than this are read at once. */
const MAX_GAP_BYTES = 0;

/** A file, an object in a store, or anything else that gives bytes by range. */
export interface ByteReader {
	readonly byteLength: number;
	/** Resolves to exactly `length` bytes, which the codec only reads. */
	read(offset: number, length: number): Promise<Uint8Array>;
}

/** A job's file of which only the index has been read. */
export interface ColumnarFile {
	/** What was given to `encodeTail`. Null-prototype. */
	readonly info: Readonly<Record<string, string | number>>;
	/** Headers and statistics of every column. */
	readonly columns: readonly MeasuredColumn[];
	/**
	 * Reads and decodes the selected columns: their own frames and what these depend on. Every column owns its samples.
	 *
	 * @throws ArchiverError DATA_CORRUPT with offset and column, and whatever the reader rejects with
	 */
	load(selection?: DataSelection): Promise<Column[]>;
}

/**
 * Reads header, trailer and index.
 *
 * @throws ArchiverError DATA_CORRUPT, FORMAT_UNSUPPORTED, and whatever the reader rejects with
 */
export async function openColumnar(
	reader: ByteReader,
	limits: Readonly<Limits> = DEFAULT_LIMITS,
): Promise<ColumnarFile> {
	checkFileSize(reader.byteLength);
	const [header, trailerBytes] = await Promise.all([
		readExactly(reader, 0, HEADER_BYTES),
		readExactly(reader, reader.byteLength - TRAILER_BYTES, TRAILER_BYTES),
	]);
	checkFileHeader(header);
	const trailer = readTrailer(
		trailerBytes,
		reader.byteLength,
		limits.maxIndexBytes,
	);
	const stored = await readExactly(
		reader,
		trailer.indexOffset,
		trailer.storedBytes,
	);
	checkIndex(stored, trailerBytes, trailer);
	const { info, columns } = readIndex(stored, trailer);
	return {
		info,
		columns: columns.map(measuredColumn),
		async load(selection) {
			const selected = selectColumns(columns, selection);
			const bytes = await readBlocks(reader, blocksOf(selected));
			return decodeColumns(
				selected,
				(block) => bytes.get(block) ?? new Uint8Array(0),
				limits,
			);
		},
	};
}

/** Reads blocks (in file order), neighbours together. */
async function readBlocks(
	reader: ByteReader,
	blocks: readonly PlacedBlock[],
): Promise<Map<PlacedBlock, Uint8Array>> {
	const runs: { start: number; end: number; blocks: PlacedBlock[] }[] = [];
	for (const block of blocks) {
		if (block.byteLength === 0) continue;
		const end = block.byteOffset + block.byteLength;
		const run = runs.at(-1);
		if (run !== undefined && block.byteOffset - run.end <= MAX_GAP_BYTES) {
			run.end = end;
			run.blocks.push(block);
		} else runs.push({ start: block.byteOffset, end, blocks: [block] });
	}
	const result = new Map<PlacedBlock, Uint8Array>();
	await Promise.all(
		runs.map(async (run) => {
			const bytes = await readExactly(reader, run.start, run.end - run.start);
			for (const block of run.blocks) {
				const start = block.byteOffset - run.start;
				result.set(block, bytes.subarray(start, start + block.byteLength));
			}
		}),
	);
	return result;
}

async function readExactly(
	reader: ByteReader,
	offset: number,
	length: number,
): Promise<Uint8Array> {
	const bytes = await reader.read(offset, length);
	if (bytes.length !== length)
		throw corrupt(
			`${bytes.length} bytes came where ${length} were asked for`,
			offset,
		);
	return bytes;
}

import type { DataSelection } from "../../schema/metric.js";
import type { Column, MeasuredColumn } from "../column.js";
import {
	decodeColumns,
	measuredColumn,
	rangesFor,
	selectColumns,
} from "./decode.js";
import type { Placed } from "./index-blocks.js";
import { readIndex } from "./index-reader.js";
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
	const { info, columns } = readIndex(stored, trailer, limits);
	return {
		info,
		columns: columns.map(measuredColumn),
		async load(selection) {
			const selected = selectColumns(columns, selection);
			const bytes = await readRanges(reader, rangesFor(selected));
			return decodeColumns(
				selected,
				(range) => bytes.get(range) ?? new Uint8Array(0),
				limits,
			);
		},
	};
}

/** Reads ranges (in file order), neighbours at once. */
async function readRanges(
	reader: ByteReader,
	ranges: readonly Placed[],
): Promise<Map<Placed, Uint8Array>> {
	const runs: { start: number; end: number; ranges: Placed[] }[] = [];
	for (const range of ranges) {
		const start = range.byteOffset;
		const end = start + range.byteLength;
		const run = runs.at(-1);
		if (start === end) continue;
		if (run?.end === start) {
			run.end = end;
			run.ranges.push(range);
		} else runs.push({ start, end, ranges: [range] });
	}
	const result = new Map<Placed, Uint8Array>();
	await Promise.all(
		runs.map(async (run) => {
			const bytes = await readExactly(reader, run.start, run.end - run.start);
			for (const range of run.ranges) {
				const start = range.byteOffset - run.start;
				result.set(range, bytes.subarray(start, start + range.byteLength));
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

import { crc32 } from "node:zlib";
import { contextClasses } from "./contextual.js";
import {
	decodeDirect,
	decodeIntegers,
	decodeSamples,
	isDirect,
} from "./decode-block.js";
import { type Gaps, readGaps, runsOf, spread } from "./gaps.js";
import type { Placed } from "./index-blocks.js";
import { type IndexedPart, referenceOf, type Segment } from "./index-reader.js";
import { corrupt } from "./layout.js";
import { Scratch } from "./scratch.js";
import { zstdDecompress } from "./zstd.js";

/** Hands out a range of the file. The bytes are only read, and not kept. */
export type BytesOf = (range: Placed) => Uint8Array;

/** The one pattern of segments that miss nothing. */
const NO_PATTERNS: readonly Uint32Array[] = [new Uint32Array(0)];

const integerScratch = new Scratch(Int32Array);

/** Decodes segments of one part; what several of them need is decoded once. */
export class PartDecoder {
	readonly #part: IndexedPart;
	readonly #bytesOf: BytesOf;
	readonly #integers = new Map<number, Int32Array>();
	readonly #classes = new Map<number, Uint8Array>();
	#gaps: Gaps | undefined;
	#lastRuns:
		| {
				lengths: Uint32Array;
				present: number;
				patterns: Uint32Array | null;
				runs: Uint32Array;
		  }
		| undefined;

	constructor(part: IndexedPart, bytesOf: BytesOf) {
		this.#part = part;
		this.#bytesOf = bytesOf;
	}

	/**
	 * @param samples receives all samples of the segment, NaN where one is missing.
	 * @throws ArchiverError DATA_CORRUPT
	 */
	decode(segment: Segment, samples: Float64Array): void {
		const { position, present, block, column } = segment;
		naming(column, block.byteOffset, () => {
			const runs = this.#runsOf(segment);
			if (isDirect(block) && !this.#part.referenced.has(position)) {
				const reference = referenceOf(block);
				decodeDirect(
					block,
					this.#checkedBytes(segment),
					reference === undefined
						? undefined
						: this.#integersOf(this.#part.segments[reference]),
					samples,
					runs,
				);
				return;
			}
			decodeSamples(
				block,
				() => this.#checkedBytes(segment),
				() => this.#integersOf(segment),
				samples.subarray(samples.length - present),
			);
			spread(samples, present, runs);
		});
	}

	/** Where the segment's samples go; segments with the same places share it. */
	#runsOf({ position, lengths, present, samples }: Segment): Uint32Array {
		const patterns =
			present === samples ? null : this.#readGaps().segments[position];
		const last = this.#lastRuns;
		if (
			last !== undefined &&
			last.patterns === patterns &&
			last.present === present &&
			last.lengths.length === lengths.length &&
			last.lengths.every((length, series) => length === lengths[series])
		)
			return last.runs;
		const runs = runsOf(
			lengths,
			present,
			patterns === null ? NO_PATTERNS : this.#readGaps().patterns,
			patterns,
		);
		this.#lastRuns = { lengths, present, patterns, runs };
		return runs;
	}

	/** Integers of a segment, kept where other segments are told from it. */
	#integersOf(segment: Segment): Int32Array {
		const { position, present, block, column } = segment;
		const known = this.#integers.get(position);
		if (known !== undefined) return known;
		const kept = this.#part.referenced.has(position);
		const reference = referenceOf(block);
		// Before this segment's own integers, which share scratch with those of others.
		const other =
			reference === undefined ? undefined : this.#part.segments[reference];
		const otherIntegers = other && this.#integersOf(other);
		const integers = kept
			? new Int32Array(present)
			: integerScratch.take(present);
		naming(column, block.byteOffset, () =>
			decodeIntegers(
				block,
				this.#checkedBytes(segment),
				integers,
				otherIntegers,
				() => this.#classesOf(reference as number),
			),
		);
		if (kept) this.#integers.set(position, integers);
		return integers;
	}

	#classesOf(position: number): Uint8Array {
		let classes = this.#classes.get(position);
		if (classes === undefined) {
			classes = contextClasses(this.#integers.get(position) as Int32Array);
			if (classes === undefined)
				throw new RangeError("its context lies too far apart");
			this.#classes.set(position, classes);
		}
		return classes;
	}

	#checkedBytes({ block, column }: Segment): Uint8Array {
		if (block.inline !== undefined) return block.inline;
		const bytes = this.#bytesOf(block);
		if (crc32(bytes) !== block.checksum)
			throw corrupt(
				"the checksum of its frames does not match",
				block.byteOffset,
				column,
			);
		return bytes;
	}

	#readGaps(): Gaps {
		if (this.#gaps !== undefined) return this.#gaps;
		const frame = this.#part.gaps;
		if (frame === undefined)
			throw new RangeError("there is no frame of missing samples");
		const stored = frame.inline ?? this.#bytesOf(frame);
		if (frame.inline === undefined && crc32(stored) !== frame.checksum)
			throw corrupt(
				"the checksum of the frame of missing samples does not match",
				frame.byteOffset,
			);
		let bytes = stored;
		if (frame.rawBytes !== frame.storedBytes) {
			bytes = new Uint8Array(frame.rawBytes);
			const problem = zstdDecompress(bytes, stored);
			if (problem !== undefined) throw corrupt(problem, frame.byteOffset);
		}
		try {
			this.#gaps = readGaps(
				bytes,
				this.#part.segments.map(({ lengths }) => lengths.length),
			);
		} catch (error) {
			if (!(error instanceof RangeError)) throw error;
			throw corrupt(`missing samples: ${error.message}`, frame.byteOffset);
		}
		return this.#gaps;
	}
}

/** Runs `decode`; what it finds wrong becomes an error with column and offset. */
function naming(column: string, offset: number, decode: () => void): void {
	try {
		decode();
	} catch (error) {
		if (error instanceof RangeError)
			throw corrupt(error.message, offset, column);
		throw error;
	}
}

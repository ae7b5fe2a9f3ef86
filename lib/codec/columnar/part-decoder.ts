import { crc32 } from "node:zlib";
import { classifyLevels } from "./contextual.js";
import {
	collectIntegers,
	decodeDoubles,
	decodeSamples,
	hasIntegers,
	type Integers,
	knownIntegers,
	openIntegers,
} from "./decode-block.js";
import { type Gaps, readGaps } from "./gaps.js";
import type { Placed } from "./index-blocks.js";
import { type IndexedPart, referenceOf, type Segment } from "./index-reader.js";
import { corrupt } from "./layout.js";
import { type Placement, placementOf, spread } from "./placement.js";
import { zstdDecompress } from "./zstd.js";

/** Hands out a range of the file. The bytes are only read, and not kept. */
export type BytesOf = (range: Placed) => Uint8Array;

/** Decodes segments of one part; what several of them need is decoded once. */
export class PartDecoder {
	readonly #part: IndexedPart;
	readonly #bytesOf: BytesOf;
	readonly #integers = new Map<number, Int32Array>();
	readonly #classes = new Map<number, Uint8Array>();
	#gaps: Gaps | undefined;
	#lastPlacement:
		| {
				lengths: Uint32Array;
				patterns: Uint32Array | null;
				placement: Placement;
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
		const { present, block, column } = segment;
		naming(column, block.byteOffset, () => {
			const placement = this.#placementOf(segment);
			if (hasIntegers(block)) {
				const bytes = this.#checkedBytes(segment);
				const integers = this.#part.referenced.has(segment.position)
					? knownIntegers(this.#keptIntegers(segment))
					: this.#openIntegers(segment, bytes);
				decodeSamples(block, bytes, integers, placement, samples);
				return;
			}
			decodeDoubles(
				block,
				this.#checkedBytes(segment),
				samples.subarray(samples.length - present),
			);
			spread(placement, samples);
		});
	}

	/** Where the segment's samples go; segments with the same places share it. */
	#placementOf({ position, lengths, present, samples }: Segment): Placement {
		const patterns =
			present === samples ? null : this.#readGaps().segments[position];
		const last = this.#lastPlacement;
		if (
			last !== undefined &&
			last.patterns === patterns &&
			last.placement.present === present &&
			sameNumbers(last.lengths, lengths)
		)
			return last.placement;
		const placement = placementOf(
			lengths,
			present,
			patterns === null ? [] : this.#readGaps().patterns,
			patterns,
		);
		this.#lastPlacement = { lengths, patterns, placement };
		return placement;
	}

	/** Integers of a segment that others are told from. */
	#keptIntegers(segment: Segment): Int32Array {
		const { position, present, block, column } = segment;
		let integers = this.#integers.get(position);
		if (integers === undefined) {
			integers = new Int32Array(present);
			const target = integers;
			naming(column, block.byteOffset, () =>
				collectIntegers(
					this.#openIntegers(segment, this.#checkedBytes(segment)),
					target,
				),
			);
			this.#integers.set(position, integers);
		}
		return integers;
	}

	#openIntegers(segment: Segment, bytes: Uint8Array): Integers {
		const { present, block } = segment;
		const reference = referenceOf(block);
		return openIntegers(
			block,
			bytes,
			present,
			reference === undefined
				? undefined
				: this.#keptIntegers(this.#part.segments[reference]),
			() => this.#classesOf(reference as number),
		);
	}

	#classesOf(position: number): Uint8Array {
		let classes = this.#classes.get(position);
		if (classes === undefined) {
			const levels = classifyLevels(this.#integers.get(position) as Int32Array);
			if (levels === undefined)
				throw new RangeError("its context lies too far apart");
			classes = levels.classes;
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

function sameNumbers(a: Uint32Array, b: Uint32Array): boolean {
	return a.length === b.length && a.every((number, i) => number === b[i]);
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

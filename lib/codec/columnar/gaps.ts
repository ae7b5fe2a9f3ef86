import { VarintReader, VarintWriter } from "./varint.js";

/** Entries of a segment's list: no gaps, a list of its own, or (from this on) the list of an earlier segment. */
const NO_GAPS = 0;
const OWN_LIST = 1;
const SAME_AS = 2;

/**
 * Missing samples of all series of a part. A series' gaps are a pattern: runs of (samples there, samples missing).
 * Hosts miss the same samples in all their metrics, so a pattern is stored once and named by number; 0 is none.
 */
export class GapTable {
	/** `skip, length` pairs of all patterns. */
	#runs = new Uint32Array(64);
	#end = 0;
	/** Start of each pattern in `#runs`, and the end of the last. */
	#starts: number[] = [0];
	#patternByHash = new Map<number, number>();
	#hash = 0;
	readonly #writer = new VarintWriter();

	reset(): void {
		this.#end = 0;
		this.#starts = [0];
		this.#patternByHash.clear();
	}

	/** Adds a run to the series at hand: `skip` samples are there, then `length` are missing. */
	add(skip: number, length: number): void {
		if (this.#end + 2 > this.#runs.length) {
			const grown = new Uint32Array(2 * this.#runs.length);
			grown.set(this.#runs);
			this.#runs = grown;
		}
		this.#runs[this.#end++] = skip;
		this.#runs[this.#end++] = length;
		this.#hash = Math.imul(this.#hash ^ skip, 0x9e3779b1) ^ length;
	}

	/** Ends the series at hand. @returns the number of its pattern. */
	endSeries(): number {
		const last = this.#starts.length - 1;
		const start = this.#starts[last];
		if (this.#end === start) return 0;
		// Patterns whose hashes collide are not shared: that costs bytes, not correctness.
		const known = this.#patternByHash.get(this.#hash);
		if (known !== undefined && this.#equalsLast(known)) {
			this.#end = start;
			this.#hash = 0;
			return known;
		}
		this.#starts.push(this.#end);
		const pattern = this.#starts.length - 1;
		this.#patternByHash.set(this.#hash, pattern);
		this.#hash = 0;
		return pattern;
	}

	/** Runs of each pattern; the first, of number 0, is empty. Views, valid until the next addition. */
	patterns(): Uint32Array[] {
		return this.#starts.map((end, pattern) =>
			this.#runs.subarray(pattern === 0 ? end : this.#starts[pattern - 1], end),
		);
	}

	/**
	 * The content of a part's frame of gaps.
	 *
	 * @param segments for each segment the pattern of each series, or null when nothing is missing.
	 * @returns undefined when nothing is missing at all; else a view, valid until the next call.
	 */
	serialize(segments: readonly (Uint32Array | null)[]): Uint8Array | undefined {
		if (this.#starts.length === 1) return undefined;
		const writer = this.#writer;
		writer.reset();
		writer.write(this.#starts.length - 1);
		for (let pattern = 1; pattern < this.#starts.length; pattern++) {
			const start = this.#starts[pattern - 1];
			const end = this.#starts[pattern];
			writer.write((end - start) / 2);
			for (let i = start; i < end; i++) writer.write(this.#runs[i]);
		}
		segments.forEach((patterns, segment) => {
			const same = segments.findIndex((other) => samePatterns(patterns, other));
			if (patterns === null) writer.write(NO_GAPS);
			else if (same < segment) writer.write(SAME_AS + same);
			else {
				writer.write(OWN_LIST);
				for (const pattern of patterns) writer.write(pattern);
			}
		});
		return writer.written();
	}

	#equalsLast(pattern: number): boolean {
		const start = this.#starts[pattern - 1];
		const length = this.#starts[pattern] - start;
		const last = this.#starts[this.#starts.length - 1];
		if (this.#end - last !== length) return false;
		for (let i = 0; i < length; i++)
			if (this.#runs[start + i] !== this.#runs[last + i]) return false;
		return true;
	}
}

/** Whether two columns miss the same samples; null: none. */
export function samePatterns(
	a: Uint32Array | null,
	b: Uint32Array | null,
): boolean {
	if (a === null || b === null) return a === b;
	if (a.length !== b.length) return false;
	for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
	return true;
}

/** A part's gaps, read. */
export interface Gaps {
	/** Runs of each pattern; the first, of number 0, is empty. */
	patterns: Uint32Array[];
	/** For each segment the pattern of each series, or null when nothing is missing. */
	segments: (Uint32Array | null)[];
}

/**
 * Reads what {@link GapTable.serialize} wrote.
 *
 * @param seriesCounts series of each segment.
 * @throws RangeError when the bytes are not such a table.
 */
export function readGaps(
	bytes: Uint8Array,
	seriesCounts: readonly number[],
): Gaps {
	const reader = new VarintReader(bytes);
	const patterns: Uint32Array[] = [new Uint32Array(0)];
	for (let count = reader.read(); count > 0; count--) {
		const pattern = readList(reader, 2 * reader.read());
		// Each run takes a place, so there are never more runs than samples.
		for (let i = 1; i < pattern.length; i += 2)
			if (pattern[i] === 0) throw new RangeError("a gap is empty");
		patterns.push(pattern);
	}
	const segments: (Uint32Array | null)[] = [];
	for (const series of seriesCounts) {
		const entry = reader.read();
		if (entry === NO_GAPS) segments.push(null);
		else if (entry === OWN_LIST) {
			const list = readList(reader, series);
			if (list.some((pattern) => pattern >= patterns.length))
				throw new RangeError("a pattern does not exist");
			segments.push(list);
		} else {
			const same = segments[entry - SAME_AS];
			if (same === undefined || same?.length !== series)
				throw new RangeError("a list of patterns does not exist");
			segments.push(same);
		}
	}
	reader.end();
	return { patterns, segments };
}

function readList(reader: VarintReader, length: number): Uint32Array {
	// A number takes a byte at least, which bounds what is allocated.
	if (length > reader.bytesLeft) throw new RangeError("numbers are missing");
	const list = new Uint32Array(length);
	for (let i = 0; i < length; i++) list[i] = reader.read();
	return list;
}

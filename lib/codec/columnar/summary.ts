import type { MeasuredColumn } from "../column.js";

/**
 * How the integers of a column lie in its frames. `level`, `delta` and `difference` are byte planes of the integers
 * after that transform, the first of `lowBits` bits; the two `contextual` ones are coded by context. `reference` is the position of another column
 * in the part that this one is told from, and that is told from none.
 */
export type Coding =
	| { kind: "level"; lowBits: number; base: number }
	| { kind: "delta"; lowBits: number }
	| { kind: "difference"; lowBits: number; reference: number }
	| { kind: "contextual-level" | "contextual-delta"; reference?: number };

/** What the samples of a column are. */
export type Encoding =
	/** All the same; there are no frames. */
	| { kind: "constant"; value: number }
	/** Doubles, as eight byte planes. */
	| { kind: "raw" }
	/** 32-bit integers divided by `scale`; `exceptions` of them are patched from the last frame. */
	| { kind: "integers"; scale: number; exceptions: number; coding: Coding }
	/** Larger integers divided by `scale`, as byte planes of levels above `base`, or of deltas without it. */
	| { kind: "wide"; scale: number; base?: number }
	/** Positions in a dictionary of `size` doubles, which is the last frame. */
	| { kind: "dictionary"; size: number; coding: Coding };

/** The bytes of one column within a part: frames back to back, possibly none. */
export interface Block {
	encoding: Encoding;
	/** Stored bytes of each frame. */
	frameBytes: number[];
	/** CRC-32 over all frames. */
	checksum: number;
	/** The frames themselves when they are so short that the index takes them, under its own checksum. */
	inline?: Uint8Array;
}

/** One column of a part: what the index will say of it. Its header is without `statisticsSeries`. */
export interface ColumnSummary extends MeasuredColumn {
	/** Scale at which the statistics are probably integers; 0: at none. */
	statisticsScale: number;
	block: Block;
}

/** Statistics over the series of a column that a source brought: stored like a column, one series a role. */
export interface StatisticsSeriesSummary {
	/** Position of the column among the part's. */
	column: number;
	/** `min`, `median`, `max`, `mean`, or `p` and the percentile's name. */
	roles: string[];
	lengths: Uint32Array;
	/** Samples that are there. */
	present: number;
	block: Block;
}

/** The frame of a part's missing samples. */
export interface GapFrame {
	storedBytes: number;
	rawBytes: number;
	/** CRC-32. */
	checksum: number;
	/** The frame itself when it is so short that the index takes it. */
	inline?: Uint8Array;
}

/**
 * All that encoding a part leaves behind beside its frames. Plain data, owned by whoever holds it: it may be cloned
 * to another thread, and kept until the job's tail is written.
 */
export interface PartSummary {
	/** Bytes of the part's frames in the file. */
	byteLength: number;
	columns: ColumnSummary[];
	statisticsSeries: StatisticsSeriesSummary[];
	/** Absent when no sample is missing. */
	gaps?: GapFrame;
}

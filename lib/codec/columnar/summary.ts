import type { MeasuredColumn } from "../column.js";

/** How the samples of one column lie in its block. */
export type Encoding = { kind: "constant"; value: number } | { kind: "raw" };

/** The bytes of one column within a part: frames back to back, none for a constant. */
export interface Block {
	encoding: Encoding;
	/** Stored bytes of each frame. */
	frameBytes: number[];
	/** CRC-32 over all frames. */
	checksum: number;
}

/** One column of a part: what the index will say of it. Its header is without `statisticsSeries`. */
export interface ColumnSummary extends MeasuredColumn {
	block: Block;
}

/** Statistics over the series of a column that a source brought: stored like a column, one series a role. */
export interface StatisticsSeriesSummary {
	/** Position of the column among the part's. */
	column: number;
	/** `min`, `median`, `max`, `mean`, or `p` and the percentile's name. */
	roles: string[];
	lengths: Uint32Array;
	block: Block;
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
}

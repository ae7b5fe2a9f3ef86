import type { Column } from "../../codec/column.js";
import type {
	KeyList,
	LineProblem,
	TimestampPrecision,
} from "../../codec/line-protocol/index.js";

/** Reads lines of line protocol. Transferred: `text`. */
export interface ParseTask {
	kind: "parse";
	text: ArrayBuffer;
	/** Bytes of `text` that are lines. */
	textBytes: number;
	precision: TimestampPrecision;
}

/** Lines as columns. Transferred: every array, and `text`. */
export interface ParsedLines {
	/** Distinct series keys. */
	keys: KeyList;
	/** By sample: the number of its key. */
	keyNumbers: Uint32Array<ArrayBuffer>;
	values: Float64Array<ArrayBuffer>;
	/** By sample: Unix seconds; NaN where the line has no time. */
	seconds: Float64Array<ArrayBuffer>;
	/** By sample: its line, counted from 0. */
	lines: Uint32Array<ArrayBuffer>;
	/** Lines of any kind. */
	lineCount: number;
	malformed: number;
	problems: LineProblem[];
	/** The task's own, to be used again. */
	text: ArrayBuffer;
}

/** Encodes columns for a snapshot. Transferred: the one buffer that holds the samples of all of them. */
export interface PackTask {
	kind: "pack";
	columns: readonly Column[];
	buffer: ArrayBuffer;
}

/** Transferred: `bytes`, `buffer`. */
export interface PackedColumns {
	/** A columnar file: see `encodeFile`. */
	bytes: Uint8Array<ArrayBuffer>;
	/** The task's own, to be used again. */
	buffer: ArrayBuffer;
}

/** The part of a `WorkerPool` that the store uses. */
export interface StorePool {
	run(task: ParseTask, options?: TransferOptions): Promise<ParsedLines>;
	run(task: PackTask, options?: TransferOptions): Promise<PackedColumns>;
}

interface TransferOptions {
	transfer?: readonly ArrayBuffer[];
}

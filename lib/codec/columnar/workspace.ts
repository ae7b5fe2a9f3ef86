import { kernels } from "./kernels.js";

/** Samples that a kernel takes at once. Places within a block fit 16 bits. */
export const BLOCK_SAMPLES = 2 ** 12;
/** Integers that stand for a column when its coding is chosen. */
export const PROBES = 2 ** 10;

/** Bytes of a vector: what arrays begin at a multiple of. */
const VECTOR_BYTES = 16;
const PAGE_BYTES = 2 ** 16;
/** For the arrays of a block, and for small jobs. */
const FIRST_PAGES = 4;
const MAX_BYTES = 2 ** 32;

/**
 * The memory that kernels work on, one a thread: arrays for a block of samples, and behind them room for what is kept of
 * whole columns. It holds what passes from kernel to kernel, and is what zstd reads from and writes to, so that only
 * samples are copied, in and out.
 */
export type Workspace = ReturnType<typeof arraysOf>["arrays"];

/** Room for whole columns: views, valid until the next {@link takeRoom}. */
export interface Room {
	integers: Int32Array;
	/** One behind the other. */
	planes: Uint8Array;
	/** Of a dictionary. */
	values: Float64Array;
	/** Of its hash table. */
	slots: Int32Array;
}

interface TypedArrayConstructor<T> {
	new (memory: ArrayBuffer, byteOffset: number, length: number): T;
}

const { memory } = kernels;
memory.grow(FIRST_PAGES);
const { arrays, end: roomAt } = arraysOf(memory.buffer);

/** The arrays of the block at hand. They are others once the memory has grown: take them from here whenever needed. */
export const workspace: Workspace = arrays;

/** Room for so many of each, with arbitrary content. */
export function takeRoom({
	integers = 0,
	planes = 0,
	values = 0,
	slots = 0,
}: { [array in keyof Room]?: number }): Room {
	reserve(
		roomAt +
			[4 * integers, planes, 8 * values, 4 * slots]
				.map(padded)
				.reduce((sum, byteLength) => sum + byteLength),
	);
	const { take } = takeFrom(memory.buffer, roomAt);
	return {
		integers: take(Int32Array, integers),
		planes: take(Uint8Array, planes),
		values: take(Float64Array, values),
		slots: take(Int32Array, slots),
	};
}

/** Makes the memory as large, and larger than that if it has to grow. */
function reserve(byteLength: number): void {
	const before = memory.buffer.byteLength;
	if (byteLength <= before) return;
	const wanted = Math.max(byteLength, Math.min(1.25 * byteLength, MAX_BYTES));
	memory.grow(Math.ceil((wanted - before) / PAGE_BYTES));
	Object.assign(workspace, arraysOf(memory.buffer).arrays);
}

/** Lays out the arrays of a block. @returns where they end, too. */
function arraysOf(buffer: ArrayBuffer) {
	const { take, end } = takeFrom(buffer, 0);
	const arrays = {
		/** Samples of a block. */
		values: take(Float64Array, BLOCK_SAMPLES),
		/** The same with those that are missing. */
		placed: take(Float64Array, BLOCK_SAMPLES),
		/** Where each of them belongs when some are missing. */
		places: take(Uint16Array, BLOCK_SAMPLES),
		/** Where samples begin and cease to be missing. */
		edges: take(Uint16Array, BLOCK_SAMPLES),
		/** Integers of a block that is decoded. */
		integers: take(Int32Array, BLOCK_SAMPLES),
		/** Integers of the column that they are told from. */
		references: take(Int32Array, BLOCK_SAMPLES),
		/** Sum, minimum and maximum of the series at hand. */
		tally: take(Float64Array, 3),
		/** Integers that stand for a column. */
		probes: take(Int32Array, PROBES),
		/** Those of the column that it might be told from. */
		otherProbes: take(Int32Array, PROBES),
		/** What of them would go into planes. */
		numbers: take(Int32Array, PROBES),
		/** Four counts of each value of a byte. */
		histogram: take(Uint16Array, 4 * 256),
		/** `n * log2(n)` of each count of probes. */
		countBits: take(Float64Array, PROBES + 1),
	};
	return { arrays, end: end() };
}

/** Takes arrays from a buffer, one behind the other. */
function takeFrom(buffer: ArrayBuffer, start: number) {
	let end = start;
	return {
		take<T>(kind: TypedArrayConstructor<T>, length: number): T {
			const array = new kind(buffer, end, length);
			end += padded((array as ArrayBufferView).byteLength);
			return array;
		},
		end: () => end,
	};
}

function padded(byteLength: number): number {
	return Math.ceil(byteLength / VECTOR_BYTES) * VECTOR_BYTES;
}

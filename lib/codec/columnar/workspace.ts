import { kernels } from "./kernels.js";

/** Samples that a kernel takes at once. Places within a block fit 16 bits. */
export const BLOCK_SAMPLES = 2 ** 12;

/** Bytes of a vector: what arrays begin at a multiple of. */
const VECTOR_BYTES = 16;
const PAGE_BYTES = 2 ** 16;
const MAX_BYTES = 2 ** 32;

/**
 * The memory that kernels work on, one a thread: arrays for a block of samples, and behind them room for what is kept of
 * whole columns. It holds what passes from kernel to kernel, and is what zstd reads from and writes to, so that only
 * samples are copied, in and out.
 */
export interface Workspace {
	/** Samples of a block. */
	values: Float64Array;
	/** Where each of them belongs when some are missing. */
	places: Uint16Array;
	/** Integers of a block that is decoded. */
	integers: Int32Array;
	/** Integers of the column that they are told from. */
	references: Int32Array;
	/** Where samples begin and cease to be missing. */
	edges: Uint16Array;
	/** Sum, minimum and maximum of the series at hand. */
	tally: Float64Array;
}

/** Room for whole columns: views, valid until the next {@link takeRoom}. */
export interface Room {
	integers: Int32Array;
	planes: Uint8Array;
}

let end = 0;
const [valuesAt, placesAt, integersAt, referencesAt, edgesAt, tallyAt] = [
	8 * BLOCK_SAMPLES,
	2 * BLOCK_SAMPLES,
	4 * BLOCK_SAMPLES,
	4 * BLOCK_SAMPLES,
	2 * BLOCK_SAMPLES,
	3 * 8,
].map(place);
const roomAt = end;

kernels.memory.grow(Math.ceil(roomAt / PAGE_BYTES));

/** The arrays of the block at hand. They are others once the memory has grown: take them from here whenever needed. */
export const workspace: Workspace = arraysOf(kernels.memory.buffer);

/** Room for so many integers and bytes of planes, with arbitrary content. */
export function takeRoom(integers: number, planeBytes: number): Room {
	end = roomAt;
	const integersAt = place(4 * integers);
	const planesAt = place(planeBytes);
	const { memory } = kernels;
	if (end > memory.buffer.byteLength) {
		const wanted = Math.max(end, Math.min(1.25 * end, MAX_BYTES));
		memory.grow(Math.ceil((wanted - memory.buffer.byteLength) / PAGE_BYTES));
		Object.assign(workspace, arraysOf(memory.buffer));
	}
	return {
		integers: new Int32Array(memory.buffer, integersAt, integers),
		planes: new Uint8Array(memory.buffer, planesAt, planeBytes),
	};
}

/** @returns where `byteLength` bytes begin. */
function place(byteLength: number): number {
	const start = end;
	end += Math.ceil(byteLength / VECTOR_BYTES) * VECTOR_BYTES;
	return start;
}

function arraysOf(memory: ArrayBuffer): Workspace {
	return {
		values: new Float64Array(memory, valuesAt, BLOCK_SAMPLES),
		places: new Uint16Array(memory, placesAt, BLOCK_SAMPLES),
		integers: new Int32Array(memory, integersAt, BLOCK_SAMPLES),
		references: new Int32Array(memory, referencesAt, BLOCK_SAMPLES),
		edges: new Uint16Array(memory, edgesAt, BLOCK_SAMPLES),
		tally: new Float64Array(memory, tallyAt, 3),
	};
}

import { kernels } from "./kernels.js";
import { workspace } from "./workspace.js";

// From planes to integers, a block at a time: the planes of the whole column lie in the workspace, references come from
// there, integers go there.

/** A column's planes, one behind the other, each of `stride` bytes. There are {@link planesTaken}, if need be of zeros. */
export interface Planes {
	bytes: Uint8Array;
	stride: number;
	planeCount: number;
	/** Bits of the lowest plane. */
	lowBits: number;
}

/** Planes that must be there for `planeCount` planes of a column. */
export function planesTaken(planeCount: number): number {
	return planeCount > 2 ? 4 : 2;
}

export function integersFromLevels(
	planes: Planes,
	from: number,
	count: number,
	base: number,
): void {
	kernels.integersFromLevels(
		...planesAt(planes, from),
		planes.lowBits,
		count,
		base,
		workspace.integers.byteOffset,
	);
}

/** @param before the integer before the block. @returns the last one of it. */
export function integersFromDeltas(
	planes: Planes,
	from: number,
	count: number,
	before: number,
): number {
	kernels.integersFromDeltas(
		...planesAt(planes, from),
		planes.lowBits,
		count,
		before,
		workspace.integers.byteOffset,
	);
	return count === 0 ? before : workspace.integers[count - 1];
}

export function integersFromDifferences(
	planes: Planes,
	from: number,
	count: number,
): void {
	kernels.integersFromDifferences(
		...planesAt(planes, from),
		planes.lowBits,
		count,
		workspace.references.byteOffset,
		workspace.integers.byteOffset,
	);
}

/** Where the planes of a block lie; 0 stands for those above the second when there are none. */
function planesAt(
	{ bytes: { byteOffset }, stride, planeCount }: Planes,
	from: number,
): [first: number, second: number, third: number, fourth: number] {
	const first = byteOffset + from;
	const second = first + stride;
	return planesTaken(planeCount) === 2
		? [first, second, 0, 0]
		: [first, second, second + stride, second + 2 * stride];
}

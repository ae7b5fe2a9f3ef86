import { kernels } from "./kernels.js";

// From integers to planes: both lie in the workspace. The planes are the inverse of those in plane-integers.ts.

/** Most planes of 32-bit numbers. */
export const MAX_PLANES = 4;

/** Two planes of a column's integers: the bits of `firstMask` from `firstShift` on, and eight from `secondShift` on. */
type SplitPair = (
	firstShift: number,
	firstMask: number,
	secondShift: number,
	first: number,
	second: number,
) => number;

/** Planes of the heights above `base`. */
export function planesOfLevels(
	integers: Int32Array,
	base: number,
	lowBits: number,
	planes: Uint8Array,
): number {
	const { byteOffset, length } = integers;
	return split(lowBits, length, planes, (...pair) =>
		kernels.planesOfLevels(byteOffset, length, base, ...pair),
	);
}

/** Planes of the steps from integer to integer. */
export function planesOfDeltas(
	integers: Int32Array,
	lowBits: number,
	planes: Uint8Array,
): number {
	const { byteOffset, length } = integers;
	return split(lowBits, length, planes, (...pair) =>
		kernels.planesOfDeltas(byteOffset, length, ...pair),
	);
}

/** Planes of the distances to another column's integers. */
export function planesOfDifferences(
	integers: Int32Array,
	references: Int32Array,
	lowBits: number,
	planes: Uint8Array,
): number {
	const { byteOffset, length } = integers;
	return split(lowBits, length, planes, (...pair) =>
		kernels.planesOfDifferences(
			byteOffset,
			length,
			references.byteOffset,
			...pair,
		),
	);
}

/**
 * Splits numbers into planes, one behind the other: the lowest of `lowBits` bits, those above of eight.
 *
 * @param planes room for {@link MAX_PLANES} planes.
 * @param splitPair splits off two of them. @returns the numbers OR-ed together.
 * @returns how many planes the numbers take; when they are more than there is room for, not all are there.
 */
function split(
	lowBits: number,
	count: number,
	planes: Uint8Array,
	splitPair: SplitPair,
): number {
	const [first, second, third, fourth] = [0, 1, 2, 3].map(
		(plane) => planes.byteOffset + plane * count,
	);
	const used = splitPair(0, 2 ** lowBits - 1, lowBits, first, second);
	const bits = 32 - Math.clz32(used);
	if (bits === 0) return 0;
	const planeCount = 1 + Math.max(0, Math.ceil((bits - lowBits) / 8));
	if (planeCount > 2) splitPair(lowBits + 8, 255, lowBits + 16, third, fourth);
	return planeCount;
}

import { workspace } from "./workspace.js";

// From integers to planes, a block at a time: integers and references come from the workspace, planes go there. All return
// the numbers in the planes OR-ed together. The planes are the inverse of those in plane-integers.ts.

const [first, second, third, fourth] = workspace.planes;
const { integers, numbers, references } = workspace;

/** Most planes of 32-bit numbers. */
export const MAX_PLANES = 4;

/**
 * Planes that numbers are split into: the lowest of `lowBits` bits, those above of eight.
 *
 * @param used all the numbers OR-ed together.
 */
export function planesFor(used: number, lowBits: number): number {
	const bits = 32 - Math.clz32(used);
	return bits === 0 ? 0 : 1 + Math.max(0, Math.ceil((bits - lowBits) / 8));
}

/** The first two planes of the heights above `base`. */
export function planesOfLevels(
	base: number,
	lowBits: number,
	count: number,
): number {
	const mask = 2 ** lowBits - 1;
	let used = 0;
	for (let i = 0; i < count; i++) {
		const level = (integers[i] - base) | 0;
		numbers[i] = level;
		used |= level;
		first[i] = level & mask;
		second[i] = level >>> lowBits;
	}
	return used;
}

/** The first two planes of the steps from integer to integer. @param before the integer before the block. */
export function planesOfDeltas(
	before: number,
	lowBits: number,
	count: number,
): number {
	const mask = 2 ** lowBits - 1;
	let used = 0;
	let previous = before | 0;
	for (let i = 0; i < count; i++) {
		const integer = integers[i];
		const step = (integer - previous) | 0;
		const folded = (step << 1) ^ (step >> 31);
		numbers[i] = folded;
		used |= folded;
		first[i] = folded & mask;
		second[i] = folded >>> lowBits;
		previous = integer;
	}
	return used;
}

/** The first two planes of the distances to another column's integers. */
export function planesOfDifferences(lowBits: number, count: number): number {
	const mask = 2 ** lowBits - 1;
	let used = 0;
	for (let i = 0; i < count; i++) {
		const distance = (integers[i] - references[i]) | 0;
		const folded = (distance << 1) ^ (distance >> 31);
		numbers[i] = folded;
		used |= folded;
		first[i] = folded & mask;
		second[i] = folded >>> lowBits;
	}
	return used;
}

/** The third and fourth plane of the block that was split last. */
export function upperPlanes(lowBits: number, count: number): void {
	const thirdShift = lowBits + 8;
	const fourthShift = lowBits + 16;
	for (let i = 0; i < count; i++) {
		third[i] = numbers[i] >>> thirdShift;
		fourth[i] = numbers[i] >>> fourthShift;
	}
}

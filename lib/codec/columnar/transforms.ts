/**
 * What integers go through before they are split into planes. Each takes signed 32-bit integers to unsigned ones, and
 * returns all of them OR-ed together, which tells how many planes there are. Arithmetic wraps at 32 bits, so that every
 * step has an inverse whatever the integers are.
 */
export type Transform = "level" | "delta" | "difference";

/** The height above the smallest. */
export function toLevels(
	integers: Int32Array,
	base: number,
	numbers: Uint32Array,
): number {
	let used = 0;
	for (let i = 0; i < integers.length; i++) {
		const level = (integers[i] - base) | 0;
		numbers[i] = level;
		used |= level;
	}
	return used;
}

/** The step from the integer before, over the whole column as one stream; the first from 0. */
export function toDeltas(integers: Int32Array, numbers: Uint32Array): number {
	let used = 0;
	let previous = 0;
	for (let i = 0; i < integers.length; i++) {
		const integer = integers[i];
		const folded = zigzag((integer - previous) | 0);
		numbers[i] = folded;
		used |= folded;
		previous = integer;
	}
	return used;
}

/** The distance to another column's integer at the same place. */
export function toDifferences(
	integers: Int32Array,
	reference: Int32Array,
	numbers: Uint32Array,
): number {
	let used = 0;
	for (let i = 0; i < integers.length; i++) {
		const folded = zigzag((integers[i] - reference[i]) | 0);
		numbers[i] = folded;
		used |= folded;
	}
	return used;
}

export function smallest(integers: Int32Array): number {
	let min = integers.length === 0 ? 0 : integers[0];
	for (let i = 1; i < integers.length; i++)
		if (integers[i] < min) min = integers[i];
	return min;
}

/** 0, -1, 1, -2, ... become 0, 1, 2, 3, ...: small magnitudes of either sign keep their high bytes zero. */
function zigzag(signed: number): number {
	return (signed << 1) ^ (signed >> 31);
}

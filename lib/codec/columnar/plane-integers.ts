import { workspace } from "./workspace.js";

// From planes to integers, a block at a time: planes and references come from the workspace, integers go there. Planes
// that a column does not have are zeros there, up to the second, or to the fourth when it has more than two.

const [first, second, third, fourth] = workspace.planes;
const { integers, references } = workspace;

/** Planes that are there for `planeCount` planes of a column. */
export function planesTaken(planeCount: number): number {
	return planeCount > 2 ? 4 : 2;
}

export function integersFromLevels(
	planeCount: number,
	lowBits: number,
	base: number,
	count: number,
): void {
	if (planeCount > 2) {
		joinFour(lowBits, count);
		addBase(base, count);
	} else levelsOfTwo(lowBits, base, count);
}

/** @param before the integer before the block. @returns the last one of it. */
export function integersFromDeltas(
	planeCount: number,
	lowBits: number,
	before: number,
	count: number,
): number {
	if (planeCount <= 2) return deltasOfTwo(lowBits, before, count);
	joinFour(lowBits, count);
	return addUp(before, count);
}

export function integersFromDifferences(
	planeCount: number,
	lowBits: number,
	count: number,
): void {
	if (planeCount > 2) {
		joinFour(lowBits, count);
		addReferences(count);
	} else differencesOfTwo(lowBits, count);
}

// One loop a function: compiled code that has seen one path only is thrown away when it comes to another.

function levelsOfTwo(lowBits: number, base: number, count: number): void {
	for (let i = 0; i < count; i++)
		integers[i] = ((first[i] | (second[i] << lowBits)) + base) | 0;
}

function deltasOfTwo(lowBits: number, before: number, count: number): number {
	let integer = before | 0;
	for (let i = 0; i < count; i++) {
		const folded = first[i] | (second[i] << lowBits);
		integer = (integer + ((folded >>> 1) ^ -(folded & 1))) | 0;
		integers[i] = integer;
	}
	return integer;
}

function differencesOfTwo(lowBits: number, count: number): void {
	for (let i = 0; i < count; i++) {
		const folded = first[i] | (second[i] << lowBits);
		integers[i] = (references[i] + ((folded >>> 1) ^ -(folded & 1))) | 0;
	}
}

function joinFour(lowBits: number, count: number): void {
	const thirdShift = lowBits + 8;
	const fourthShift = lowBits + 16;
	for (let i = 0; i < count; i++)
		integers[i] =
			first[i] |
			(second[i] << lowBits) |
			(third[i] << thirdShift) |
			(fourth[i] << fourthShift);
}

function addBase(base: number, count: number): void {
	for (let i = 0; i < count; i++) integers[i] = (integers[i] + base) | 0;
}

function addUp(before: number, count: number): number {
	let integer = before | 0;
	for (let i = 0; i < count; i++) {
		const folded = integers[i];
		integer = (integer + ((folded >>> 1) ^ -(folded & 1))) | 0;
		integers[i] = integer;
	}
	return integer;
}

function addReferences(count: number): void {
	for (let i = 0; i < count; i++) {
		const folded = integers[i];
		integers[i] = (references[i] + ((folded >>> 1) ^ -(folded & 1))) | 0;
	}
}

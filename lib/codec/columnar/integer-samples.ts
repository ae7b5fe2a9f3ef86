import { MAX_RECIPROCAL_SCALE, reciprocalOf } from "./quotients.js";
import { workspace } from "./workspace.js";

// From integers to samples, a block at a time: integers and places come from the workspace, samples go there.

const { integers, places, values } = workspace;

/** @returns what puts the next integers, divided by `scale`, at their places. */
export function divideBy(scale: number): (count: number) => void {
	if (scale > MAX_RECIPROCAL_SCALE) return (count) => divide(scale, count);
	const { high, low } = reciprocalOf(scale);
	return (count) => multiply(high, low, count);
}

/**
 * Puts the dictionary's values for the next integers at their places.
 *
 * @returns false when an integer is beyond the dictionary.
 */
export function lookUp(dictionary: Float64Array, count: number): boolean {
	let highest = 0;
	for (let i = 0; i < count; i++) {
		const code = integers[i] >>> 0;
		if (code > highest) highest = code;
		values[places[i]] = dictionary[code];
	}
	return highest < dictionary.length;
}

function multiply(high: number, low: number, count: number): void {
	for (let i = 0; i < count; i++) {
		const integer = integers[i];
		values[places[i]] = integer * high + integer * low;
	}
}

function divide(scale: number, count: number): void {
	for (let i = 0; i < count; i++) values[places[i]] = integers[i] / scale;
}

import { kernels } from "./kernels.js";
import { MAX_RECIPROCAL_SCALE, reciprocalOf } from "./quotients.js";
import { workspace } from "./workspace.js";

// From integers to samples, a block at a time: both lie in the workspace.

/** @returns what makes samples of the next integers by dividing them by `scale`. */
export function divideBy(scale: number): (count: number) => void {
	if (scale > MAX_RECIPROCAL_SCALE)
		return (count) => {
			const { integers, values } = workspace;
			kernels.divide(integers.byteOffset, count, scale, values.byteOffset);
		};
	const { high, low } = reciprocalOf(scale);
	return (count) => {
		const { integers, values } = workspace;
		kernels.multiply(integers.byteOffset, count, high, low, values.byteOffset);
	};
}

/**
 * Makes samples of the next integers by looking them up.
 *
 * @returns false when an integer is beyond the dictionary.
 */
export function lookUp(dictionary: Float64Array, count: number): boolean {
	const { integers, values } = workspace;
	let highest = 0;
	for (let i = 0; i < count; i++) {
		const code = integers[i] >>> 0;
		if (code > highest) highest = code;
		values[i] = dictionary[code];
	}
	return highest < dictionary.length;
}

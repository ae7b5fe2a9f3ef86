import { Scratch } from "./scratch.js";

/** Most values that a dictionary holds. */
const MAX_VALUES = 65_536;
/** A dictionary pays only when its values come back. In long columns planes of doubles take repetition too. */
const MAX_VALUES_SHARE = 1 / 4;
const MAX_VALUES_SHARE_SHORT = 3 / 4;
const SHORT_COLUMN = 256;
/** Samples looked at to tell whether values come back, and how many of them may differ. */
const PROBES = 256;
const MAX_PROBED_VALUES = 128;

const slotScratch = new Scratch(Int32Array);
const valueScratch = new Scratch(Float64Array);

/**
 * Finds the distinct values of a column, ascending, with -0 before 0, and for every sample its value's position.
 *
 * @param samples without NaN.
 * @param codes receives the positions, one a sample.
 * @returns the values (a copy), or undefined when there are too many.
 */
export function buildDictionary(
	samples: Float64Array,
	codes: Int32Array,
): Float64Array | undefined {
	const count = samples.length;
	if (count > PROBES && !valuesComeBack(samples)) return undefined;
	const share =
		count <= SHORT_COLUMN ? MAX_VALUES_SHARE_SHORT : MAX_VALUES_SHARE;
	const limit = Math.min(MAX_VALUES, Math.floor(count * share));
	const values = valueScratch.take(limit);
	const found = numberValues(samples, codes, values);
	if (found > limit) return undefined;

	const sorted = values.slice(0, found).sort();
	const rank = new Int32Array(found);
	// The values are few: numbering them again, in order, is cheaper than sorting numbers along with values.
	const numbered = new Map<number, number>();
	let negativeZero = -1;
	sorted.forEach((value, i) => {
		if (Object.is(value, -0)) negativeZero = i;
		else numbered.set(value, i);
	});
	for (let i = 0; i < found; i++)
		rank[i] = Object.is(values[i], -0)
			? negativeZero
			: (numbered.get(values[i]) as number);
	for (let i = 0; i < count; i++) codes[i] = rank[codes[i]];
	return sorted;
}

function valuesComeBack(samples: Float64Array): boolean {
	const step = Math.floor(samples.length / PROBES);
	const probed = new Set<number>();
	for (let i = 0; i < PROBES; i++) probed.add(samples[i * step]);
	return probed.size <= MAX_PROBED_VALUES;
}

/** Numbers values in the order in which they appear, by their bits. @returns how many, or more than fit `values`. */
function numberValues(
	samples: Float64Array,
	codes: Int32Array,
	values: Float64Array,
): number {
	const words = new Uint32Array(
		samples.buffer,
		samples.byteOffset,
		2 * samples.length,
	);
	const valueWords = new Uint32Array(
		values.buffer,
		values.byteOffset,
		2 * values.length,
	);
	const slotBits = 33 - Math.clz32(2 * values.length);
	const shift = 32 - slotBits;
	const mask = 2 ** slotBits - 1;
	const slots = slotScratch.take(2 ** slotBits).fill(-1);
	let found = 0;
	for (let i = 0; i < samples.length; i++) {
		const low = words[2 * i];
		const high = words[2 * i + 1];
		const hash = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
		let slot = (hash ^ (hash >>> 15)) >>> shift;
		for (;;) {
			const code = slots[slot];
			if (code < 0) {
				if (found === values.length) return found + 1;
				slots[slot] = found;
				values[found] = samples[i];
				codes[i] = found++;
				break;
			}
			if (valueWords[2 * code] === low && valueWords[2 * code + 1] === high) {
				codes[i] = code;
				break;
			}
			slot = (slot + 1) & mask;
		}
	}
	return found;
}

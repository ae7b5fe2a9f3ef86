import { kernels } from "./kernels.js";
import { gatherSamples, type Placement } from "./placement.js";
import { type Room, workspace } from "./workspace.js";

/** Most values that a dictionary holds. */
const MAX_VALUES = 65_536;
/** A dictionary pays only when its values come back. In long columns planes of doubles take repetition too. */
const MAX_VALUES_SHARE = 1 / 4;
const MAX_VALUES_SHARE_SHORT = 3 / 4;
const SHORT_COLUMN = 256;
/** Samples looked at to tell whether values come back, and how many of them may differ. */
const PROBES = 256;
const MAX_PROBED_VALUES = 128;

/** Room in the workspace for the dictionary of a column of no more than so many samples. */
export function dictionaryRoom(count: number): {
	values: number;
	slots: number;
} {
	// One that is just short may have more values than one that is just long.
	const short = Math.min(count, SHORT_COLUMN);
	const values = Math.max(maxValues(count), maxValues(short));
	return { values, slots: 2 ** slotBits(values) };
}

/**
 * Finds the distinct values of a column, ascending, with -0 before 0, and for every sample its value's position.
 *
 * @param codes room in the workspace: receives the positions, one for each sample that is there.
 * @returns the values (a copy), or undefined when there are too many.
 */
export function buildDictionary(
	samples: Float64Array,
	placement: Placement,
	codes: Int32Array,
	{ values, slots }: Room,
): Float64Array | undefined {
	const count = placement.present;
	if (count > PROBES && !valuesComeBack(samples, placement)) return undefined;
	const limit = maxValues(count);
	const found = numberValues(samples, placement, codes, limit, values, slots);
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
	// The hash table is of no use any more.
	slots.set(rank);
	kernels.renumber(codes.byteOffset, count, slots.byteOffset);
	return sorted;
}

function maxValues(count: number): number {
	const share =
		count <= SHORT_COLUMN ? MAX_VALUES_SHARE_SHORT : MAX_VALUES_SHARE;
	return Math.min(MAX_VALUES, Math.floor(count * share));
}

/** A hash table for so many values is no more than half full. */
function slotBits(values: number): number {
	return 33 - Math.clz32(2 * values);
}

function valuesComeBack(
	samples: Float64Array,
	{ present, places, stretches }: Placement,
): boolean {
	const step = Math.floor(present / PROBES);
	const probed = new Set<number>();
	let stretch = 0;
	for (let i = 0; i < PROBES * step; i += step) {
		while (i >= stretches[stretch].from + stretches[stretch].count) stretch++;
		probed.add(samples[stretches[stretch].to + places[i]]);
	}
	return probed.size <= MAX_PROBED_VALUES;
}

/** Numbers values in the order in which they appear, by their bits. @returns how many, or more than `limit`. */
function numberValues(
	samples: Float64Array,
	placement: Placement,
	codes: Int32Array,
	limit: number,
	values: Float64Array,
	slots: Int32Array,
): number {
	const bits = slotBits(limit);
	slots.fill(-1, 0, 2 ** bits);
	let found = 0;
	for (const stretch of placement.stretches) {
		gatherSamples(placement, stretch, samples);
		found = kernels.numberValues(
			workspace.values.byteOffset,
			stretch.count,
			codes.byteOffset + 4 * stretch.from,
			found,
			limit,
			values.byteOffset,
			slots.byteOffset,
			bits,
		);
		if (found > limit) break;
	}
	return found;
}

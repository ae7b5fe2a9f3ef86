import type { SeriesStatistics } from "../column.js";
import type { Presence } from "./presence.js";
import { type Reciprocal, reciprocalOf } from "./quotients.js";
import { EXCEPTION_SHARE, ROUNDING } from "./scales.js";
import { workspace } from "./workspace.js";

/** Samples that are no integers at their column's scale. */
export interface Exceptions {
	count: number;
	/** Places among the samples that are there. */
	positions: Uint32Array;
	values: Float64Array;
}

/**
 * `fits`: all samples are integers but for the exceptions. `exceptional`: there are too many of these. `moved`: other
 * samples are missing than was said.
 */
export type ScanResult = "fits" | "exceptional" | "moved";

const exceptions: Exceptions = {
	count: 0,
	positions: new Uint32Array(0),
	values: new Float64Array(0),
};

const { integers, places, values } = workspace;
const words = new Int32Array(values.buffer);
/** Sum, minimum and maximum of the series at hand. */
const tally = new Float64Array(3);

/**
 * The fused pass: over each series once, for its statistics (bit for bit those of `measureColumn`) and the integers that
 * its samples are at `scale`.
 *
 * @param target receives the integers of the samples that are there; an exception repeats the integer before it.
 */
export function scanScaled(
	samples: Float64Array,
	presence: Presence,
	scale: number,
	target: Int32Array,
	statistics: SeriesStatistics,
): ScanResult {
	const limit = Math.ceil(samples.length / EXCEPTION_SHARE);
	if (exceptions.positions.length < limit) {
		exceptions.positions = new Uint32Array(limit);
		exceptions.values = new Float64Array(limit);
	}
	exceptions.count = 0;
	const reciprocal = reciprocalOf(scale);
	return scanBlocks(
		samples,
		presence,
		statistics,
		(from, start, end) =>
			takeIntegers(from, start, end, scale, reciprocal, target, limit),
		(from, count) => target.set(integers.subarray(0, count), from),
	);
}

/** Statistics alone, for columns whose samples are no 32-bit integers at any scale. */
export function scanPlain(
	samples: Float64Array,
	presence: Presence,
	statistics: SeriesStatistics,
): ScanResult {
	return scanBlocks(
		samples,
		presence,
		statistics,
		(_, start, end) => (addUp(start, end) === end ? "fits" : "moved"),
		() => {},
	);
}

/** What the last {@link scanScaled} found, up to where it gave up. Valid until the next one. */
export function exceptionsFound(): Exceptions {
	return exceptions;
}

/**
 * @param take looks at samples of one series: those from `start` to `end` of a block that begins at the `from`-th sample.
 * @param finish is told of each block that was looked at.
 */
function scanBlocks(
	samples: Float64Array,
	{ counts, placement, missing }: Presence,
	statistics: SeriesStatistics,
	take: (from: number, start: number, end: number) => ScanResult,
	finish: (from: number, count: number) => void,
): ScanResult {
	for (let i = 0; i < missing.length; i++)
		if (!Number.isNaN(samples[missing[i]])) return "moved";
	let series = 0;
	let left = counts.length > 0 ? counts[0] : 0;
	resetTally();
	for (const { from, count, to, span } of placement.stretches) {
		values.set(samples.subarray(to, to + span));
		places.set(placement.places.subarray(from, from + count));
		for (let start = 0; start < count; ) {
			while (left === 0) {
				record(statistics, series, counts[series]);
				left = counts[++series];
			}
			const end = Math.min(count, start + left);
			const result = take(from, start, end);
			if (result !== "fits") return result;
			left -= end - start;
			start = end;
		}
		finish(from, count);
	}
	for (; series < counts.length; series++)
		record(statistics, series, counts[series]);
	return "fits";
}

function takeIntegers(
	from: number,
	start: number,
	end: number,
	scale: number,
	{ high, low }: Reciprocal,
	target: Int32Array,
	limit: number,
): ScanResult {
	let i = start;
	for (;;) {
		const [sum, min, max] = tally;
		const stop = toIntegers(i, end, scale, high, low);
		// Of the two zeros only the positive one is an integer.
		const zero =
			tally[1] <= 0 && tally[2] >= 0 ? firstNegativeZero(i, stop) : stop;
		if (zero < stop) {
			tally.set([sum, min, max]);
			toIntegers(i, zero, scale, high, low);
		}
		i = zero;
		if (i === end) return "fits";
		const value = values[places[i]];
		if (Number.isNaN(value)) return "moved";
		if (exceptions.count === limit) return "exceptional";
		exceptions.positions[exceptions.count] = from + i;
		exceptions.values[exceptions.count++] = value;
		addUp(i, i + 1);
		const before = i > 0 ? integers[i - 1] : from > 0 ? target[from - 1] : 0;
		integers[i++] = before;
	}
}

/** @returns the first sample from `start` on that is no integer, or `end`. Negative zeros pass as integers. */
function toIntegers(
	start: number,
	end: number,
	scale: number,
	high: number,
	low: number,
): number {
	let sum = tally[0];
	let min = tally[1];
	let max = tally[2];
	let i = start;
	for (; i < end; i++) {
		const value = values[places[i]];
		const integer = (value * scale + ROUNDING - ROUNDING) | 0;
		if (integer * high + integer * low !== value) break;
		integers[i] = integer;
		sum += value;
		if (value < min) min = value;
		if (value > max) max = value;
	}
	tally[0] = sum;
	tally[1] = min;
	tally[2] = max;
	return i;
}

/** @returns the first -0 from `start` on, or `end`, among samples that are integers. */
function firstNegativeZero(start: number, end: number): number {
	let i = start;
	// Of such samples only -0 has this upper half.
	for (; i < end; i++) if (words[2 * places[i] + 1] === -(2 ** 31)) break;
	return i;
}

/** @returns the first sample from `start` on that is missing, or `end`. */
function addUp(start: number, end: number): number {
	let sum = tally[0];
	let min = tally[1];
	let max = tally[2];
	let i = start;
	for (; i < end; i++) {
		const value = values[places[i]];
		if (Number.isNaN(value)) break;
		sum += value;
		if (value < min) min = value;
		if (value > max) max = value;
	}
	tally[0] = sum;
	tally[1] = min;
	tally[2] = max;
	return i;
}

/** Ends the series at hand. */
function record(
	{ avg, min, max, count }: SeriesStatistics,
	series: number,
	present: number,
): void {
	count[series] = present;
	avg[series] = present === 0 ? Number.NaN : tally[0] / present;
	min[series] = present === 0 ? Number.NaN : tally[1];
	max[series] = present === 0 ? Number.NaN : tally[2];
	resetTally();
}

function resetTally(): void {
	tally[0] = 0;
	tally[1] = Number.POSITIVE_INFINITY;
	tally[2] = Number.NEGATIVE_INFINITY;
}

import type { SeriesStatistics } from "../column.js";
import { kernels } from "./kernels.js";
import { gatherSamples } from "./placement.js";
import type { Presence } from "./presence.js";
import { type Reciprocal, reciprocalOf } from "./quotients.js";
import { EXCEPTION_SHARE } from "./scales.js";
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

/**
 * The fused pass: over each series once, for its statistics (bit for bit those of `measureColumn`) and the integers that
 * its samples are at `scale`.
 *
 * @param integers room in the workspace for those of the samples that are there; an exception repeats the integer before
 * it.
 */
export function scanScaled(
	samples: Float64Array,
	presence: Presence,
	scale: number,
	integers: Int32Array,
	statistics: SeriesStatistics,
): ScanResult {
	const limit = Math.ceil(samples.length / EXCEPTION_SHARE);
	if (exceptions.positions.length < limit) {
		exceptions.positions = new Uint32Array(limit);
		exceptions.values = new Float64Array(limit);
	}
	exceptions.count = 0;
	const reciprocal = reciprocalOf(scale);
	return scanBlocks(samples, presence, statistics, (from, start, end) =>
		takeIntegers(from, start, end, scale, reciprocal, integers, limit),
	);
}

/** Statistics alone, for columns whose samples are no 32-bit integers at any scale. */
export function scanPlain(
	samples: Float64Array,
	presence: Presence,
	statistics: SeriesStatistics,
): ScanResult {
	return scanBlocks(samples, presence, statistics, (_, start, end) =>
		addUp(start, end) === end ? "fits" : "moved",
	);
}

/** What the last {@link scanScaled} found, up to where it gave up. Valid until the next one. */
export function exceptionsFound(): Exceptions {
	return exceptions;
}

/**
 * @param take looks at samples of one series: those that are the `start`-th to `end`-th in the workspace, where the first
 * one is the `from`-th of the column.
 */
function scanBlocks(
	samples: Float64Array,
	{ counts, placement }: Presence,
	statistics: SeriesStatistics,
	take: (from: number, start: number, end: number) => ScanResult,
): ScanResult {
	let series = 0;
	let left = counts.length > 0 ? counts[0] : 0;
	let end = 0;
	resetTally();
	for (const stretch of placement.stretches) {
		const { from, count, to, span } = stretch;
		if (
			!allMissing(samples, end, to) ||
			!gatherSamples(placement, stretch, samples)
		)
			return "moved";
		for (let start = 0; start < count; ) {
			while (left === 0) {
				record(statistics, series, counts[series]);
				left = counts[++series];
			}
			const stop = Math.min(count, start + left);
			const result = take(from, start, stop);
			if (result !== "fits") {
				// As many are missing as was said, but are they the same ones?
				const at = workspace.values.byteOffset;
				return kernels.countMissing(at, count) > 0 ? "moved" : result;
			}
			left -= stop - start;
			start = stop;
		}
		end = to + span;
	}
	if (!allMissing(samples, end, samples.length)) return "moved";
	for (; series < counts.length; series++)
		record(statistics, series, counts[series]);
	return "fits";
}

function allMissing(
	samples: Float64Array,
	start: number,
	end: number,
): boolean {
	for (let i = start; i < end; i++) if (!Number.isNaN(samples[i])) return false;
	return true;
}

function takeIntegers(
	from: number,
	start: number,
	end: number,
	scale: number,
	{ high, low }: Reciprocal,
	integers: Int32Array,
	limit: number,
): ScanResult {
	const { values, tally } = workspace;
	let i = start;
	for (;;) {
		i += kernels.takeIntegers(
			values.byteOffset + 8 * i,
			end - i,
			scale,
			high,
			low,
			integers.byteOffset + 4 * (from + i),
			tally.byteOffset,
		);
		if (i === end) return "fits";
		const value = values[i];
		if (Number.isNaN(value)) return "moved";
		if (exceptions.count === limit) return "exceptional";
		exceptions.positions[exceptions.count] = from + i;
		exceptions.values[exceptions.count++] = value;
		addUp(i, i + 1);
		integers[from + i] = from + i > 0 ? integers[from + i - 1] : 0;
		i++;
	}
}

/** @returns the first sample from `start` on that is missing, or `end`. */
function addUp(start: number, end: number): number {
	const { values, tally } = workspace;
	const from = values.byteOffset + 8 * start;
	return start + kernels.addUp(from, end - start, tally.byteOffset);
}

/** Ends the series at hand. */
function record(
	{ avg, min, max, count }: SeriesStatistics,
	series: number,
	present: number,
): void {
	const [sum, least, greatest] = workspace.tally;
	count[series] = present;
	avg[series] = present === 0 ? Number.NaN : sum / present;
	min[series] = present === 0 ? Number.NaN : least;
	max[series] = present === 0 ? Number.NaN : greatest;
	resetTally();
}

function resetTally(): void {
	const { tally } = workspace;
	tally[0] = 0;
	tally[1] = Number.POSITIVE_INFINITY;
	tally[2] = Number.NEGATIVE_INFINITY;
}

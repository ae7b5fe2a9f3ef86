import type { SeriesStatistics } from "../column.js";
import type { GapTable } from "./gaps.js";
import { EXCEPTION_SHARE, ROUNDING } from "./scales.js";

/** Samples that are no integers at their column's scale. */
export interface Exceptions {
	count: number;
	/** Places among the samples that are there. */
	positions: Uint32Array;
	values: Float64Array;
}

const exceptions: Exceptions = {
	count: 0,
	positions: new Uint32Array(0),
	values: new Float64Array(0),
};

/**
 * The fused pass: over each series once, for its statistics (bit for bit those of `measureColumn`), its gaps, and the
 * integers that its samples are at `scale`.
 *
 * @param integers receives the integers of the samples that are there; an exception repeats the integer before it.
 * @param patterns receives the pattern of gaps of each series.
 * @returns the exceptions, valid until the next call; undefined as soon as they are too many, and then
 * {@link exceptionsFound} tells them.
 */
export function scanScaled(
	samples: Float64Array,
	lengths: Uint32Array,
	scale: number,
	integers: Int32Array,
	gaps: GapTable,
	patterns: Uint32Array,
	statistics: SeriesStatistics,
): Exceptions | undefined {
	const limit = Math.ceil(samples.length / EXCEPTION_SHARE);
	if (exceptions.positions.length < limit) {
		exceptions.positions = new Uint32Array(limit);
		exceptions.values = new Float64Array(limit);
	}
	exceptions.count = 0;
	let start = 0;
	let there = 0;
	for (let series = 0; series < lengths.length; series++) {
		const end = start + lengths[series];
		const first = there;
		let sum = 0;
		let min = Number.POSITIVE_INFINITY;
		let max = Number.NEGATIVE_INFINITY;
		let skipFrom = start;
		for (let i = start; i < end; i++) {
			const value = samples[i];
			const integer = (value * scale + ROUNDING - ROUNDING) | 0;
			// Exactly this sample, then; of the two zeros only the positive one is an integer.
			if (integer / scale === value && (integer !== 0 || 1 / value > 0)) {
				integers[there++] = integer;
			} else if (Number.isNaN(value)) {
				const gapStart = i;
				while (i + 1 < end && Number.isNaN(samples[i + 1])) i++;
				gaps.add(gapStart - skipFrom, i + 1 - gapStart);
				skipFrom = i + 1;
				continue;
			} else {
				if (exceptions.count === limit) {
					gaps.abandonSeries();
					return undefined;
				}
				exceptions.positions[exceptions.count] = there;
				exceptions.values[exceptions.count++] = value;
				integers[there] = there === 0 ? 0 : integers[there - 1];
				there++;
			}
			sum += value;
			if (value < min) min = value;
			if (value > max) max = value;
		}
		patterns[series] = gaps.endSeries();
		record(statistics, series, there - first, sum, min, max);
		start = end;
	}
	return exceptions;
}

/** The samples at which the last {@link scanScaled} gave up. */
export function exceptionsFound(): Float64Array {
	return exceptions.values.subarray(0, exceptions.count);
}

/** Statistics and gaps alone, for columns whose samples are no 32-bit integers at any scale. */
export function scanPlain(
	samples: Float64Array,
	lengths: Uint32Array,
	gaps: GapTable,
	patterns: Uint32Array,
	statistics: SeriesStatistics,
): void {
	let start = 0;
	for (let series = 0; series < lengths.length; series++) {
		const end = start + lengths[series];
		let count = 0;
		let sum = 0;
		let min = Number.POSITIVE_INFINITY;
		let max = Number.NEGATIVE_INFINITY;
		let skipFrom = start;
		for (let i = start; i < end; i++) {
			const value = samples[i];
			if (Number.isNaN(value)) {
				const gapStart = i;
				while (i + 1 < end && Number.isNaN(samples[i + 1])) i++;
				gaps.add(gapStart - skipFrom, i + 1 - gapStart);
				skipFrom = i + 1;
				continue;
			}
			count++;
			sum += value;
			if (value < min) min = value;
			if (value > max) max = value;
		}
		patterns[series] = gaps.endSeries();
		record(statistics, series, count, sum, min, max);
		start = end;
	}
}

function record(
	statistics: SeriesStatistics,
	series: number,
	count: number,
	sum: number,
	min: number,
	max: number,
): void {
	statistics.count[series] = count;
	statistics.avg[series] = count === 0 ? Number.NaN : sum / count;
	statistics.min[series] = count === 0 ? Number.NaN : min;
	statistics.max[series] = count === 0 ? Number.NaN : max;
}

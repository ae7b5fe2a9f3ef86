import { ArchiverError } from "../errors.js";
import type { StatisticsSeries } from "../schema/metric.js";
import type { Column } from "./column.js";

/**
 * How several samples become one: the one that shapes the curve most (Steinarsson, "Downsampling Time Series for Visual
 * Representation", 2013), their mean, or the first.
 */
export type Resampler = "lttb" | "average" | "simple";

export const RESAMPLERS: readonly Resampler[] = ["lttb", "average", "simple"];

/** Writes one value for each `factor` samples of `source[start..end)` to `target` from `at` on. */
type SeriesResampler = (
	source: Float64Array,
	start: number,
	end: number,
	factor: number,
	target: Float64Array,
	at: number,
) => void;

const SERIES_RESAMPLERS: Record<Resampler, SeriesResampler> = {
	lttb: selectByTriangles,
	average: averageBuckets,
	simple: takeFirsts,
};

/**
 * A column with one sample for so many of the given one that they are `timestep` seconds apart; the last may stand for
 * fewer. Missing samples count for nothing, and where all are missing the result is NaN. Statistics over the series that
 * a source brought are resampled as series are.
 *
 * @param timestep a multiple of the column's own; equal to it: the column itself is returned.
 * @throws ArchiverError INVALID_OPTION
 */
export function resampleColumn(
	column: Column,
	timestep: number,
	resampler: Resampler,
): Column {
	const factor = timestep / column.timestep;
	if (!Number.isInteger(factor) || factor < 1)
		throw new ArchiverError(
			"INVALID_OPTION",
			`${column.metric} is recorded every ${column.timestep} s; it can be read at multiples of that, not at ${timestep} s`,
			{ field: "resolution", received: timestep },
		);
	if (factor === 1) return column;
	const { lengths, samples, statisticsSeries } = column;
	const shorter = lengths.map((length) => Math.ceil(length / factor));
	const resampled = new Float64Array(shorter.reduce((a, b) => a + b, 0));
	const resample = SERIES_RESAMPLERS[resampler];
	let start = 0;
	let at = 0;
	for (let series = 0; series < lengths.length; series++) {
		const end = start + lengths[series];
		resample(samples, start, end, factor, resampled, at);
		at += shorter[series];
		start = end;
	}
	const result = { ...column, timestep, lengths: shorter, samples: resampled };
	if (statisticsSeries !== undefined)
		result.statisticsSeries = resampleStatistics(statisticsSeries, (values) => {
			const fewer = new Float64Array(Math.ceil(values.length / factor));
			resample(values, 0, values.length, factor, fewer, 0);
			return fewer;
		});
	return result;
}

function resampleStatistics(
	{ min, median, max, mean, percentiles }: StatisticsSeries,
	resample: (values: Float64Array) => Float64Array,
): StatisticsSeries {
	const result: StatisticsSeries = {
		min: resample(min),
		median: resample(median),
		max: resample(max),
	};
	if (mean !== undefined) result.mean = resample(mean);
	if (percentiles !== undefined) {
		result.percentiles = Object.create(null) as Record<string, Float64Array>;
		for (const [name, values] of Object.entries(percentiles))
			result.percentiles[name] = resample(values);
	}
	return result;
}

function takeFirsts(
	...[source, start, end, factor, target, at]: Parameters<SeriesResampler>
): void {
	let to = at;
	for (let from = start; from < end; from += factor)
		target[to++] = source[from];
}

function averageBuckets(
	...[source, start, end, factor, target, at]: Parameters<SeriesResampler>
): void {
	let to = at;
	for (let from = start; from < end; from += factor)
		target[to++] = averageOf(source, from, Math.min(from + factor, end));
}

/**
 * Largest triangle, three buckets: of each bucket the sample that spans the largest triangle with the one chosen before
 * and the mean of the bucket behind. A bucket without samples is a gap: the buckets before and behind it are ends, of
 * which the last and the first sample are chosen, as at the ends of the series.
 */
function selectByTriangles(
	...[source, start, end, factor, target, at]: Parameters<SeriesResampler>
): void {
	let to = at;
	// Place of the sample chosen before; -1 behind a gap.
	let chosen = -1;
	for (let from = start; from < end; from += factor) {
		const bucketEnd = Math.min(from + factor, end);
		const nextEnd = Math.min(bucketEnd + factor, end);
		const nextMean = averageOf(source, bucketEnd, nextEnd);
		if (chosen === -1) chosen = firstOf(source, from, bucketEnd);
		else if (Number.isNaN(nextMean)) chosen = lastOf(source, from, bucketEnd);
		else
			chosen = largestTriangle(
				source,
				from,
				bucketEnd,
				chosen,
				(bucketEnd + nextEnd - 1) / 2,
				nextMean,
			);
		target[to++] = chosen === -1 ? Number.NaN : source[chosen];
	}
}

/** The place of the sample in a bucket that spans the largest triangle with two points. -1: there is none. */
function largestTriangle(
	source: Float64Array,
	start: number,
	end: number,
	before: number,
	nextPlace: number,
	nextMean: number,
): number {
	let best = -1;
	let largest = -1;
	for (let i = start; i < end; i++) {
		if (Number.isNaN(source[i])) continue;
		const area = Math.abs(
			(before - nextPlace) * (source[i] - source[before]) -
				(before - i) * (nextMean - source[before]),
		);
		// Areas of infinite samples may be NaN: any sample is better than none.
		if (best === -1 || area > largest) {
			best = i;
			largest = area;
		}
	}
	return best;
}

function firstOf(source: Float64Array, start: number, end: number): number {
	for (let i = start; i < end; i++) if (!Number.isNaN(source[i])) return i;
	return -1;
}

function lastOf(source: Float64Array, start: number, end: number): number {
	for (let i = end - 1; i >= start; i--) if (!Number.isNaN(source[i])) return i;
	return -1;
}

/** NaN when there are no samples. */
function averageOf(source: Float64Array, start: number, end: number): number {
	let sum = 0;
	let count = 0;
	for (let i = start; i < end; i++) {
		const value = source[i];
		if (Number.isNaN(value)) continue;
		sum += value;
		count++;
	}
	return sum / count;
}

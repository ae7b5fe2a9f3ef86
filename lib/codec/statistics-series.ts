import type { StatisticsSeries } from "../schema/metric.js";
import { record } from "../schema/record.js";
import type { Column } from "./column.js";

/** A metric with fewer series than this gets no statistics over its series. */
const MIN_SERIES = 8;
/** A time step with fewer samples than this has no statistics. */
const MIN_SAMPLES = 3;
/** Time steps gathered at once: each series is then read in cache lines of samples, not sample by sample. */
const STEPS_PER_TILE = 16;
/** Ranges up to this size are sorted by insertion. */
const INSERTION_SORT_MAX = 12;

let tile = new Float64Array(0);
const tileCounts = new Uint32Array(STEPS_PER_TILE);

/**
 * Minimum, median and maximum over all series of a column at each time step; the median of an even number of samples
 * is the mean of the middle two. NaN where fewer than three series have a sample. As long as the longest series.
 *
 * @param percentiles - Derived beside them; 1 to 99. Between two samples, that much of the way from one to the other:
 *   the 50th is the median.
 * @returns undefined for fewer than eight series.
 */
export function deriveStatisticsSeries(
	column: Column,
	percentiles: readonly number[] = [],
): StatisticsSeries | undefined {
	const seriesCount = column.lengths.length;
	if (seriesCount < MIN_SERIES) return undefined;
	const steps = column.lengths.reduce((a, b) => Math.max(a, b), 0);
	const min = new Float64Array(steps);
	const median = new Float64Array(steps);
	const max = new Float64Array(steps);
	const ranked = percentiles.map(() => new Float64Array(steps));
	if (tile.length < seriesCount * STEPS_PER_TILE)
		tile = new Float64Array(seriesCount * STEPS_PER_TILE);
	for (let first = 0; first < steps; first += STEPS_PER_TILE) {
		const last = Math.min(first + STEPS_PER_TILE, steps);
		gatherTile(column, first, last);
		for (let step = first; step < last; step++) {
			const start = (step - first) * seriesCount;
			const count = tileCounts[step - first];
			if (count < MIN_SAMPLES) {
				min[step] = median[step] = max[step] = Number.NaN;
				for (const values of ranked) values[step] = Number.NaN;
				continue;
			}
			const end = start + count;
			let low = tile[start];
			let high = low;
			for (let i = start + 1; i < end; i++) {
				const value = tile[i];
				if (value < low) low = value;
				if (value > high) high = value;
			}
			min[step] = low;
			max[step] = high;
			median[step] = medianOfRange(tile, start, end);
			if (ranked.length === 0) continue;
			tile.subarray(start, end).sort();
			for (let i = 0; i < ranked.length; i++)
				ranked[i][step] = atRank(tile, start, end, percentiles[i] / 100);
		}
	}
	if (ranked.length === 0) return { min, median, max };
	return { min, median, max, percentiles: byName(percentiles, ranked) };
}

/**
 * Whether statistics that a source brought are what readers derive from the samples anyway, to the bit.
 *
 * @param asStored - What the source did to derived values before it stored them; absent: nothing.
 */
export function isDerived(
	{ min, median, max, mean, percentiles }: StatisticsSeries,
	column: Column,
	asStored: (values: Float64Array) => Float64Array = (values) => values,
): boolean {
	if (mean !== undefined || percentiles !== undefined) return false;
	const derived = deriveStatisticsSeries(column);
	return (
		derived !== undefined &&
		sameValues(min, asStored(derived.min)) &&
		sameValues(median, asStored(derived.median)) &&
		sameValues(max, asStored(derived.max))
	);
}

/** Fills the tile with the samples of time steps `first` to `last`: step after step, only those that are there. */
function gatherTile(column: Column, first: number, last: number): void {
	const { lengths, samples } = column;
	const seriesCount = lengths.length;
	tileCounts.fill(0);
	let seriesStart = 0;
	for (let series = 0; series < seriesCount; series++) {
		const length = lengths[series];
		const end = Math.min(length, last);
		for (let step = first; step < end; step++) {
			const value = samples[seriesStart + step];
			if (!Number.isNaN(value)) {
				const slot = step - first;
				tile[slot * seriesCount + tileCounts[slot]++] = value;
			}
		}
		seriesStart += length;
	}
}

function sameValues(a: Float64Array, b: Float64Array): boolean {
	return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

/** The value at a share of the way through `values[start..end)`, which are sorted. */
function atRank(
	values: Float64Array,
	start: number,
	end: number,
	share: number,
): number {
	const place = start + (end - 1 - start) * share;
	const below = Math.floor(place);
	const lower = values[below];
	const upper = values[Math.ceil(place)];
	return lower === upper ? lower : lower + (upper - lower) * (place - below);
}

function byName(
	percentiles: readonly number[],
	ranked: readonly Float64Array[],
): Record<string, Float64Array> {
	const named = record<Float64Array>();
	percentiles.forEach((percentile, i) => {
		named[percentile] = ranked[i];
	});
	return named;
}

/** Median of `values[start..end)`, which is reordered. */
function medianOfRange(
	values: Float64Array,
	start: number,
	end: number,
): number {
	const middle = (start + end) >> 1;
	selectNth(values, start, end - 1, middle);
	const upper = values[middle];
	if ((end - start) % 2 === 1) return upper;
	let lower = values[start];
	for (let i = start + 1; i < middle; i++)
		if (values[i] > lower) lower = values[i];
	const mean = (lower + upper) / 2;
	// The sum of two large samples can overflow where their mean does not.
	return Number.isFinite(mean) ? mean : lower / 2 + upper / 2;
}

/** Quickselect: puts the value of rank `nth` at its place, with none larger before it and none smaller behind it. */
function selectNth(
	values: Float64Array,
	left: number,
	right: number,
	nth: number,
): void {
	while (right - left >= INSERTION_SORT_MAX) {
		const pivot = medianOfThree(
			values[left],
			values[(left + right) >> 1],
			values[right],
		);
		let i = left;
		let j = right;
		while (i <= j) {
			while (values[i] < pivot) i++;
			while (values[j] > pivot) j--;
			if (i <= j) {
				const swapped = values[i];
				values[i++] = values[j];
				values[j--] = swapped;
			}
		}
		if (nth <= j) right = j;
		else if (nth >= i) left = i;
		else return;
	}
	for (let i = left + 1; i <= right; i++) {
		const value = values[i];
		let j = i - 1;
		for (; j >= left && values[j] > value; j--) values[j + 1] = values[j];
		values[j + 1] = value;
	}
}

function medianOfThree(a: number, b: number, c: number): number {
	return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

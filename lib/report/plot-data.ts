import type { Column, SeriesStatistics } from "../codec/column.js";
import { resampleColumn } from "../codec/resample.js";
import { deriveStatisticsSeries } from "../codec/statistics-series.js";
import type { MetricScope } from "../schema/scope.js";
import { scaledUnit } from "./scaled-unit.js";

/** More series than this become a band: single lines could not be told apart. */
const MOST_LINES = 16;
/** Samples of a line: more than this cannot be seen on a screen. */
const MOST_POINTS = 600;
/** Series that are drawn over a band because they stand out. */
const MOST_OUTLIERS = 3;
/** A series stands out when it is so many times as far from the median course as half of the series are, ... */
const OUTLIER_DISTANCE = 3;
/** ... and further than this share of all that the plot shows. */
const OUTLIER_SHARE = 0.02;
const PLOTTED_DIGITS = 5;

/** Values over time; null where there is none. */
export type Course = (number | null)[];

export interface NamedCourse {
	name: string;
	values: Course;
}

/** What a browser needs to draw one metric at one scope. */
export interface PlotData {
	metric: string;
	scope: MetricScope;
	/** Of the values as they are plotted, with its prefix; empty when there is none. */
	unit: string;
	/** Unix seconds of the first value. */
	start: number;
	/** Seconds from one value to the next. */
	timestep: number;
	/** Every series; or, when there are too many, those that stand out. */
	lines: NamedCourse[];
	/** Over all series, when there are too many to be drawn. */
	band?: { min: Course; median: Course; max: Course };
}

/** Makes a plot of a column, whatever its size: at most 16 lines of at most 600 values, else a band with outliers. */
export function plotDataOf(
	column: Column,
	statistics: SeriesStatistics,
	startTime: number,
): PlotData {
	const { metric, scope, lengths } = column;
	const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
	const factor = Math.max(1, Math.ceil(longest / MOST_POINTS));
	const timestep = column.timestep * factor;
	const { unit, scale } = scaledUnit(column.unit, largest(statistics));
	const plotted = (values: Float64Array): Course =>
		Array.from(values, (value) =>
			Number.isFinite(value)
				? Number((value * scale).toPrecision(PLOTTED_DIGITS))
				: null,
		);
	const head = { metric, scope, unit, start: startTime, timestep };
	const linesOf = (series: readonly number[]): NamedCourse[] => {
		const resampled = resampleColumn(pick(column, series), timestep, "lttb");
		return courses(resampled).map((values, i) => ({
			name: seriesName(column, series[i]),
			values: plotted(values),
		}));
	};
	const all = [...lengths.keys()];
	if (all.length <= MOST_LINES) return { ...head, lines: linesOf(all) };
	const { min, median, max } = overSeries(column);
	return {
		...head,
		lines: linesOf(outliers(column, statistics, median)),
		band: {
			min: plotted(inBuckets(min, factor, (a, b) => Math.min(a, b))),
			median: plotted(inBuckets(median, factor, meanOfTwo)),
			max: plotted(inBuckets(max, factor, (a, b) => Math.max(a, b))),
		},
	};
}

/** `host`, or `host device`. */
export function seriesName(
	{ hostnames, ids }: Pick<Column, "hostnames" | "ids">,
	series: number,
): string {
	const id = ids?.[series] ?? null;
	return id === null ? hostnames[series] : `${hostnames[series]} ${id}`;
}

function largest({ min, max }: SeriesStatistics): number {
	let most = 0;
	for (let i = 0; i < max.length; i++) {
		if (Number.isFinite(max[i])) most = Math.max(most, Math.abs(max[i]));
		if (Number.isFinite(min[i])) most = Math.max(most, Math.abs(min[i]));
	}
	return most;
}

/** From the samples, whatever a source brought: ClusterCockpit counts a missing sample as 0 there. */
function overSeries(column: Column) {
	const derived = deriveStatisticsSeries(column);
	if (derived === undefined)
		throw new RangeError("statistics over the series are of eight and more");
	return derived;
}

/** The series whose mean distance from the median course sets them apart, the farthest first. */
function outliers(
	column: Column,
	{ min, max }: SeriesStatistics,
	median: Float64Array,
): number[] {
	const distances = courses(column).map((values) =>
		meanDistance(values, median),
	);
	const known = distances.filter((it) => !Number.isNaN(it)).sort(ascending);
	const typical = known[known.length >> 1] ?? 0;
	const range = mostOf(max) + mostOf(min.map((value) => -value));
	return [...distances.keys()]
		.filter(
			(series) =>
				distances[series] > OUTLIER_DISTANCE * typical &&
				distances[series] > OUTLIER_SHARE * range,
		)
		.sort((a, b) => distances[b] - distances[a])
		.slice(0, MOST_OUTLIERS);
}

/** NaN when the two have no step in common. */
function meanDistance(values: Float64Array, median: Float64Array): number {
	let sum = 0;
	let count = 0;
	for (let i = 0; i < values.length; i++) {
		const distance = Math.abs(values[i] - median[i]);
		if (!Number.isFinite(distance)) continue;
		sum += distance;
		count++;
	}
	return sum / count;
}

function mostOf(values: Float64Array): number {
	return values.reduce(
		(most, value) => (value > most ? value : most),
		Number.NEGATIVE_INFINITY,
	);
}

/** One value for each `factor` of them, by what two of them make; NaN where all are missing. */
function inBuckets(
	values: Float64Array,
	factor: number,
	join: (a: number, b: number, count: number) => number,
): Float64Array {
	const joined = new Float64Array(Math.ceil(values.length / factor)).fill(
		Number.NaN,
	);
	const counts = new Uint32Array(joined.length);
	for (let i = 0; i < values.length; i++) {
		if (Number.isNaN(values[i])) continue;
		const bucket = Math.floor(i / factor);
		counts[bucket]++;
		joined[bucket] =
			counts[bucket] === 1
				? values[i]
				: join(joined[bucket], values[i], counts[bucket]);
	}
	return joined;
}

/** The mean of `count` values, the last of which is `value`, from that of those before. */
function meanOfTwo(mean: number, value: number, count: number): number {
	return mean + (value - mean) / count;
}

/** A column of some series of another one, in the order asked for. */
function pick(column: Column, series: readonly number[]): Column {
	const all = courses(column);
	const lengths = Uint32Array.from(series, (i) => all[i].length);
	const samples = new Float64Array(lengths.reduce((a, b) => a + b, 0));
	let start = 0;
	for (const i of series) {
		samples.set(all[i], start);
		start += all[i].length;
	}
	const { statisticsSeries: _, ...header } = column;
	return {
		...header,
		hostnames: series.map((i) => column.hostnames[i]),
		ids: column.ids && series.map((i) => column.ids?.[i] ?? null),
		lengths,
		samples,
	};
}

/** The samples of each series. */
function courses({ lengths, samples }: Column): Float64Array[] {
	let end = 0;
	return Array.from(lengths, (length) => {
		end += length;
		return samples.subarray(end - length, end);
	});
}

function ascending(a: number, b: number): number {
	return a - b;
}

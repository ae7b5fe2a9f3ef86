import type { Column, SeriesStatistics } from "./column.js";

/**
 * Statistics of every series of a column, in one pass. The average is the sum in sample order over the samples
 * that are there, so equal samples give equal bits. A series without samples has count 0 and NaN throughout.
 */
export function measureColumn(column: Column): SeriesStatistics {
	const { lengths, samples } = column;
	const statistics = emptyStatistics(lengths.length);
	let start = 0;
	for (let series = 0; series < lengths.length; series++) {
		const end = start + lengths[series];
		measureSeries(samples, start, end, statistics, series);
		start = end;
	}
	return statistics;
}

/** Room for the statistics of `seriesCount` series, with count 0 and zeros. */
export function emptyStatistics(seriesCount: number): SeriesStatistics {
	return {
		avg: new Float64Array(seriesCount),
		min: new Float64Array(seriesCount),
		max: new Float64Array(seriesCount),
		count: new Uint32Array(seriesCount),
	};
}

function measureSeries(
	samples: Float64Array,
	start: number,
	end: number,
	statistics: SeriesStatistics,
	series: number,
): void {
	let count = 0;
	let sum = 0;
	let min = Number.POSITIVE_INFINITY;
	let max = Number.NEGATIVE_INFINITY;
	for (let i = start; i < end; i++) {
		const value = samples[i];
		if (!Number.isNaN(value)) {
			count++;
			sum += value;
			if (value < min) min = value;
			if (value > max) max = value;
		}
	}
	statistics.count[series] = count;
	statistics.avg[series] = count === 0 ? Number.NaN : sum / count;
	statistics.min[series] = count === 0 ? Number.NaN : min;
	statistics.max[series] = count === 0 ? Number.NaN : max;
}

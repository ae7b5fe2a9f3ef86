import type { Column, SeriesStatistics } from "../codec/column.js";
import { formatUnit } from "../schema/unit.js";
import { type PlotData, plotDataOf, seriesName } from "./plot-data.js";

/** Series without a sample that are named; the others are counted. */
const NAMED_SILENT = 6;

/** What a report says of one metric at one scope. */
export interface MetricReport {
	plot: PlotData;
	/** As the metric is archived; the plot may have another prefix. */
	unit: string;
	/** Seconds from one archived sample to the next. */
	timestep: number;
	series: number;
	/** Samples that are there, of all that the archive has room for. */
	samples: { present: number; all: number };
	/** Over all series that have samples; NaN where none has. The average is the mean of theirs. */
	min: number;
	avg: number;
	max: number;
	/** Series without any sample: how many, and the first of them by name. */
	silent: { count: number; names: string[] };
}

export function metricReportOf(
	column: Column,
	statistics: SeriesStatistics,
	startTime: number,
): MetricReport {
	const silent = [...column.lengths.keys()].filter(
		(series) => statistics.count[series] === 0,
	);
	return {
		plot: plotDataOf(column, statistics, startTime),
		unit: formatUnit(column.unit),
		timestep: column.timestep,
		series: column.lengths.length,
		samples: {
			present: statistics.count.reduce((a, b) => a + b, 0),
			all: column.samples.length,
		},
		...overallStatistics(statistics),
		silent: {
			count: silent.length,
			names: silent
				.slice(0, NAMED_SILENT)
				.map((series) => seriesName(column, series)),
		},
	};
}

function overallStatistics({ avg, min, max, count }: SeriesStatistics) {
	const overall = { min: Number.NaN, avg: 0, max: Number.NaN };
	let series = 0;
	for (let i = 0; i < count.length; i++) {
		if (count[i] === 0) continue;
		series++;
		overall.avg += avg[i];
		if (!(overall.min <= min[i])) overall.min = min[i];
		if (!(overall.max >= max[i])) overall.max = max[i];
	}
	overall.avg /= series;
	return overall;
}

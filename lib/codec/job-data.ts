import {
	emptyJobData,
	type JobData,
	type JobMetric,
	type Series,
	setJobMetric,
} from "../schema/metric.js";
import type { MetricScope } from "../schema/scope.js";
import type { Column, SeriesStatistics } from "./column.js";
import { deriveStatisticsSeries, isDerived } from "./statistics-series.js";

/**
 * The columns of a job's data. Samples are copied, labels shared. `statisticsSeries` that readers derive from the
 * samples anyway are left out; the others count as brought and go along.
 */
export function columnsOf(data: JobData): Column[] {
	const columns: Column[] = [];
	for (const metric of Object.keys(data)) {
		const scopes = data[metric];
		for (const scope of Object.keys(scopes) as MetricScope[]) {
			const value = scopes[scope];
			if (value !== undefined) columns.push(columnOf(metric, scope, value));
		}
	}
	return columns;
}

/**
 * The data of a job from its columns. The series' data are views into the columns' samples.
 * `statisticsSeries` are those brought, else derived for eight series and more.
 *
 * @param statisticsOf - Finds each column's statistics: `measureColumn`, or a lookup of stored ones.
 * @param percentiles - To derive beside `statisticsSeries` that were not brought.
 */
export function jobDataOf(
	columns: readonly Column[],
	statisticsOf: (column: Column) => SeriesStatistics,
	percentiles?: readonly number[],
): JobData {
	const data = emptyJobData();
	for (const column of columns) {
		const { metric, scope, unit, timestep } = column;
		const statisticsSeries =
			column.statisticsSeries ?? deriveStatisticsSeries(column, percentiles);
		setJobMetric(data, metric, scope, {
			unit,
			timestep,
			series: seriesOf(column, statisticsOf(column)),
			...(statisticsSeries && { statisticsSeries }),
		});
	}
	return data;
}

function columnOf(
	metric: string,
	scope: MetricScope,
	{ unit, timestep, series, statisticsSeries }: JobMetric,
): Column {
	const lengths = Uint32Array.from(series, ({ data }) => data.length);
	const samples = new Float64Array(lengths.reduce((sum, n) => sum + n, 0));
	let start = 0;
	for (const { data } of series) {
		samples.set(data, start);
		start += data.length;
	}
	const column: Column = {
		metric,
		scope,
		unit,
		timestep,
		hostnames: series.map(({ hostname }) => hostname),
		ids: series.some(({ id }) => id !== undefined)
			? series.map(({ id }) => id ?? null)
			: null,
		lengths,
		samples,
	};
	if (statisticsSeries !== undefined && !isDerived(statisticsSeries, column))
		column.statisticsSeries = statisticsSeries;
	return column;
}

function seriesOf(
	{ hostnames, ids, lengths, samples }: Column,
	{ avg, min, max }: SeriesStatistics,
): Series[] {
	const list: Series[] = [];
	let start = 0;
	for (let i = 0; i < lengths.length; i++) {
		const id = ids?.[i] ?? null;
		list.push({
			hostname: hostnames[i],
			...(id !== null && { id }),
			statistics: { avg: avg[i], min: min[i], max: max[i] },
			data: samples.subarray(start, start + lengths[i]),
		});
		start += lengths[i];
	}
	return list;
}

import type { MeasuredColumn, SeriesStatistics } from "../codec/column.js";
import type { MetricStatistics } from "../schema/metric.js";
import { record } from "../schema/record.js";
import type { MetricScope } from "../schema/scope.js";
import type { ScopedStatistics } from "./archive.js";

/** The statistics of every series, as `Archive.loadJobStats` gives them. */
export function scopedStatistics(
	columns: readonly MeasuredColumn[],
): ScopedStatistics {
	const result: ScopedStatistics = record();
	for (const { metric, scope, hostnames, ids, statistics } of columns) {
		result[metric] ??= record() as ScopedStatistics[string];
		result[metric][scope] = hostnames.map((hostname, i) => {
			const id = ids?.[i] ?? null;
			return {
				hostname,
				...(id !== null && { id }),
				statistics: statisticsAt(statistics, i),
			};
		});
	}
	return result;
}

/** Finds the stored statistics of a column by metric and scope. */
export function statisticsLookup(
	columns: readonly MeasuredColumn[],
): (column: { metric: string; scope: MetricScope }) => SeriesStatistics {
	const byName = new Map(
		columns.map((column) => [nameOf(column), column.statistics]),
	);
	return (column) => {
		const statistics = byName.get(nameOf(column));
		if (statistics === undefined)
			throw new TypeError(`no statistics of ${nameOf(column)}`);
		return statistics;
	};
}

function nameOf({ metric, scope }: { metric: string; scope: string }): string {
	return `${metric}/${scope}`;
}

function statisticsAt(
	{ avg, min, max }: SeriesStatistics,
	series: number,
): MetricStatistics {
	return { avg: avg[series], min: min[series], max: max[series] };
}

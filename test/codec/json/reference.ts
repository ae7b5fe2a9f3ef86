import type { Column } from "../../../lib/codec/column.js";
import { measureColumn } from "../../../lib/codec/statistics.js";
import { deriveStatisticsSeries } from "../../../lib/codec/statistics-series.js";
import type { StatisticsSeries } from "../../../lib/schema/metric.js";
import { record } from "../../../lib/schema/record.js";

/** What the encoder writes, said in the simplest way: objects and `JSON.stringify`. */
export function referenceJson(columns: readonly Column[]): string {
	const data = record<Record<string, unknown>>();
	for (const column of columns) {
		data[column.metric] ??= record<unknown>();
		data[column.metric][column.scope] = referenceColumn(column);
	}
	return JSON.stringify(data);
}

export function referenceRounding(value: number): number {
	if (!Number.isFinite(value)) return Number.NaN;
	return Math.abs(value) < 2 ** 45
		? Math.round(value * 100) / 100 + 0
		: Number(value.toFixed(2));
}

function referenceColumn(column: Column): unknown {
	const samples = column.samples.map(referenceRounding);
	const rounded = { ...column, samples };
	const { avg, min, max } = measureColumn(rounded);
	const statisticsSeries =
		column.statisticsSeries ?? deriveStatisticsSeries(rounded);
	let start = 0;
	return {
		unit: column.unit,
		timestep: column.timestep,
		series: Array.from(column.lengths, (length, i) => {
			start += length;
			return {
				hostname: column.hostnames[i],
				id: column.ids?.[i] ?? undefined,
				statistics: { min: min[i], avg: avg[i], max: max[i] },
				data: list(samples.subarray(start - length, start)),
			};
		}),
		statisticsSeries: statisticsSeries && lists(statisticsSeries),
	};
}

function lists({ min, median, max, mean, percentiles }: StatisticsSeries) {
	const named = record<unknown>();
	for (const [name, values] of Object.entries(percentiles ?? {}))
		named[name] = list(values);
	return {
		min: list(min),
		median: list(median),
		max: list(max),
		mean: mean && list(mean),
		percentiles: percentiles && named,
	};
}

function list(samples: Float64Array): number[] {
	return Array.from(samples, referenceRounding);
}

import type { JobStatistics } from "../schema/job.js";
import type { MeasuredColumn } from "./column.js";

interface Accumulator {
	unit: JobStatistics["unit"];
	nodes: number;
	sumOfAverages: number;
	min: number;
	max: number;
}

/**
 * Statistics of a whole job from its columns at node scope: the mean of the nodes' averages, and minimum and maximum over
 * the nodes. Nodes without samples do not count; a metric without any is left out. Nothing is rounded.
 *
 * @returns a null-prototype object, metric -> statistics.
 */
export function jobStatistics(
	columns: readonly MeasuredColumn[],
): Record<string, JobStatistics> {
	const byMetric = new Map<string, Accumulator>();
	for (const column of columns) {
		if (column.scope !== "node") continue;
		let metric = byMetric.get(column.metric);
		if (metric === undefined) {
			metric = {
				unit: column.unit,
				nodes: 0,
				sumOfAverages: 0,
				min: Number.POSITIVE_INFINITY,
				max: Number.NEGATIVE_INFINITY,
			};
			byMetric.set(column.metric, metric);
		}
		addNodes(metric, column);
	}
	const result = Object.create(null) as Record<string, JobStatistics>;
	for (const [name, metric] of byMetric) {
		if (metric.nodes === 0) continue;
		result[name] = {
			unit: metric.unit,
			avg: metric.sumOfAverages / metric.nodes,
			min: metric.min,
			max: metric.max,
		};
	}
	return result;
}

function addNodes(metric: Accumulator, { statistics }: MeasuredColumn): void {
	const { avg, min, max, count } = statistics;
	for (let node = 0; node < count.length; node++) {
		if (count[node] === 0) continue;
		metric.nodes++;
		metric.sumOfAverages += avg[node];
		if (min[node] < metric.min) metric.min = min[node];
		if (max[node] > metric.max) metric.max = max[node];
	}
}

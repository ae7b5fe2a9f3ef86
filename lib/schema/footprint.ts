import type { MetricConfig } from "./cluster.js";
import type { JobStatistics } from "./job.js";
import { record } from "./record.js";

/**
 * A job's footprint: `<metric>_<stat>` -> that statistic, for every metric that has a footprint setting and samples.
 *
 * @param metrics - The metrics of the job's subcluster, see `metricsOf`.
 * @param statistics - Metric -> statistics over the whole job.
 * @returns A null-prototype record, empty when nothing applies.
 */
export function footprintOf(
	metrics: readonly MetricConfig[],
	statistics: Record<string, JobStatistics>,
): Record<string, number> {
	const footprint = record<number>();
	for (const { name, footprint: stat } of metrics) {
		if (stat === undefined || !Object.hasOwn(statistics, name)) continue;
		const value = statistics[name][stat];
		if (Number.isFinite(value)) footprint[`${name}_${stat}`] = value;
	}
	return footprint;
}

import type { MetricConfig } from "./cluster.js";
import type { JobStatistics } from "./job.js";
import { record } from "./record.js";
import { convertUnit, isUnitPrefix, type Unit } from "./unit.js";

/**
 * A job's footprint: `<metric>_<stat>` -> that statistic, for every metric that has a footprint setting and samples.
 * A footprint has no unit of its own, so it is in the one that the metric is configured with.
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
	for (const { name, unit, footprint: stat } of metrics) {
		if (stat === undefined || !Object.hasOwn(statistics, name)) continue;
		const value = inUnit(unit, statistics[name][stat], statistics[name].unit);
		if (Number.isFinite(value)) footprint[`${name}_${stat}`] = value;
	}
	return footprint;
}

/** `value` in `configured`, where that differs by its prefix; any other difference is left as the source told it. */
function inUnit(configured: Unit, value: number, unit: Unit): number {
	const convertible =
		configured.base === unit.base &&
		isUnitPrefix(configured.prefix ?? "") &&
		isUnitPrefix(unit.prefix ?? "");
	return convertible ? convertUnit(value, unit, configured) : value;
}

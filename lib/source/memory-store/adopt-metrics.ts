import type { Retention } from "./retention.js";
import type { Host } from "./series.js";
import type { SeriesTable } from "./series-table.js";

/**
 * Puts the series of a host on the grids of the cluster's metrics as they are configured now: a metric may have got another
 * timestep. Series of a metric that is gone, or is measured at another scope now, are dropped.
 */
export function adoptMetrics(
	host: Host,
	table: SeriesTable,
	retention: Retention,
): void {
	const metrics = table.metrics(host.cluster);
	if (host.adoptedMetrics === metrics) return;
	host.adoptedMetrics = metrics;
	for (const measurement of host.measurements.values()) {
		const { metric } = measurement;
		const current = metrics?.get(metric.name);
		if (current === metric) continue;
		if (current?.scope === metric.scope) {
			retention.resized(measurement.devices.values(), () =>
				measurement.regrid(current),
			);
		} else {
			for (const series of measurement.devices.values()) retention.drop(series);
		}
	}
}

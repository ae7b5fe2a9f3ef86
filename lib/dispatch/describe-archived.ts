import { type DataFacts, withDataFacts } from "../archive/data-facts.js";
import type { Compression, DataFormat } from "../codec/column.js";
import type { ArchivedRow } from "../repository/repository.js";
import type { MetricConfig } from "../schema/cluster.js";
import { type Completeness, incompleteness } from "../schema/completeness.js";
import { energyOf } from "../schema/energy.js";
import { footprintOf } from "../schema/footprint.js";
import {
	type Job,
	type JobStatistics,
	MONITORING_STATUS,
} from "../schema/job.js";
import { record } from "../schema/record.js";
import { round2 } from "../schema/round.js";
import type { FinishedJob } from "./messages.js";

/**
 * A job as it is archived and recorded, with what follows from its samples.
 *
 * @param metrics - Those of the job's subcluster.
 * @param notes - What could not be archived as it was asked for.
 */
export function describeArchived(
	job: Job,
	metrics: readonly MetricConfig[],
	finished: FinishedJob,
	{
		format,
		compression,
		notes,
	}: {
		format: DataFormat;
		compression: Compression;
		notes: readonly string[];
	},
): ArchivedRow {
	const exact = record<JobStatistics>();
	const statistics = record<JobStatistics>();
	for (const [name, entry] of finished.statistics) {
		exact[name] = entry;
		statistics[name] = { ...entry, avg: round2(entry.avg) };
	}
	const { dataId, series, samples, completeness } = finished;
	const footprint = footprintOf(metrics, statistics);
	// From exact averages: two decimals of a power in kW or MW would be coarse.
	const { energyFootprint, energy } = energyOf(
		metrics,
		exact,
		job,
		completeness && ((metric) => samplesPerSeries(completeness, metric)),
	);
	const facts: DataFacts = { format, dataId, series, samples, completeness };
	if (format === "columnar" && compression === "small")
		facts.compression = compression;
	if (notes.length > 0) facts.notes = notes;
	const archived: Job = {
		...job,
		monitoringStatus: MONITORING_STATUS.archivingSuccessful,
		statistics,
		footprint,
		energyFootprint,
		energy,
	};
	return {
		job: withDataFacts(archived, facts),
		footprint,
		energyFootprint,
		energy,
		completeness: incompleteness(completeness),
	};
}

/** How many samples a whole series of a metric has. */
function samplesPerSeries(
	{ metrics }: Completeness,
	metric: string,
): number | undefined {
	if (!Object.hasOwn(metrics, metric)) return undefined;
	const { series, samples } = metrics[metric];
	return series[1] === 0 ? 0 : samples[1] / series[1];
}

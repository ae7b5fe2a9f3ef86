import { dataFactsOf } from "../archive/data-facts.js";
import type { NodeMetric } from "../dispatch/messages.js";
import { agrees } from "../schema/agreement.js";
import type { Job, JobStatistics } from "../schema/job.js";
import { formatUnit } from "../schema/unit.js";

/** A metric whose statistics in the meta are not what its data say. */
export interface StatisticsProblem {
	/** The metric. */
	column: string;
	reason: string;
}

/**
 * Compares the statistics in a job's meta with those of its data at node scope.
 *
 * Data that were resampled, when the job was archived or later, have a narrower range than the statistics, which are of
 * the samples as recorded; data that retention has dropped say nothing.
 *
 * @param recordedTimestep - Seconds between samples as a metric is configured; undefined where it is not.
 */
export function checkJobStatistics(
	job: Job,
	nodeMetrics: readonly NodeMetric[],
	recordedTimestep: (metric: string) => number | undefined,
): StatisticsProblem[] {
	const { statistics } = job;
	const thinned = dataFactsOf(job)?.thinned;
	if (statistics === undefined || thinned === "dropped") return [];
	const problems: StatisticsProblem[] = [];
	const inData = new Set<string>();
	for (const { metric, timestep, statistics: computed } of nodeMetrics) {
		inData.add(metric);
		const recorded = recordedTimestep(metric) ?? timestep;
		const resampled = thinned !== undefined || timestep > recorded;
		const told = Object.hasOwn(statistics, metric)
			? statistics[metric]
			: undefined;
		const reason =
			told === undefined
				? "the meta has no statistics of it"
				: difference(told, computed, resampled);
		if (reason !== undefined) problems.push({ column: metric, reason });
	}
	for (const metric of Object.keys(statistics))
		if (!inData.has(metric) && !isOrdered(statistics[metric]))
			problems.push({
				column: metric,
				reason: `the meta's ${inWords(statistics[metric])} cannot be`,
			});
	return problems;
}

function difference(
	told: JobStatistics,
	computed: JobStatistics,
	resampled: boolean,
): string | undefined {
	const [unit, ofData] = [told.unit, computed.unit].map(formatUnit);
	if (unit !== ofData)
		return `the meta counts in ${JSON.stringify(unit)}, the data in ${JSON.stringify(ofData)}`;
	const same = resampled
		? isOrdered(told) &&
			(told.min <= computed.min || agrees(told.min, computed.min)) &&
			(told.max >= computed.max || agrees(told.max, computed.max))
		: agrees(told.avg, computed.avg) &&
			agrees(told.min, computed.min) &&
			agrees(told.max, computed.max);
	return same
		? undefined
		: `the meta tells ${inWords(told)}, the data ${inWords(computed)}`;
}

function isOrdered({ avg, min, max }: JobStatistics): boolean {
	return (min <= avg || agrees(min, avg)) && (avg <= max || agrees(avg, max));
}

function inWords({ avg, min, max }: JobStatistics): string {
	const [a, b, c] = [avg, min, max].map((value) =>
		Number(value.toPrecision(6)),
	);
	return `avg ${a}, min ${b}, max ${c}`;
}

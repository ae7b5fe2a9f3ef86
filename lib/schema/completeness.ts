/** How many are there, of how many that there should be. */
export type Presence = readonly [present: number, expected: number];

export interface MetricCompleteness {
	/** Hosts with a sample. */
	hosts: Presence;
	/** Series with a sample, at the finest scope that the source brought. */
	series: Presence;
	/** Samples of these series that are there. */
	samples: Presence;
}

/**
 * How complete a job's series are, as the source brought them: before they were brought to other scopes and resampled.
 * Series and samples are sums over the metrics.
 */
export interface Completeness extends MetricCompleteness {
	/** The samples that are there as a share of those expected, as the mean over the metrics. Below 1 unless all are there. */
	share: number;
	/** Null-prototype; metric -> its part. */
	metrics: Record<string, MetricCompleteness>;
}

/** What there is to record of a job that lacks some of its samples; undefined for one that lacks none. */
export function incompleteness(
	completeness: Completeness | undefined,
): Completeness | undefined {
	return completeness === undefined || completeness.share >= 1
		? undefined
		: completeness;
}

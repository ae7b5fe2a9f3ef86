import type { MetricScope } from "./scope.js";
import type { Unit } from "./unit.js";

/** Statistics over the samples that are there. NaN throughout when there are none. */
export interface MetricStatistics {
	avg: number;
	min: number;
	max: number;
}

/** One host's samples, or one device's (then with `id`), at the metric's timestep. */
export interface Series {
	hostname: string;
	/** Device within the host: position of a core or socket in the topology, or an accelerator's id. Absent at node scope. */
	id?: string;
	statistics: MetricStatistics;
	/** One sample a timestep; NaN where there is none. A view into the job's decoded buffer: copy before transferring. */
	data: Float64Array;
}

/** Values over all series of a metric at each time step, NaN where fewer than three series have a sample. */
export interface StatisticsSeries {
	min: Float64Array;
	median: Float64Array;
	max: Float64Array;
	/** Only where a source brought it: ours stores what it is given and does not compute it. */
	mean?: Float64Array;
	/** Keyed by the percentile's name, e.g. `25`. Null-prototype. */
	percentiles?: Record<string, Float64Array>;
}

export interface JobMetric {
	unit: Unit;
	/** Seconds from one sample to the next. */
	timestep: number;
	series: Series[];
	statisticsSeries?: StatisticsSeries;
}

/** metric -> scope -> data. Both levels are null-prototype objects, so that any metric name is an ordinary key. */
export type JobData = Record<string, Partial<Record<MetricScope, JobMetric>>>;

/** What a reader wants of a job's data. Absent: everything. */
export interface DataSelection {
	metrics?: readonly string[];
	scopes?: readonly MetricScope[];
	/** Percentiles over the series, 1 to 99, to have beside `statisticsSeries` that follow from the samples. */
	percentiles?: readonly number[];
}

export function emptyJobData(): JobData {
	return Object.create(null) as JobData;
}

/** Adds one metric at one scope to `data`, keeping both levels free of prototypes. */
export function setJobMetric(
	data: JobData,
	metric: string,
	scope: MetricScope,
	value: JobMetric,
): void {
	let scopes = data[metric];
	if (scopes === undefined) {
		scopes = Object.create(null) as Partial<Record<MetricScope, JobMetric>>;
		data[metric] = scopes;
	}
	scopes[scope] = value;
}

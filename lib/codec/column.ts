import type { StatisticsSeries } from "../schema/metric.js";
import type { MetricScope } from "../schema/scope.js";
import type { Unit } from "../schema/unit.js";

/** What new jobs are written as: our columns, or ClusterCockpit's JSON. One archive may hold both. */
export type DataFormat = "columnar" | "json";

/** How the bytes of one job's data are to be read. */
export type DataEncoding = "columnar" | "json" | "json.gz";

/** How hard the columnar encoder works: `fast` while a backend is served, `small` for cold archives. */
export type Compression = "fast" | "small";

/**
 * All series of one metric at one scope: the shape in which samples cross threads, are measured and are encoded.
 * Labels may be shared between columns by reference, which structured cloning keeps.
 */
export interface ColumnHeader {
	metric: string;
	scope: MetricScope;
	unit: Unit;
	/** Seconds from one sample to the next. */
	timestep: number;
	/** One a series. */
	hostnames: readonly string[];
	/** One a series, or null when no series has a device (node scope). */
	ids: readonly (string | null)[] | null;
	/** Samples of each series; series may differ in length. */
	lengths: Uint32Array;
	/** Brought by a source and stored as it is; absent: computed for eight series and more. */
	statisticsSeries?: StatisticsSeries;
}

/** A header with its samples: series after series, `sum(lengths)` values in all, NaN where there is none. */
export interface Column extends ColumnHeader {
	samples: Float64Array;
}

/** Statistics of each series of a column, by series index. Without samples: count 0 and NaN. */
export interface SeriesStatistics {
	avg: Float64Array;
	min: Float64Array;
	max: Float64Array;
	/** Samples that are there (not NaN). */
	count: Uint32Array;
}

/** A header with the statistics of its series: what is known of a column without its samples. */
export interface MeasuredColumn extends ColumnHeader {
	statistics: SeriesStatistics;
}

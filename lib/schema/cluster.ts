import type { MetricScope } from "./scope.js";
import type { Unit } from "./unit.js";

export type Aggregation = "sum" | "avg";
export type FootprintStat = "avg" | "min" | "max";
export type EnergyKind = "power" | "energy";

/** Position lists of hwthreads: `core[3]` holds the hwthreads of the core that is called `3`. */
export interface Topology {
	node: number[];
	socket?: number[][];
	memoryDomain?: number[][];
	die?: number[][];
	core?: number[][];
	accelerators?: { id: string; type: string; model: string }[];
}

/** What a subcluster says differently about a metric. */
export interface SubClusterMetricOverride {
	name: string;
	footprint?: FootprintStat;
	energy?: EnergyKind;
	peak?: number;
	normal?: number;
	caution?: number;
	alert?: number;
	/** The metric does not exist on this subcluster. */
	remove?: boolean;
}

export interface MetricConfig {
	name: string;
	unit: Unit;
	/** Scope at which the metric is measured. */
	scope: MetricScope;
	aggregation: Aggregation;
	/** Seconds between samples. */
	timestep: number;
	footprint?: FootprintStat;
	energy?: EnergyKind;
	peak?: number;
	normal?: number;
	caution?: number;
	alert?: number;
	subClusters?: SubClusterMetricOverride[];
}

export interface SubCluster {
	name: string;
	/** Node list expression, e.g. `f[0101-0188,0201-0288]`. */
	nodes: string;
	topology: Topology;
}

/** The part of a cluster's configuration that archiving needs; `cluster.json` is stored and passed on whole. */
export interface Cluster {
	name: string;
	metricConfig: MetricConfig[];
	subClusters: SubCluster[];
}

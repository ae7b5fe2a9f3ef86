import type { Cluster } from "../../lib/index.js";

export const CLUSTER = "benchcluster";
/** Unix seconds. */
export const START_TIME = 1_700_000_000;
export const TIMESTEP = 60;

/** A cluster with so many metrics, every one of them measured at node scope. */
export function measuredCluster(metrics: number): Cluster {
	return {
		name: CLUSTER,
		metricConfig: Array.from({ length: metrics }, (_, i) => ({
			name: metricName(i),
			unit: { base: "" },
			scope: "node",
			aggregation: "avg",
			timestep: TIMESTEP,
		})),
		subClusters: [
			{ name: "main", nodes: "b[0001-9999]", topology: { node: [0] } },
		],
	};
}

export function metricName(metric: number): string {
	return `metric_${metric}`;
}

export function hostName(host: number): string {
	return `b${String(host + 1).padStart(4, "0")}`;
}

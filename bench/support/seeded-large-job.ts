import type { Cluster, Job } from "../../lib/index.js";
import { SEED } from "./bench.js";
import { countSamples, type LargeJob } from "./large-job.js";
import { syntheticColumns } from "./synthetic-columns.js";

const METRICS = [
	"cpu_load",
	"clock",
	"cpu_power",
	"ipc",
	"mem_bw",
	"flops_sp",
	"mem_used",
	"flops_dp",
	"flops_any",
];
const NODES = 32;

/** A job of 32 nodes, 24 h and nine metrics at node scope: 415,008 samples, the same on every machine. */
export async function seededLargeJob(): Promise<LargeJob> {
	const cluster = benchCluster(METRICS);
	const job = benchJob(cluster, NODES);
	const columns = await syntheticColumns(SEED, job, cluster);
	return {
		name: "seeded",
		job,
		cluster,
		columns,
		samples: countSamples(columns),
	};
}

/** A cluster of 1,024 nodes with these metrics, at node scope, a sample a minute. */
export function benchCluster(metrics: readonly string[]): Cluster {
	return {
		name: "benchcluster",
		metricConfig: metrics.map((name) => ({
			name,
			unit: {
				base: name.startsWith("flops")
					? "F/s"
					: name === "cpu_power"
						? "W"
						: "B",
			},
			scope: "node",
			aggregation: name === "ipc" || name === "clock" ? "avg" : "sum",
			timestep: 60,
			peak: 400,
			normal: 200,
			caution: 50,
			alert: 10,
			...(name === "cpu_power" ? { energy: "power" } : {}),
			...(name === "cpu_load" ? { footprint: "avg" } : {}),
		})),
		subClusters: [
			{
				name: "main",
				nodes: "b[0001-1024]",
				topology: {
					node: [0, 1, 2, 3],
					core: [[0], [1], [2], [3]],
					socket: [[0, 1, 2, 3]],
					memoryDomain: [[0, 1, 2, 3]],
				},
			},
		],
	};
}

/** A job of 24 h. */
export function benchJob(cluster: Cluster, nodes: number): Job {
	return {
		cluster: cluster.name,
		subCluster: "main",
		jobId: 1_403_244,
		startTime: 1_608_923_076,
		duration: 86_400,
		user: "bench",
		project: "bench",
		numNodes: nodes,
		shared: "none",
		jobState: "completed",
		monitoringStatus: 1,
		resources: Array.from({ length: nodes }, (_, i) => ({
			hostname: `b${String(i + 1).padStart(4, "0")}`,
		})),
		tags: [],
		metaData: {},
	};
}

import type { Cluster, Column, Job } from "../../lib/index.js";
import { SEED } from "./bench.js";
import { countSamples } from "./large-job.js";
import { benchCluster, benchJob } from "./seeded-large-job.js";
import { syntheticColumns } from "./synthetic-columns.js";

const METRICS = ["cpu_load", "cpu_power", "mem_used", "flops_any"];
const SAMPLES = 10;

/** A job of one node and four metrics with ten samples each: what archiving costs beside the samples. */
export async function smallJob(): Promise<{
	name: string;
	job: Job;
	cluster: Cluster;
	columns: Column[];
	samples: number;
}> {
	const cluster = benchCluster(METRICS);
	const [{ timestep }] = cluster.metricConfig;
	const job = {
		...benchJob(cluster, 1),
		duration: (SAMPLES - 1) * timestep,
	};
	const columns = await syntheticColumns(SEED, job, cluster);
	return {
		name: "one node, ten samples",
		job,
		cluster,
		columns,
		samples: countSamples(columns),
	};
}

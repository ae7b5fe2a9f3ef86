import { SEED } from "./bench.js";
import { countSamples, type LargeJob } from "./large-job.js";
import { benchCluster, benchJob } from "./seeded-large-job.js";
import { syntheticColumns } from "./synthetic-columns.js";

const METRICS = ["cpu_load", "cpu_power", "mem_used", "flops_any"];
const SMALL_SAMPLES = 10;
/** Of a day: jobs of more samples than one node gives in that time have more nodes. */
const MOST_SAMPLES_PER_SERIES = 1440;

/** A job of one node and four metrics with ten samples each: what archiving costs beside the samples. */
export function smallJob(): Promise<LargeJob> {
	return makeJob("one node, ten samples", 1, SMALL_SAMPLES);
}

/** A job of four metrics and about so many samples. */
export function sizedJob(samples: number): Promise<LargeJob> {
	const perMetric = samples / METRICS.length;
	const nodes = Math.ceil(perMetric / MOST_SAMPLES_PER_SERIES);
	return makeJob(`${nodes} nodes`, nodes, Math.round(perMetric / nodes));
}

async function makeJob(
	name: string,
	nodes: number,
	samplesPerSeries: number,
): Promise<LargeJob> {
	const cluster = benchCluster(METRICS);
	const [{ timestep }] = cluster.metricConfig;
	const job = {
		...benchJob(cluster, nodes),
		duration: (samplesPerSeries - 1) * timestep,
	};
	const columns = await syntheticColumns(SEED, job, cluster);
	return { name, job, cluster, columns, samples: countSamples(columns) };
}

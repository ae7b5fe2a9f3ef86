import type { Cluster, Column, Job, MetricSource } from "../../lib/index.js";
import { loadJobMix } from "./job-mix.js";
import { loadLargeJob } from "./large-job.js";
import { MemorySource } from "./memory-source.js";
import { smallJob } from "./small-job.js";

/**
 * What is archived: `large`, one job with many samples, over and over; `small`, the same with few; `mix`, the jobs of two
 * real clusters.
 */
export interface WorkloadSettings {
	kind: "large" | "small" | "mix";
	/** Jobs a run. A mix has its own number, of which this takes a share, evenly spread. */
	jobs: number;
}

export interface Workload {
	/** For people. */
	name: string;
	clusters: readonly Cluster[];
	source: MetricSource;
	/** The jobs of one run, under ids that no run before had. */
	nextJobs(): Job[];
	/** The series of a job of this workload. */
	columnsOf(job: Job): Promise<readonly Column[]>;
}

export async function openWorkload({
	kind,
	jobs,
}: WorkloadSettings): Promise<Workload> {
	switch (kind) {
		case "large":
			return repeated(await loadLargeJob(), jobs);
		case "small":
			return repeated(await smallJob(), jobs);
		case "mix":
			return loadJobMix(jobs);
	}
}

interface OneJob {
	name: string;
	job: Job;
	cluster: Cluster;
	columns: readonly Column[];
	samples: number;
}

function repeated(
	{ name, job, cluster, columns, samples }: OneJob,
	jobs: number,
): Workload {
	let nextId = job.jobId;
	return {
		name: `${name} (${columns.length} columns, ${samples} samples), ${jobs} times`,
		clusters: [cluster],
		source: new MemorySource(columns),
		nextJobs() {
			const first = nextId;
			nextId += jobs;
			return Array.from({ length: jobs }, (_, i) => ({
				...job,
				jobId: first + i,
			}));
		},
		columnsOf: async () => columns,
	};
}

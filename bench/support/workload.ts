import type { Cluster, Column, Job, MetricSource } from "../../lib/index.js";
import { loadJobMix } from "./job-mix.js";
import { type LargeJob, loadLargeJob } from "./large-job.js";
import { MemorySource } from "./memory-source.js";
import { sizedJob, smallJob } from "./small-job.js";

/**
 * What is archived: `large`, one job with many samples, over and over; `small`, the same with few; `sized`, with so many;
 * `mix`, the jobs of two real clusters.
 */
export type WorkloadSettings = {
	/** Jobs a run. A mix has its own number, of which this takes a share, evenly spread. */
	jobs: number;
} & (
	| { kind: "large" | "small" | "mix" }
	| {
			kind: "sized";
			/** Samples a job, about. */
			samples: number;
	  }
);

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

export async function openWorkload(
	settings: WorkloadSettings,
): Promise<Workload> {
	const { jobs } = settings;
	switch (settings.kind) {
		case "large":
			return repeated(await loadLargeJob(), jobs);
		case "small":
			return repeated(await smallJob(), jobs);
		case "sized":
			return repeated(await sizedJob(settings.samples), jobs);
		case "mix":
			return loadJobMix(jobs);
	}
}

function repeated(
	{ name, job, cluster, columns, samples }: LargeJob,
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

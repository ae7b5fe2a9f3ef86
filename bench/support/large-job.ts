import { columnsOf } from "../../lib/codec/job-data.js";
import {
	type Cluster,
	type Column,
	type Job,
	openArchive,
} from "../../lib/index.js";
import { seededLargeJob } from "./seeded-large-job.js";
import { sharedData } from "./shared-data.js";

export interface LargeJob {
	name: string;
	job: Job;
	cluster: Cluster;
	columns: Column[];
	samples: number;
}

/** The real job that lies beside a developer's checkout, or a seeded one of its shape where that is missing. */
export async function loadLargeJob(): Promise<LargeJob> {
	const path = sharedData("archive");
	if (path === undefined) return seededLargeJob();
	const archive = await openArchive(`file:${path}`, { readOnly: true });
	for await (const entry of archive.iterate({ loadMetricData: true })) {
		if ("error" in entry || entry.data === undefined) continue;
		const { job, data } = entry;
		const columns = columnsOf(data);
		const cluster = await archive.loadClusterConfig(job.cluster);
		await archive.close();
		return {
			name: `${job.cluster}/${job.jobId}`,
			job,
			cluster,
			columns,
			samples: countSamples(columns),
		};
	}
	throw new Error(`no job in ${path}`);
}

export function countSamples(columns: readonly Column[]): number {
	return columns.reduce((sum, { samples }) => sum + samples.length, 0);
}

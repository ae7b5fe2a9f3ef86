import { withDataFacts } from "../../lib/archive/data-facts.js";
import { jobDataOf } from "../../lib/codec/job-data.js";
import { measureColumn } from "../../lib/codec/statistics.js";
import {
	type Archive,
	type DataFormat,
	openArchive,
	WorkerPool,
} from "../../lib/index.js";
import type { Job } from "../../lib/schema/job.js";
import type { JobData } from "../../lib/schema/metric.js";
import type { MetricScope } from "../../lib/schema/scope.js";
import { bitsOf, testCluster, testColumn } from "../support/jobs.js";

/** An archive with the test cluster's configuration and these jobs, in files unless its path says otherwise. */
export async function makeArchive(
	path: string,
	format: DataFormat,
	jobs: readonly Job[],
	dataOf: (job: Job) => JobData = seededData,
): Promise<Archive> {
	const target = path.includes(":") ? path : `file:${path}`;
	const archive = await openArchive(target, { format, fsync: false });
	await archive.storeClusterConfig("testcluster", testCluster());
	for (const job of jobs) await archive.importJob(job, dataOf(job));
	return archive;
}

/** A job as this archiver stored it: its meta tells of the data. Which data that is follows when it is imported. */
export function tellingOfData(job: Job): Job {
	return withDataFacts(job, {
		format: "json",
		dataId: "0",
		series: 0,
		samples: 0,
	});
}

/** Two metrics for each host of a job, with gaps, seeded by the job's id. Values have two decimals. */
export function seededData({ jobId, resources }: Job): JobData {
	const hostnames = resources.map(({ hostname }) => hostname);
	const columns = ["cpu_load", "__proto__"].map((metric, i) =>
		testColumn({
			seed: 10 * jobId + i,
			metric,
			hostnames,
			series: hostnames.length,
		}),
	);
	return jobDataOf(columns, measureColumn);
}

/** Integers that wander slowly, for each host of a job: at `small` they take less than at `fast`. */
export function shrinkableData({ jobId, resources }: Job): JobData {
	const hostnames = resources.map(({ hostname }) => hostname);
	const column = testColumn({
		seed: jobId,
		metric: "cpu_load",
		hostnames,
		series: hostnames.length,
		samplesPerSeries: 2000,
	});
	const samples = column.samples.map((value) => Math.round(value / 10));
	return jobDataOf([{ ...column, samples }], measureColumn);
}

/** Every series of a job with its samples' bits. */
export function bitsOfData(data: JobData): string[] {
	return Object.keys(data).flatMap((metric) =>
		(Object.keys(data[metric]) as MetricScope[]).flatMap((scope) =>
			(data[metric][scope]?.series ?? []).map(({ hostname, id, data }) =>
				[metric, scope, hostname, id, bitsOf(data)].join(" "),
			),
		),
	);
}

/** A pool of two threads for the tests of the surrounding `describe`. */
export function usePool(): Pick<WorkerPool, "run"> {
	const pool = startPool();
	after(() => pool.close());
	return pool;
}

export function startPool(): WorkerPool {
	return new WorkerPool({
		poolMinThreads: 0,
		poolMaxThreads: 2,
		poolIdleTimeoutMs: 1000,
	});
}

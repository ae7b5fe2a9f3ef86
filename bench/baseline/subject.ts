import { join } from "node:path";
import { type Cost, measureCost } from "../support/measure.js";
import type { Subject } from "../support/subject.js";
import { openWorkload, type WorkloadSettings } from "../support/workload.js";
import { archiveAsJsonGzip } from "./json-gzip.js";

export interface YardstickSettings {
	folder: string;
	workload: WorkloadSettings;
}

export interface YardstickRun extends Cost {
	jobs: number;
	samples: number;
	bytes: number;
}

/** The yardstick over a workload. Where its series are synthetic, making them counts, as it does for the archiver. */
export default async function openYardstick({
	folder,
	workload: settings,
}: YardstickSettings): Promise<Subject<void, YardstickRun>> {
	const workload = await openWorkload(settings);
	return {
		async run() {
			const jobs = workload.nextJobs();
			let bytes = 0;
			let samples = 0;
			const { cost } = await measureCost(async () => {
				for (const job of jobs) {
					const columns = await workload.columnsOf(job);
					const written = archiveAsJsonGzip(
						columns,
						job,
						join(folder, `${job.cluster}-${job.jobId}`),
					);
					bytes += written.bytes;
					samples += written.samples;
					await new Promise(setImmediate);
				}
			});
			return { ...cost, jobs: jobs.length, bytes, samples };
		},
		async close() {},
	};
}

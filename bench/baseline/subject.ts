import { join } from "node:path";
import { loadLargeJob } from "../support/large-job.js";
import { type Cost, measureCost } from "../support/measure.js";
import type { Subject } from "../support/subject.js";
import { archiveAsJsonGzip } from "./json-gzip.js";

export interface YardstickSettings {
	folder: string;
	/** Large jobs a run. */
	jobs: number;
}

export interface YardstickRun extends Cost {
	jobs: number;
	samples: number;
	bytes: number;
}

/** The yardstick, over and over the large job. */
export default async function openYardstick({
	folder,
	jobs,
}: YardstickSettings): Promise<Subject<void, YardstickRun>> {
	const { columns, job } = await loadLargeJob();
	let written = 0;
	return {
		async run() {
			let bytes = 0;
			let samples = 0;
			const { cost } = await measureCost(async () => {
				for (let i = 0; i < jobs; i++) {
					const one = archiveAsJsonGzip(
						columns,
						job,
						join(folder, String(written++)),
					);
					bytes += one.bytes;
					samples += one.samples;
					await new Promise(setImmediate);
				}
			});
			return { ...cost, jobs, bytes, samples };
		},
		async close() {},
	};
}

import { join } from "node:path";
import { jobDataOf } from "../../lib/codec/job-data.js";
import { measureColumn } from "../../lib/codec/statistics.js";
import { openArchive, SqliteJobRepository } from "../../lib/index.js";
import { checkArchived } from "../support/check.js";
import { type Cost, measureCost } from "../support/measure.js";
import type { Subject } from "../support/subject.js";
import { openWorkload, type WorkloadSettings } from "../support/workload.js";

export interface NaiveSettings {
	folder: string;
	workload: WorkloadSettings;
	storage: "file" | "sqlite";
}

export interface NaiveRun extends Cost {
	jobs: number;
}

/**
 * What one would write first, without an archiver: one job after the other, encoded on the main thread, made durable in
 * the archive, then recorded in a transaction of its own. Same formats, same guarantees.
 */
export default async function openNaive({
	folder,
	workload: settings,
	storage,
}: NaiveSettings): Promise<Subject<void, NaiveRun>> {
	const { clusters, nextJobs, columnsOf } = await openWorkload(settings);
	const path = join(folder, storage === "file" ? "archive" : "archive.db");
	const archive = await openArchive(`${storage}:${path}`, {
		format: "columnar",
	});
	const repository = await SqliteJobRepository.open(join(folder, "job.db"));
	for (const cluster of clusters)
		await archive.storeClusterConfig(cluster.name, cluster);
	return {
		async run() {
			const jobs = nextJobs();
			await repository.registerJobs(jobs);
			const { cost } = await measureCost(async () => {
				for (const job of jobs) {
					const data = jobDataOf(await columnsOf(job), measureColumn);
					await archive.importJob(job, data);
					await repository.commitArchived([
						{ job, footprint: {}, energyFootprint: {}, energy: 0 },
					]);
				}
			});
			const last = jobs[jobs.length - 1];
			await checkArchived(archive, last, await columnsOf(last));
			return { ...cost, jobs: jobs.length };
		},
		async close() {
			await repository.close();
			await archive.close();
		},
	};
}

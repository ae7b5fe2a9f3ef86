import { type ArchivingRun, BenchHouse } from "../support/bench-house.js";
import { checkArchived } from "../support/check.js";
import { loadLargeJob, numberedJobs } from "../support/large-job.js";
import { MemorySource } from "../support/memory-source.js";
import type { Subject } from "../support/subject.js";

export interface PipelineSettings {
	folder: string;
	threads: number;
	/** False: what is archived is thrown away, so that only the computing is left. */
	durable: boolean;
	/** Jobs a run. */
	jobs: number;
}

/** The large job, from memory through an archiver, over and over under new job ids. */
export default async function openPipeline({
	folder,
	threads,
	durable,
	jobs,
}: PipelineSettings): Promise<Subject<void, ArchivingRun>> {
	const { columns, job, cluster } = await loadLargeJob();
	const house = await BenchHouse.open({
		folder,
		storage: durable ? "file" : "none",
		clusters: [cluster],
		source: new MemorySource(columns),
		options: { poolMinThreads: threads, poolMaxThreads: threads },
	});
	let nextId = job.jobId;
	return {
		async run() {
			const registered = await house.register(numberedJobs(job, nextId, jobs));
			nextId += jobs;
			const run = await house.archiveAll(registered);
			await checkArchived(house.archive, registered[jobs - 1], columns);
			return run;
		},
		close: () => house.close(),
	};
}

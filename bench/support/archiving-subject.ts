import type { ArchiverOptions } from "../../lib/index.js";
import { type ArchivingRun, BenchHouse, type Storage } from "./bench-house.js";
import { checkArchived } from "./check.js";
import type { Subject } from "./subject.js";
import { openWorkload, type WorkloadSettings } from "./workload.js";

export interface ArchivingSettings {
	folder: string;
	workload: WorkloadSettings;
	/** `none`: what is archived is thrown away, so that only the computing is left. */
	storage: Storage;
	options?: Partial<ArchiverOptions>;
}

/** A workload through an archiver, over and over under new job ids, all jobs of a run triggered at once. */
export default async function openArchiving({
	folder,
	workload: settings,
	storage,
	options,
}: ArchivingSettings): Promise<Subject<void, ArchivingRun>> {
	const workload = await openWorkload(settings);
	const { clusters, source } = workload;
	const house = await BenchHouse.open({
		folder,
		storage,
		clusters,
		source,
		options,
	});
	return {
		async run() {
			const jobs = await house.register(workload.nextJobs());
			const run = await house.archiveAll(jobs);
			const last = jobs[jobs.length - 1];
			await checkArchived(house.archive, last, await workload.columnsOf(last));
			return run;
		},
		close: () => house.close(),
	};
}

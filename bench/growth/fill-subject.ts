import { BenchHouse } from "../support/bench-house.js";
import type { Subject } from "../support/subject.js";
import { openWorkload } from "../support/workload.js";

export interface FillSettings {
	folder: string;
	storage: "file" | "sqlite";
}

const BATCH_JOBS = 500;

/** Fills an archive and a job database with small jobs, in a process of its own, since that takes memory. */
export default async function openFilling({
	folder,
	storage,
}: FillSettings): Promise<Subject<{ jobs: number }, void>> {
	const workload = await openWorkload({ kind: "small", jobs: BATCH_JOBS });
	const house = await BenchHouse.open({
		folder,
		storage,
		clusters: workload.clusters,
		source: workload.source,
		fsync: false,
	});
	return {
		async run({ jobs }) {
			for (let filled = 0; filled < jobs; filled += BATCH_JOBS) {
				const batch = workload.nextJobs().slice(0, jobs - filled);
				await house.archiveAll(await house.register(batch));
			}
		},
		close: () => house.close(),
	};
}

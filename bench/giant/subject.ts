import type { ArchiverOptions, JobKey } from "../../lib/index.js";
import { type ArchivingRun, BenchHouse } from "../support/bench-house.js";
import type { Subject } from "../support/subject.js";
import { giantJob } from "./giant-source.js";

export interface GiantSettings {
	folder: string;
	nodes: number;
	options: Partial<ArchiverOptions>;
}

export interface GiantRun extends ArchivingRun {
	/** For the bench to check: here, reading would count as memory that archiving takes. */
	key: JobKey;
}

/** The giant job, over and over under new job ids. */
export default async function openGiant({
	folder,
	nodes,
	options,
}: GiantSettings): Promise<Subject<void, GiantRun>> {
	const { job, cluster, source } = await giantJob(nodes);
	const house = await BenchHouse.open({
		folder,
		storage: "file",
		clusters: [cluster],
		source,
		options,
	});
	let nextId = job.jobId;
	return {
		async run() {
			const jobs = await house.register([{ ...job, jobId: nextId++ }]);
			const run = await house.archiveAll(jobs);
			const [{ cluster, jobId, startTime }] = jobs;
			return { ...run, key: { cluster, jobId, startTime } };
		},
		close: () => house.close(),
	};
}

import { join } from "node:path";
import {
	type Archive,
	Archiver,
	type Job,
	openArchive,
	SqliteJobRepository,
} from "../../lib/index.js";
import { checkArchived } from "../support/check.js";
import { type Cost, measureCost } from "../support/measure.js";
import type { Subject } from "../support/subject.js";
import { openWorkload, type Workload } from "../support/workload.js";

export interface StormSettings {
	folder: string;
	storage: "file" | "sqlite";
	jobs: number;
	/** Whether the caller waits for each job's slot before it triggers the next one, as back pressure has it. */
	waits: boolean;
}

export interface StormRun extends Cost {
	jobs: number;
	/** Until every trigger was called. */
	triggerSeconds: number;
	/** Most triggers that waited for a slot, seen after each page. */
	mostWaiting: number;
	/** Most bytes of samples and results that were in flight at once. */
	peakBytesInFlight: number;
}

/** Rows read from the database in one go, as a backend would that triggers what it finds. */
const PAGE_JOBS = 500;
/** Of so many jobs, evenly spread, every sample is read back. */
const CHECKED_JOBS = 100;
const SHUTDOWN_MS = 60_000;

/** Triggers jobs as fast as it can, with a hook that sees in which order they are archived. */
export default async function openStorm(
	settings: StormSettings,
): Promise<Subject<void, StormRun>> {
	const workload = await openWorkload({ kind: "small", jobs: PAGE_JOBS });
	return { run: () => storm(settings, workload), async close() {} };
}

async function storm(
	{ folder, storage, jobs, waits }: StormSettings,
	workload: Workload,
): Promise<StormRun> {
	const name = storage === "file" ? "archive" : "archive.db";
	const archive = await openArchive(`${storage}:${join(folder, name)}`);
	const repository = await SqliteJobRepository.open(join(folder, "job.db"));
	const [cluster] = workload.clusters;
	await archive.storeClusterConfig(cluster.name, cluster);
	for (let registered = 0; registered < jobs; registered += PAGE_JOBS)
		await repository.registerJobs(
			workload.nextJobs().slice(0, jobs - registered),
		);

	const told: number[] = [];
	const archiver = await Archiver.start({
		archive,
		repository,
		source: workload.source,
		recover: false,
		hooks: [{ onJobStop: ({ jobId }) => void told.push(jobId) }],
	});
	const { result, cost } = await measureCost(async () => {
		const triggered = await triggerAll(archiver, repository, waits);
		await triggered.accepted;
		await archiver.waitForArchiving();
		return triggered;
	});
	const { archived, peakBytesInFlight } = archiver.stats();
	await archiver.shutdown(SHUTDOWN_MS);

	expectAll(jobs, "archived", archived);
	expectAll(jobs, "recorded", (await repository.countByStatus())[3]);
	expectAll(jobs, "told", told.length);
	const early = told.findIndex((jobId, i) => i > 0 && jobId < told[i - 1]);
	if (early !== -1) throw new Error(`job ${told[early]} was told out of order`);
	await checkSome(archive, repository, workload, jobs);
	await repository.close();
	await archive.close();
	const { triggerSeconds, mostWaiting } = result;
	return { ...cost, jobs, triggerSeconds, mostWaiting, peakBytesInFlight };
}

/** Calls `triggerArchiving` for every job, by row id. `accepted` resolves once the last one has its slot. */
async function triggerAll(
	archiver: Archiver,
	repository: SqliteJobRepository,
	waits: boolean,
): Promise<{
	triggerSeconds: number;
	mostWaiting: number;
	accepted: Promise<void>;
}> {
	const startMs = performance.now();
	let mostWaiting = 0;
	let accepted: Promise<void> = Promise.resolve();
	let after: Job | undefined;
	for (;;) {
		const page = await repository.findByTime({ limit: PAGE_JOBS, after });
		if (page.length === 0) break;
		for (const job of page) {
			accepted = archiver.triggerArchiving(job);
			if (waits) await accepted;
		}
		mostWaiting = Math.max(mostWaiting, archiver.stats().waiting);
		after = page[page.length - 1];
	}
	const triggerSeconds = (performance.now() - startMs) / 1000;
	return { triggerSeconds, mostWaiting, accepted };
}

async function checkSome(
	archive: Archive,
	repository: SqliteJobRepository,
	workload: Workload,
	jobs: number,
): Promise<void> {
	const [first] = await repository.findByTime({ limit: 1 });
	const step = Math.max(1, Math.floor(jobs / CHECKED_JOBS));
	for (let i = 0; i < jobs; i += step) {
		const job = { ...first, jobId: first.jobId + i };
		await checkArchived(archive, job, await workload.columnsOf(job));
	}
}

function expectAll(jobs: number, what: string, count: number): void {
	if (count !== jobs) throw new Error(`${count} jobs of ${jobs} were ${what}`);
}

import { join } from "node:path";
import {
	type Archive,
	Archiver,
	type Job,
	openArchive,
	SqliteJobRepository,
} from "../../lib/index.js";
import { checkArchived } from "../support/check.js";
import { median } from "../support/statistics.js";
import type { Subject } from "../support/subject.js";
import { openWorkload, type Workload } from "../support/workload.js";

export interface GrowthSettings {
	folder: string;
	storage: "file" | "sqlite";
}

/** What takes how long beside an archive and a database of a certain size. */
export interface GrowthRun {
	/** Opening archive and database. */
	openMs: number;
	/** The first page of pending jobs. */
	pendingMs: number;
	/** From the archiver's start to the last of the pending jobs being archived. */
	recoveryMs: number;
	/** From a job's trigger to its being durable and recorded, one job after the other. */
	triggerToDurableMs: number;
	/** A job's share of a full channel, from the first trigger to the last commit. */
	groupedMs: number;
	/** `archive.info()`, which looks at every job. */
	infoMs: number;
	/** What info counted. */
	jobs: number;
	rssBytes: number;
}

const JOBS = 128;
const ONE_BY_ONE = 24;
const LOOK_UPS = 9;

/** Does what an archiver does all day, beside what is there already; opens and closes everything each time. */
export default async function openGrowth(
	settings: GrowthSettings,
): Promise<Subject<void, GrowthRun>> {
	const workload = await openWorkload({ kind: "small", jobs: JOBS });
	// A second later than the jobs that are there, so that they have keys of their own.
	const nextJobs = () =>
		workload
			.nextJobs()
			.map((job) => ({ ...job, startTime: job.startTime + 1 }));
	return {
		run: () => measureOnce(settings, { ...workload, nextJobs }),
		async close() {},
	};
}

async function measureOnce(
	{ folder, storage }: GrowthSettings,
	{ nextJobs, source, columnsOf }: Workload,
): Promise<GrowthRun> {
	const startMs = performance.now();
	const name = storage === "file" ? "archive" : "archive.db";
	const archive = await openArchive(`${storage}:${join(folder, name)}`);
	const repository = await SqliteJobRepository.open(join(folder, "job.db"));
	const openMs = performance.now() - startMs;

	await repository.registerJobs(nextJobs());
	const pendingMs = await medianMs(LOOK_UPS, () =>
		repository.findPending({ limit: JOBS }),
	);
	const parts = { archive, repository, source };
	const recoveryMs = await timeMs(() => recoverAll(parts));

	await repository.registerJobs(nextJobs());
	const jobs = await repository.findPending({ limit: JOBS });
	const archiver = await Archiver.start({ ...parts, recover: false });
	const [first, ...rest] = jobs;
	await archiver.archiveJob(first);
	const alone = rest.splice(0, ONE_BY_ONE);
	const triggerToDurableMs = await medianMs(alone.length, async () => {
		await archiver.archiveJob(alone.pop() as Job);
	});
	const groupedMs =
		(await timeMs(() =>
			Promise.all(rest.map((job) => archiver.archiveJob(job))),
		)) / rest.length;
	await archiver.shutdown();
	await checkArchived(archive, first, await columnsOf(first));

	let counted = 0;
	const infoMs = await timeMs(async () => {
		counted = (await archive.info()).jobs;
	});
	await repository.close();
	await archive.close();
	return {
		openMs,
		pendingMs,
		recoveryMs,
		triggerToDurableMs,
		groupedMs,
		infoMs,
		jobs: counted,
		rssBytes: process.memoryUsage().rss,
	};
}

/** Starts an archiver that finds the pending jobs by itself, and waits until hooks were told of all of them. */
async function recoverAll(parts: {
	archive: Archive;
	repository: SqliteJobRepository;
	source: Workload["source"];
}): Promise<void> {
	let told = 0;
	let tellAll: () => void = () => {};
	const allTold = new Promise<void>((resolve) => {
		tellAll = resolve;
	});
	const onJobStop = () => {
		if (++told === JOBS) tellAll();
	};
	const archiver = await Archiver.start({
		...parts,
		recover: true,
		hooks: [{ onJobStop }],
	});
	await allTold;
	await archiver.shutdown();
}

async function timeMs(work: () => Promise<unknown>): Promise<number> {
	const startMs = performance.now();
	await work();
	return performance.now() - startMs;
}

async function medianMs(
	times: number,
	work: () => Promise<unknown>,
): Promise<number> {
	const measured: number[] = [];
	for (let i = 0; i < times; i++) measured.push(await timeMs(work));
	return median(measured);
}

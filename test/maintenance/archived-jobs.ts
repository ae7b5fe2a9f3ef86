import type { Archive } from "../../lib/archive/archive.js";
import { dataFactsOf, withDataFacts } from "../../lib/archive/data-facts.js";
import {
	Archiver,
	type DataFormat,
	type Job,
	openArchive,
	SqliteJobRepository,
	type VerifyResult,
	verifyArchive,
	type WorkerPool,
} from "../../lib/index.js";
import { testCluster } from "../support/jobs.js";
import { columnsFor, ScriptedSource } from "../support/scripted-source.js";

/** Enough for JSON to be compressed. */
const SAMPLES_PER_SERIES = 200;
const GROUP_JOBS = 250;

/** Where an archive and the database that goes with it are. */
export interface ArchivedPlace {
	target: string;
	database: string;
}

/** Archives jobs of the test cluster as a site does it, with small series, and leaves. */
export async function archiveJobs(
	{ target, database }: ArchivedPlace,
	format: DataFormat,
	jobs: readonly Job[],
): Promise<void> {
	const archive = await openArchive(target, { format, fsync: false });
	const repository = await SqliteJobRepository.open(database, { fsync: false });
	await archive.storeClusterConfig("testcluster", testCluster());
	await repository.registerJobs(jobs);
	const archiver = await Archiver.start({
		archive,
		repository,
		source: new ScriptedSource(({ job }) =>
			columnsFor(job, SAMPLES_PER_SERIES),
		),
		recover: false,
		env: {},
		options: { poolMaxThreads: 1 },
	});
	for (const job of jobs) await archiver.triggerArchiving(job);
	await archiver.waitForArchiving();
	await archiver.shutdown(10_000);
	await repository.close();
	await archive.close();
}

/** Verifies an archive beside its database as the command does it: read only, when nobody writes. */
export async function verifyPlace(
	{ target, database }: ArchivedPlace,
	pool: Pick<WorkerPool, "run">,
): Promise<VerifyResult> {
	const archive = await openArchive(target, { readOnly: true, create: false });
	const repository = await SqliteJobRepository.open(database, {
		readOnly: true,
	});
	try {
		return await verifyArchive(archive, { pool, repository });
	} finally {
		await repository.close();
		await archive.close();
	}
}

/** Multiplies an archived job: `count` more of the same data, with job ids behind its own, and rows to go with them. */
export async function multiplyJob(
	{ target, database }: ArchivedPlace,
	job: Job,
	count: number,
): Promise<void> {
	const archive = await openArchive(target, { fsync: false });
	const repository = await SqliteJobRepository.open(database, { fsync: false });
	const original = await archive.loadJobMeta(job);
	const { bytes, encoding } = await archive.loadStoredData(job);
	for (let at = 0; at < count; at += GROUP_JOBS) {
		const jobs = Array.from(
			{ length: Math.min(GROUP_JOBS, count - at) },
			(_, i): Job => ({ ...original, jobId: job.jobId + 1 + at + i }),
		);
		await storeCopies(archive, jobs, bytes, encoding);
		await repository.registerJobs(
			jobs.map((copy) => ({ ...copy, monitoringStatus: 1 })),
		);
		const { footprint = {}, energyFootprint = {}, energy = 0 } = original;
		await repository.commitArchived(
			jobs.map((copy) => ({ job: copy, footprint, energyFootprint, energy })),
		);
	}
	await repository.close();
	await archive.close();
}

async function storeCopies(
	archive: Archive,
	jobs: readonly Job[],
	bytes: Uint8Array,
	encoding: "columnar" | "json" | "json.gz",
): Promise<void> {
	const staged = await Promise.all(
		jobs.map(async (job) => {
			const copy = await archive.stage(job);
			await copy.append(bytes);
			await copy.seal(encoding, job);
			return copy;
		}),
	);
	for (const error of await archive.commit(staged))
		if (error !== undefined) throw error;
}

/** A meta that tells of data with another id than its own. */
export function tellingOfOthers(job: Job): Job {
	const facts = dataFactsOf(job);
	if (facts === undefined) throw new TypeError("the job is not ours");
	return withDataFacts(job, { ...facts, dataId: "c0ffee00" });
}

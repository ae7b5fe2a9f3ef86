import { writeSync } from "node:fs";
import { join } from "node:path";
import { FileArchive } from "../../lib/archive/file/file-archive.js";
import { Archiver, type Job, SqliteJobRepository } from "../../lib/index.js";
import { versionedSource } from "../support/job-versions.js";
import { testJob } from "../support/jobs.js";
import { seededRandom } from "../support/random.js";
import { scriptedFileSystem } from "../support/scripted-file-system.js";
import { Fate, type MortalOptions } from "./death.js";

/** Jobs under way at once. */
const WINDOW = 6;
/** One of so many is a job that was archived before. */
const JOBS_PER_REPEAT = 2;

await archiveUntilKilled(JSON.parse(process.argv[2]));

/**
 * Archives new jobs without end, and some again, and says on standard output what has happened so far: `registered`,
 * `archived` and `told`, each with the job's id. Nothing that was said is lost when it is killed. Its fate awaits it once
 * the first job is archived.
 */
async function archiveUntilKilled(options: MortalOptions): Promise<void> {
	const { folder, format, version, seed, firstJobId, death } = options;
	const fate = new Fate(death);
	let isReady = false;
	const repository = await SqliteJobRepository.open(join(folder, "job.db"));
	const record = repository.commitArchived.bind(repository);
	repository.commitArchived = async (...args) => {
		fate.reach("before the database commit");
		await record(...args);
		fate.reach("after the database commit");
	};
	const stepwise = scriptedFileSystem(undefined, (call) => {
		if (isReady) fate.reachFileStep(call);
	});
	const archive = await FileArchive.open(join(folder, "archive"), {
		format,
		fileSystem: death === undefined ? undefined : stepwise,
	});
	const archiver = await Archiver.start({
		repository,
		archive,
		source: versionedSource(version),
		env: {},
		options: { poolMaxThreads: 1, writerGroupJobs: 4 },
		hooks: [
			{
				onJobStop({ jobId }) {
					fate.reach("before hooks");
					say("told", jobId);
				},
			},
		],
	});
	const random = seededRandom(seed);
	await Promise.all(
		Array.from({ length: WINDOW }, async (_, lane) => {
			for (let jobId = firstJobId + lane; ; jobId += WINDOW) {
				const again = random() < 1 / JOBS_PER_REPEAT && jobId > firstJobId;
				const id = again ? Math.floor(random() * jobId) : jobId;
				const job = await registered(repository, id);
				if (job === undefined) continue;
				say("registered", id);
				await archiver.archiveJob(job);
				say("archived", id);
				isReady = true;
			}
		}),
	);
}

/** The job with this id, entered in the database if it is new. */
async function registered(
	repository: SqliteJobRepository,
	jobId: number,
): Promise<Job | undefined> {
	const job = testJob({ jobId, duration: 600 });
	await repository.registerJobs([job]);
	return repository.findJob(job);
}

/** At once, and not when the event loop comes to it. */
function say(what: string, id: number): void {
	writeSync(1, `${what} ${id}\n`);
}

import { join } from "node:path";
import { expect } from "chai";
import { FileArchive } from "../../lib/archive/file/file-archive.js";
import { LOCK_FILE } from "../../lib/archive/lock-holder.js";
import { toArchiverError } from "../../lib/errors.js";
import {
	Archiver,
	type DataFormat,
	type Job,
	SqliteJobRepository,
	WorkerPool,
} from "../../lib/index.js";
import { versionedSource } from "../support/job-versions.js";
import { testCluster, testJob } from "../support/jobs.js";
import { seededRandom } from "../support/random.js";
import { useTempFolder } from "../support/temp-folder.js";
import { until } from "../support/until.js";
import { VolatileDisk } from "../support/volatile-disk.js";
import { hasWork, JobLog } from "./job-log.js";

const FIRST_SEED = Number(process.env.CRASH_SEED ?? 1);
const SEEDS = Number(process.env.CRASH_CUTS ?? 200);
const SEEDS_WITHOUT_SYNC = 20;
const SEEDS_AT_ONCE = 4;
const JOBS = 8;
/** Calls of a run, and of a recovery, that no power cut ends early. */
const RUN_CALLS = 370;
const RECOVERY_CALLS = 150;
/** How much of what is not synced gets to the disk all the same. */
const KEPT_SHARES = [0, 0.3, 0.7, 0.95];
/** Beside its jobs' folders an archive has a marker, a version and the cluster's configuration. */
const OTHER_FILES = 3;

/** What a machine has beside its disk. */
interface Machine {
	/** SQLite's own durability is not in question: what it has committed when the power goes stays. */
	database: string;
	fsync: boolean;
	/** Of the first version of jobs and of the second. */
	formats: [DataFormat, DataFormat];
	log: JobLog;
}

describe("a power cut", () => {
	const folder = useTempFolder();
	let pool: WorkerPool;
	before(() => {
		pool = new WorkerPool({
			poolMinThreads: 1,
			poolMaxThreads: 1,
			poolIdleTimeoutMs: 60_000,
		});
	});
	after(() => pool.close({ force: true }));

	it(`at any moment, and one more while an archiver recovers, costs no job that was said to be archived, whatever part of what was not synced is gone (${SEEDS} seeds from ${FIRST_SEED})`, async function () {
		this.timeout(30_000 + SEEDS * 500);
		await eachSeed(SEEDS, async (seed) => {
			const { machine, disk, random, jobs } = await begin(seed, true);
			let left = await cutWhile(disk, RUN_CALLS, random, () =>
				archiveTwice(disk, machine, jobs),
			);
			const found = left;
			left = await cutWhile(found, RECOVERY_CALLS, random, () =>
				recover(found, machine),
			);
			const lost = await lossesOn(left, machine, jobs);
			expect(lost, `seed ${seed}`).to.deep.equal([]);
			await recover(left, machine);
			const missing = await lossesAfterRecovery(left, machine);
			expect(missing, `seed ${seed}`).to.deep.equal([]);
		});
	});

	it("without syncs costs jobs, which shows that this test can tell", async () => {
		let losses = 0;
		await eachSeed(SEEDS_WITHOUT_SYNC, async (seed) => {
			const { machine, disk, random, jobs } = await begin(seed, false);
			const left = await cutWhile(disk, RUN_CALLS, random, () =>
				archiveTwice(disk, machine, jobs),
			);
			// Not even the archive itself may be there.
			const lost = await lossesOn(left, machine, jobs).catch((error) => [
				toArchiverError(error, "ARCHIVE_UNREADABLE").code,
			]);
			losses += lost.length;
		});
		expect(losses).to.be.above(SEEDS_WITHOUT_SYNC);
	});

	async function begin(seed: number, fsync: boolean) {
		const random = seededRandom(seed);
		const randomFormat = () => (random() < 0.5 ? "columnar" : "json");
		const machine: Machine = {
			database: join(folder(), `${fsync}-${seed}.db`),
			fsync,
			formats: [randomFormat(), randomFormat()],
			log: new JobLog(),
		};
		const jobs = await registerJobs(machine);
		return { machine, disk: new VolatileDisk(), random, jobs };
	}

	/** Archives all jobs but the last ones, then all but the first ones. */
	async function archiveTwice(
		disk: VolatileDisk,
		machine: Machine,
		jobs: readonly Job[],
	): Promise<void> {
		const { formats, log } = machine;
		for (const [i, some] of [jobs.slice(0, 5), jobs.slice(2)].entries()) {
			const version = i + 1;
			await withArchiver(
				disk,
				{ ...machine, version, format: formats[i], recover: false },
				async (archiver) => {
					await Promise.all(
						some.map(async (job) => {
							await archiver.archiveJob(job);
							log.archived(job.jobId, version);
						}),
					);
				},
			);
		}
	}

	async function recover(disk: VolatileDisk, machine: Machine): Promise<void> {
		await withArchiver(
			disk,
			{ ...machine, version: 3, recover: true },
			(_, repository) => until(async () => !(await hasWork(repository))),
		);
	}

	/** Does some work; the power goes with it. What it was asked to commit to the database until then is committed. */
	async function withArchiver(
		disk: VolatileDisk,
		options: Machine & {
			version: number;
			format?: DataFormat;
			recover: boolean;
		},
		work: (
			archiver: Archiver,
			repository: SqliteJobRepository,
		) => Promise<void>,
	): Promise<void> {
		const { database, version, recover, log } = options;
		const repository = await openDatabase(database);
		const live = async () => {
			const archive = await openArchive(disk, options);
			const archiver = await Archiver.start({
				archive,
				repository,
				source: versionedSource(version),
				pool,
				recover,
				env: {},
				options: { writerGroupJobs: 3 },
				hooks: [{ onJobStop: ({ jobId }) => log.told(jobId) }],
			});
			await work(archiver, repository);
			await archiver.shutdown();
			await archive.close();
		};
		await Promise.race([live(), disk.off]);
		await repository.close();
	}

	async function lossesAfterRecovery(
		disk: VolatileDisk,
		machine: Machine,
	): Promise<string[]> {
		const files = disk.files();
		const archive = await openArchive(disk, machine);
		const repository = await openDatabase(machine.database);
		const losses = await machine.log.losses(archive, repository, pool);
		await repository.close();
		await archive.close();
		if (files.length !== 2 * JOBS + OTHER_FILES)
			losses.push(`files: ${files.join(" ")}`);
		return losses;
	}
});

/**
 * Lets work begin and cuts the power at a moment that the seed gives, or when all is done.
 *
 * @returns what is found on the disk then.
 */
async function cutWhile(
	disk: VolatileDisk,
	calls: number,
	random: () => number,
	work: () => Promise<void>,
): Promise<VolatileDisk> {
	disk.powerOffAfter(Math.floor(random() * calls));
	await work();
	const share = KEPT_SHARES[Math.floor(random() * KEPT_SHARES.length)];
	const found = disk.afterPowerCut(() => random() < share);
	pretendReboot(found);
	return found;
}

/** Which jobs are gone that were said to be archived. */
async function lossesOn(
	disk: VolatileDisk,
	machine: Machine,
	jobs: readonly Job[],
): Promise<string[]> {
	const archive = await openArchive(disk, machine);
	const lost = await machine.log.lost(jobs, archive);
	await archive.close();
	return lost;
}

/** Whoever held the lock did so before the machine went down. */
function pretendReboot(disk: VolatileDisk): void {
	const path = join(rootOf(disk), LOCK_FILE);
	const text = disk.readText(path);
	if (text === undefined) return;
	// Whole whenever it is there, without syncs too: nobody may take over a lock that does not say whose it is.
	const holder = { ...JSON.parse(text), bootId: "the one before" };
	disk.writeText(path, JSON.stringify(holder));
}

async function openArchive(
	disk: VolatileDisk,
	{ fsync, format }: { fsync: boolean; format?: DataFormat },
): Promise<FileArchive> {
	const { fileSystem } = disk;
	const root = rootOf(disk);
	const archive = await FileArchive.open(root, { fileSystem, fsync, format });
	await archive.storeClusterConfig("testcluster", testCluster());
	return archive;
}

function rootOf({ mountPoint }: VolatileDisk): string {
	return join(mountPoint, "archive");
}

async function registerJobs({ database, log }: Machine): Promise<Job[]> {
	const jobs = Array.from({ length: JOBS }, (_, jobId) =>
		testJob({ jobId, duration: 600 }),
	);
	const repository = await openDatabase(database);
	await repository.registerJobs(jobs);
	for (const { jobId } of jobs) log.registered(jobId);
	const recorded = await repository.findPending({ limit: JOBS });
	await repository.close();
	return recorded;
}

function openDatabase(path: string): Promise<SqliteJobRepository> {
	return SqliteJobRepository.open(path, { fsync: false });
}

async function eachSeed(
	count: number,
	run: (seed: number) => Promise<void>,
): Promise<void> {
	for (let first = 0; first < count; first += SEEDS_AT_ONCE) {
		const seeds = Array.from(
			{ length: Math.min(SEEDS_AT_ONCE, count - first) },
			(_, i) => FIRST_SEED + first + i,
		);
		await Promise.all(seeds.map(run));
	}
}

import { cp, mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { expect } from "chai";
import { FileArchive } from "../../lib/archive/file/file-archive.js";
import type { FileSystem } from "../../lib/archive/file/file-system.js";
import { isTemporaryName } from "../../lib/archive/file/temporaries.js";
import {
	Archiver,
	type ArchiverError,
	type DataFormat,
	isArchiverError,
	type Job,
	SqliteJobRepository,
	verifyArchive,
	WorkerPool,
} from "../../lib/index.js";
import { filesBelow } from "../archive/file/archives.js";
import { versionedSource } from "../support/job-versions.js";
import { testCluster, testJob } from "../support/jobs.js";
import {
	type Fault,
	type FileCall,
	scriptedFileSystem,
} from "../support/scripted-file-system.js";
import { useTempFolder } from "../support/temp-folder.js";
import { until } from "../support/until.js";
import { hasWork, JobLog } from "./job-log.js";

/** What goes wrong with the n-th of the calls concerned, and whether it goes on from there. */
interface Trouble {
	fault: Fault;
	concerns(call: FileCall): boolean;
	lasting?: boolean;
}

const TROUBLES: Record<string, Trouble> = {
	"a call fails with EIO": { fault: { code: "EIO" }, concerns: () => true },
	"a call that takes space fails with ENOSPC": {
		fault: { code: "ENOSPC" },
		concerns: takesSpace,
	},
	"no descriptor is left, EMFILE": {
		fault: { code: "EMFILE" },
		concerns: ({ name }) => name === "open" || name === "readdir",
	},
	"a write is short": {
		fault: "short write",
		concerns: ({ name }) => name === "file.write",
	},
	"the store is pulled: every call from one on fails with EIO": {
		fault: { code: "EIO" },
		concerns: () => true,
		lasting: true,
	},
};

/** The first one lies in the archive already, in the other format, and is replaced. */
const JOB_IDS = [1, 2, 3];
const REPLACED_ID = 1;
const FIRST_VERSION = 1;
const SECOND_VERSION = 2;
const THIRD_VERSION = 3;
/** What a failing file system may be called. */
const CODES = ["ARCHIVE_WRITE_FAILED", "ARCHIVE_FULL", "ARCHIVE_UNREADABLE"];
const TRIES_AT_ONCE = 4;
/** Beside its jobs' folders an archive has a marker, a version and the cluster's configuration. */
const OTHER_FILES = 3;

interface SiteOptions {
	/** Of new jobs. */
	format?: DataFormat;
	fileSystem?: FileSystem;
	/** That jobs get: see `versionedSource`. */
	version?: number;
	log?: JobLog;
	recover?: boolean;
	retryLimit?: number;
}

/** An archive, its database and an archiver. */
interface Site {
	archive: FileArchive;
	repository: SqliteJobRepository;
	archiver: Archiver;
	/** As they were recorded when this was opened. */
	jobs: Job[];
	version: number;
	log: JobLog;
	close(): Promise<void>;
}

describe("under an archiver, a file system that fails", () => {
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

	for (const format of ["columnar", "json"] as const) {
		for (const [name, trouble] of Object.entries(TROUBLES)) {
			it(`leaves each job recorded and the archive sound, and what is missing is archived later, whichever time ${name} (${format})`, async function () {
				this.timeout(300_000);
				const log = await makeTemplate(format);
				for (let first = 0, clean = false; !clean; first += TRIES_AT_ONCE) {
					const tries = Array.from({ length: TRIES_AT_ONCE }, (_, i) =>
						tryWith(trouble, first + i, format, log.copy()),
					);
					clean = (await Promise.all(tries)).includes(true);
				}
			});
		}
	}

	it("in a sync: that descriptor is not synced again, and a job that is tried again gets another file", async () => {
		const log = await makeTemplate("columnar");
		const failed: FileCall[] = [];
		const isSync = ({ name, path }: FileCall) =>
			name === "file.sync" && isTemporaryName(basename(path));
		let armed = false;
		const fileSystem = scriptedFileSystem((call) => {
			if (!armed || !isSync(call) || failed.length === JOB_IDS.length)
				return undefined;
			failed.push(call);
			return { code: "EIO" };
		});
		const settings = { fileSystem, version: SECOND_VERSION, log };
		const site = await openSite("template", {
			...settings,
			format: "columnar",
			retryLimit: JOB_IDS.length,
		});
		armed = true;
		expect(await archiveAll(site)).to.deep.equal(JOB_IDS.map(() => undefined));
		await site.close();
		const synced = fileSystem.calls.filter(isSync).map(({ path }) => path);
		expect(failed).to.have.lengthOf(JOB_IDS.length);
		expect(new Set(synced).size).to.equal(synced.length);
		expect(fileSystem.openFiles).to.equal(0);
		await expectNothingLost("template", log, "syncs");
	});

	/**
	 * Archives all jobs while the `n`th call runs into trouble, checks what is there then, and whether a sound file system
	 * is all that is needed for the rest.
	 *
	 * @returns whether there were fewer calls.
	 */
	async function tryWith(
		{ fault, concerns, lasting = false }: Trouble,
		n: number,
		format: DataFormat,
		log: JobLog,
	): Promise<boolean> {
		const name = `${n}`;
		await cp(join(folder(), "template"), join(folder(), name), {
			recursive: true,
		});
		let calls = 0;
		let failed: FileCall | undefined;
		const fileSystem = scriptedFileSystem((call) => {
			if (!concerns(call) || (lasting ? calls++ < n : calls++ !== n))
				return undefined;
			failed ??= call;
			return fault;
		});
		const errors = await archiveWith(fileSystem, name, format, log);
		const message = `call ${n}, ${failed?.name} ${failed?.path}`;
		expect(fileSystem.openFiles, message).to.equal(0);
		if (failed === undefined || fault === "short write")
			expect(errors, message).to.deep.equal(JOB_IDS.map(() => undefined));
		await expectRecorded(name, errors, { lasting, message });
		await expectNothingLost(name, log, message);
		await rm(join(folder(), name), { recursive: true });
		return failed === undefined;
	}

	/** @returns why each job was not archived, or undefined where it was. */
	async function archiveWith(
		fileSystem: FileSystem,
		name: string,
		format: DataFormat,
		log: JobLog,
	): Promise<(ArchiverError | undefined)[]> {
		let site: Site;
		try {
			site = await openSite(name, {
				fileSystem,
				format,
				version: SECOND_VERSION,
				log,
			});
		} catch (error) {
			if (!isArchiverError(error)) throw error;
			return JOB_IDS.map(() => error);
		}
		const errors = await archiveAll(site);
		await site.close();
		return errors;
	}

	/** Every job is either archived, or failed with what its caller was told, and what lies in the archive is whole. */
	async function expectRecorded(
		name: string,
		errors: readonly (ArchiverError | undefined)[],
		{ lasting, message }: { lasting: boolean; message: string },
	): Promise<void> {
		const site = await openSite(name);
		const { archive, repository, jobs } = site;
		for (const [i, job] of jobs.entries()) {
			const error = errors[i];
			const isReplaced = job.jobId === REPLACED_ID;
			// Nothing was triggered where the archive could not even be opened.
			const untouched = isReplaced ? 3 : 1;
			const { code } = (await repository.failureOf(job)) ?? {};
			if (error === undefined)
				expect(job.monitoringStatus, message).to.equal(3);
			else if (code === undefined)
				expect(job.monitoringStatus, message).to.equal(untouched);
			else {
				expect(job.monitoringStatus, message).to.equal(2);
				expect(code, message).to.equal(error.code);
			}
			if (error !== undefined) expect(error.code, message).to.be.oneOf(CODES);
			if (error !== undefined && !isReplaced && !lasting)
				expect(await archive.exists(job), message).to.equal(false);
		}
		const { jobs: present, faults } = await verifyArchive(archive, { pool });
		expect(faults, message).to.deep.equal([]);
		expect(present, message).to.be.within(1, JOB_IDS.length);
		await site.close();
		expect(
			await filesBelow(join(folder(), name, "archive")),
			message,
		).to.have.lengthOf(2 * present + OTHER_FILES);
	}

	/** The next archiver takes up what is pending, and what failed when it is told to. */
	async function expectNothingLost(
		name: string,
		log: JobLog,
		message: string,
	): Promise<void> {
		const site = await openSite(name, {
			log,
			version: THIRD_VERSION,
			recover: true,
		});
		const { archive, archiver, repository } = site;
		await until(async () => !(await hasWork(repository)));
		await archiver.retryFailed();
		await archiver.shutdown();
		const losses = await log.losses(archive, repository, pool);
		await site.close();
		expect(losses, message).to.deep.equal([]);
		expect(
			await filesBelow(join(folder(), name, "archive")),
			message,
		).to.have.lengthOf(2 * JOB_IDS.length + OTHER_FILES);
	}

	/** An archive and its database: one job is archived, in another format than `format`, and the others are pending. */
	async function makeTemplate(format: DataFormat): Promise<JobLog> {
		const log = new JobLog();
		await mkdir(join(folder(), "template"));
		const site = await openSite("template", {
			log,
			format: format === "json" ? "columnar" : "json",
			version: FIRST_VERSION,
		});
		const { archive, archiver, repository } = site;
		await archive.storeClusterConfig("testcluster", testCluster());
		await repository.registerJobs(
			JOB_IDS.map((jobId) => testJob({ jobId, duration: 600 })),
		);
		for (const jobId of JOB_IDS) log.registered(jobId);
		await archiver.archiveJob(testJob({ jobId: REPLACED_ID, duration: 600 }));
		log.archived(REPLACED_ID, FIRST_VERSION);
		await site.close();
		return log;
	}

	async function openSite(
		name: string,
		{
			format,
			fileSystem,
			version = 0,
			log = new JobLog(),
			recover = false,
			retryLimit = 0,
		}: SiteOptions = {},
	): Promise<Site> {
		const path = join(folder(), name);
		const archive = await FileArchive.open(join(path, "archive"), {
			format,
			fileSystem,
			fsync: fileSystem !== undefined,
		});
		const repository = await SqliteJobRepository.open(join(path, "job.db"), {
			fsync: false,
		});
		const archiver = await Archiver.start({
			archive,
			repository,
			pool,
			recover,
			source: versionedSource(version),
			env: {},
			options: { writerGroupJobs: 2, retryLimit, retryDelayMs: 1 },
			hooks: [{ onJobStop: ({ jobId }) => log.told(jobId) }],
		});
		return {
			archive,
			repository,
			archiver,
			version,
			log,
			jobs: await repository.findByTime(),
			async close() {
				await archiver.shutdown();
				await archive.close();
				await repository.close();
			},
		};
	}
});

/** @returns why each job was not archived, or undefined where it was. */
async function archiveAll({
	archiver,
	jobs,
	log,
	version,
}: Site): Promise<(ArchiverError | undefined)[]> {
	return Promise.all(
		jobs.map(async (job) => {
			try {
				await archiver.archiveJob(job);
				log.archived(job.jobId, version);
				return undefined;
			} catch (error) {
				if (isArchiverError(error)) return error;
				throw error;
			}
		}),
	);
}

function takesSpace({ name, path }: FileCall): boolean {
	return name === "open"
		? isTemporaryName(basename(path))
		: ["file.write", "file.sync", "mkdir", "link", "rename"].includes(name);
}

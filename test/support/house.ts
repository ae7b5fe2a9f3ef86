import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	type Archive,
	Archiver,
	type ArchiverOptions,
	type ArchiverParts,
	type DataFormat,
	type Job,
	type JobRepository,
	openArchive,
	SqliteJobRepository,
} from "../../lib/index.js";
import type { JobDatabaseOptions } from "../../lib/repository/open.js";
import { type TestJobOptions, testCluster, testJob } from "./jobs.js";
import { ScriptedSource } from "./scripted-source.js";

/** An archiver with a real archive, database and pool in a folder of its own, for the length of one test. */
export interface House {
	folder: string;
	archive: Archive;
	repository: SqliteJobRepository;
	archiver: Archiver;
	/** Records `jobs` as finished and not archived, and returns them as recorded. */
	register(jobs: readonly Job[]): Promise<Job[]>;
	/** One-node jobs of the test cluster with these ids, registered. */
	registerIds(
		ids: readonly number[],
		overrides?: TestJobOptions,
	): Promise<Job[]>;
	close(): Promise<void>;
}

export interface HouseOptions extends Partial<ArchiverParts> {
	format?: DataFormat;
	/** How the job database is opened, and where; in the house's folder unless told. */
	database?: JobDatabaseOptions & { path?: string };
	/** One thread unless told: tests share two cores with everything else. */
	options?: Partial<ArchiverOptions>;
	/** Finished jobs that are recorded before the archiver starts. */
	pending?: readonly Job[];
	/** What the archiver is given in place of the house's archive and database. */
	disturb?: {
		archive?(archive: Archive): Archive;
		repository?(repository: SqliteJobRepository): JobRepository;
	};
}

export async function openHouse(parts: HouseOptions = {}): Promise<House> {
	const folder = await mkdtemp(join(tmpdir(), "hpc-job-archiver-house-"));
	const {
		format = "columnar",
		database: { path = join(folder, "job.db"), ...databaseOptions } = {},
		options,
		pending = [],
		disturb = {},
		...given
	} = parts;
	const archive =
		parts.archive ??
		(await openArchive(`file:${join(folder, "archive")}`, {
			format,
			fsync: false,
			env: parts.env,
		}));
	const repository = await SqliteJobRepository.open(path, databaseOptions);
	await archive.storeClusterConfig("testcluster", testCluster());
	await repository.registerJobs(pending);
	const archiver = await Archiver.start({
		source: new ScriptedSource(),
		recover: false,
		env: {},
		...given,
		archive: disturb.archive?.(archive) ?? archive,
		repository: disturb.repository?.(repository) ?? repository,
		options: { poolMaxThreads: 1, ...options },
	});
	const register = async (jobs: readonly Job[]) => {
		await repository.registerJobs(jobs);
		const found = await Promise.all(jobs.map((job) => repository.findJob(job)));
		return found as Job[];
	};
	return {
		folder,
		archive,
		repository,
		archiver,
		register,
		registerIds: (ids, overrides) =>
			register(
				ids.map((jobId) => testJob({ jobId, duration: 600, ...overrides })),
			),
		close: async () => {
			await archiver.shutdown(10_000).catch(() => {});
			await repository.close();
			await archive.close();
			await rm(folder, { recursive: true, force: true });
		},
	};
}

/** A house for each test of the surrounding `describe`, opened by the test itself and closed after it. */
export function useHouse(): (parts?: HouseOptions) => Promise<House> {
	const open: House[] = [];
	afterEach(async () => {
		await Promise.all(open.splice(0).map((house) => house.close()));
	});
	return async (parts) => {
		const house = await openHouse(parts);
		open.push(house);
		return house;
	};
}

/** A promise with its key outside, for tests that decide when something goes on. */
export function gate(): { opened: Promise<void>; open: () => void } {
	let open: () => void = () => {};
	const opened = new Promise<void>((resolve) => {
		open = resolve;
	});
	return { opened, open };
}

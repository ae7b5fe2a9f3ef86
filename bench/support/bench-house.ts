import { join } from "node:path";
import {
	type Archive,
	Archiver,
	type ArchiverOptions,
	type Cluster,
	isArchiverError,
	type Job,
	type JobRepository,
	type MetricSource,
	openArchive,
	SqliteJobRepository,
} from "../../lib/index.js";
import { print, withFolder } from "./bench.js";
import { discardingArchive, discardingCommits } from "./discarding.js";
import { type Cost, measureCost } from "./measure.js";
import { threadIds } from "./threads.js";

/** Where jobs go: an archive of that kind and a job database beside it, or nowhere. */
export type Storage = "file" | "sqlite" | "none";

export interface BenchHouseParts {
	folder: string;
	storage: Storage;
	clusters: readonly Cluster[];
	source: MetricSource;
	options?: Partial<ArchiverOptions>;
	/** Default true. */
	fsync?: boolean;
}

/** What archiving a list of jobs cost and gave. */
export interface ArchivingRun extends Cost {
	jobs: number;
	/** Gaps included. */
	samples: number;
	/** Of the data as stored. */
	bytes: number;
	/** From each job's trigger to its being durable and recorded, in trigger order. */
	triggerToDurableMs: number[];
}

/** An archiver with everything around it, as the subjects of several benches use it. */
export class BenchHouse {
	readonly archive: Archive;
	readonly repository: JobRepository;
	readonly archiver: Archiver;
	/** Thread ids of the pool. */
	readonly poolThreads: readonly number[];

	private constructor(
		archive: Archive,
		repository: JobRepository,
		archiver: Archiver,
		poolThreads: readonly number[],
	) {
		this.archive = archive;
		this.repository = repository;
		this.archiver = archiver;
		this.poolThreads = poolThreads;
	}

	static async open(parts: BenchHouseParts): Promise<BenchHouse> {
		const { folder, storage, clusters, source, options, fsync = true } = parts;
		const archive = await openStorage(folder, storage, fsync);
		const database = await SqliteJobRepository.open(join(folder, "job.db"));
		const repository =
			storage === "none" ? discardingCommits(database) : database;
		for (const cluster of clusters)
			await archive.storeClusterConfig(cluster.name, cluster);
		// libuv's threads are there by now, so what appears below is the pool's.
		const before = new Set(await threadIds());
		const archiver = await Archiver.start({
			archive,
			repository,
			source,
			options,
			recover: false,
		});
		const after = await threadIds();
		return new BenchHouse(
			archive,
			repository,
			archiver,
			after.filter((id) => !before.has(id)),
		);
	}

	/** Records jobs as finished and not archived, and returns them as the database has them, in the same order. */
	async register(jobs: readonly Job[]): Promise<Job[]> {
		await this.repository.registerJobs(jobs);
		return Promise.all(
			jobs.map(async (job) => {
				const found = await this.repository.findJob(job);
				if (found === undefined) throw new Error(`job ${job.jobId} is missing`);
				return found;
			}),
		);
	}

	/** Triggers all of `jobs` at once and waits for them; every one must be archived, and in order. */
	async archiveAll(jobs: readonly Job[]): Promise<ArchivingRun> {
		const triggerToDurableMs = new Array<number>(jobs.length);
		let ended = 0;
		const { result, cost } = await measureCost(
			() =>
				Promise.all(
					jobs.map(async (job, i) => {
						const startMs = performance.now();
						const { samples, bytes } = await this.archiver.archiveJob(job);
						triggerToDurableMs[i] = performance.now() - startMs;
						if (ended++ !== i) throw new Error(`job ${i} ended out of order`);
						// Not the job with its statistics: a backend does not keep those of hundreds of jobs.
						return { samples, bytes };
					}),
				),
			this.poolThreads,
		);
		return {
			...cost,
			jobs: jobs.length,
			samples: result.reduce((sum, { samples }) => sum + samples, 0),
			bytes: result.reduce((sum, { bytes }) => sum + bytes, 0),
			triggerToDurableMs,
		};
	}

	async close(): Promise<void> {
		await this.archiver.shutdown();
		await this.repository.close();
		await this.archive.close();
	}
}

/** The kinds of archives that this checkout can open. */
export async function knownStorages(): Promise<("file" | "sqlite")[]> {
	try {
		await withFolder("probe", async (folder) => {
			const archive = await openStorage(folder, "sqlite", false);
			await archive.close();
		});
		return ["file", "sqlite"];
	} catch (error) {
		if (!isArchiverError(error) || error.code !== "ARCHIVE_VERSION")
			throw error;
		print("archives in SQLite are left out: this checkout has none");
		return ["file"];
	}
}

async function openStorage(
	folder: string,
	storage: Storage,
	fsync: boolean,
): Promise<Archive> {
	const [kind, name] =
		storage === "sqlite" ? ["sqlite", "archive.db"] : ["file", "archive"];
	const archive = await openArchive(`${kind}:${join(folder, name)}`, {
		format: "columnar",
		fsync,
	});
	return storage === "none" ? discardingArchive(archive) : archive;
}

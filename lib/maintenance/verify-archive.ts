import type { Archive, StoredData } from "../archive/archive.js";
import type { VerifiedJob } from "../dispatch/messages.js";
import type { WorkerPool } from "../dispatch/pool.js";
import { type ArchiverError, toArchiverError } from "../errors.js";
import type { Cluster } from "../schema/cluster.js";
import type { Job, JobKey } from "../schema/job.js";
import { type ArchiveProblem, Findings } from "./findings.js";
import { dataProblems, metaProblems, tellsOf } from "./job-problems.js";
import { JobsAhead } from "./jobs-ahead.js";
import type { ProblemCode } from "./problem-codes.js";
import { RowComparison, type VerifiableRows } from "./verify-rows.js";

const DEFAULT_BUFFER_BYTES = 64 * 2 ** 20;

/** What verification asks of an archive. */
export type VerifiableArchive = Pick<
	Archive,
	| "clusters"
	| "loadClusterConfig"
	| "iterate"
	| "strays"
	| "exists"
	| "loadJobMeta"
	| "loadStoredMeta"
	| "loadStoredData"
>;

export interface VerifyOptions {
	/** Its threads do the checking. */
	pool: Pick<WorkerPool, "run">;
	/** Only this cluster's jobs. */
	cluster?: string;
	/** The database that the archive belongs to: its rows are compared with the jobs. */
	repository?: VerifiableRows;
	/**
	 * Hold meta and data against the JSON Schemas that ClusterCockpit publishes; false unless told. Broken structure is a
	 * fault, and what goes beyond their lists and bounds a note.
	 */
	schema?: boolean;
	/** Stored bytes that are read ahead of the checking; 64 MiB unless told. */
	bufferBytes?: number;
	/** Told after each job. */
	onProgress?(progress: { jobs: number; faults: number }): void;
	/** Aborting it ends the walk early: jobs under way are finished, and the result says how far it got. */
	signal?: AbortSignal;
}

export interface VerifyResult {
	/** Jobs looked at, the faulty ones included. */
	jobs: number;
	/** Damage, in the archive's order; of more than 10,000 those that were found first. */
	faults: ArchiveProblem[];
	/** Oddities that came with foreign data, likewise. */
	notes: ArchiveProblem[];
	/** How much was found of each kind, whatever is listed. */
	counts: Partial<Record<ProblemCode, number>>;
}

/**
 * Checks an archive: nothing lies in it that belongs to none of its parts; every cluster's configuration and every job's
 * meta are there and well-formed; each meta is that of its job and of this version of its data; every byte of the data
 * checks out; statistics are those of the samples. With a database every row is that of its job. Jobs are read here and
 * checked on the pool's threads. What another process is writing meanwhile is not taken for damage.
 *
 * @throws ArchiverError ARCHIVE_UNREADABLE when the archive cannot be listed, ARCHIVER_CLOSED when the pool closes,
 * DATABASE_FAILED, DATABASE_BUSY
 */
export async function verifyArchive(
	archive: VerifiableArchive,
	options: VerifyOptions,
): Promise<VerifyResult> {
	const verification = new Verification(archive, options);
	await verification.walk();
	return verification.result();
}

class Verification {
	readonly #archive: VerifiableArchive;
	readonly #options: VerifyOptions;
	readonly #ahead: JobsAhead;
	readonly #rows: RowComparison | undefined;
	/** Undefined where a cluster has no configuration that can be read. */
	readonly #clusters = new Map<string, Cluster | undefined>();
	readonly #unconfigured = new Set<string>();
	readonly #findings = new Findings();
	#jobs = 0;
	#poolFailure: ArchiverError | undefined;

	constructor(archive: VerifiableArchive, options: VerifyOptions) {
		const { bufferBytes = DEFAULT_BUFFER_BYTES, repository } = options;
		this.#archive = archive;
		this.#options = options;
		this.#ahead = new JobsAhead(bufferBytes);
		this.#rows =
			repository &&
			new RowComparison(repository, archive, (it) => this.#findings.add(it));
	}

	async walk(): Promise<void> {
		// Beside the jobs, so that a large archive is not walked once before the first of them is told of.
		const strays = this.#findStrays();
		const [walked, searched] = await Promise.allSettled([
			this.#walkJobs(),
			strays,
		]);
		for (const ended of [walked, searched])
			if (ended.status === "rejected") throw ended.reason;
		if (!this.#isOver()) await this.#rows?.finish(this.#options.cluster);
	}

	async #walkJobs(): Promise<void> {
		const { cluster: only } = this.#options;
		const clusters =
			only === undefined ? await this.#archive.clusters() : [only];
		for (const name of clusters) await this.#checkCluster(name);
		try {
			for await (const entry of this.#archive.iterate({ cluster: only })) {
				if (this.#isOver()) break;
				await this.#checkCluster(entry.key.cluster);
				if ("error" in entry) this.#reportMeta(entry);
				else await this.#checkJob(entry);
				await this.#rows?.compare(
					entry.key,
					"error" in entry ? undefined : entry.job,
				);
			}
		} finally {
			await this.#ahead.settled();
		}
		if (this.#poolFailure !== undefined) throw this.#poolFailure;
	}

	result(): VerifyResult {
		return {
			jobs: this.#jobs,
			faults: this.#findings.kept("fault"),
			notes: this.#findings.kept("note"),
			counts: this.#findings.counts(),
		};
	}

	#isOver(): boolean {
		return (
			this.#options.signal?.aborted === true || this.#poolFailure !== undefined
		);
	}

	async #findStrays(): Promise<void> {
		const { cluster, signal } = this.#options;
		try {
			for await (const stray of this.#archive.strays({ cluster, signal })) {
				if (this.#poolFailure !== undefined) return;
				if (stray.code !== "CONFIG_MISSING") this.#findings.add(stray);
				else this.#reportUnconfigured(stray);
			}
		} catch (error) {
			if (!signal?.aborted) throw error;
		}
	}

	/** Once a cluster. */
	async #checkCluster(cluster: string): Promise<void> {
		if (this.#clusters.has(cluster)) return;
		this.#clusters.set(cluster, undefined);
		try {
			const config = await this.#archive.loadClusterConfig(cluster);
			this.#clusters.set(cluster, config);
		} catch (cause) {
			const error = toArchiverError(cause, "ARCHIVE_UNREADABLE");
			const { path } = error.details;
			const code = codeOf(error, "CONFIG_CORRUPT");
			const problem = { code, cluster, ...(path && { path }) };
			if (code === "CONFIG_MISSING")
				this.#reportUnconfigured({
					...problem,
					reason: "the cluster has no configuration",
				});
			else this.#findings.add({ ...problem, reason: error.message });
		}
	}

	/** Once a cluster, whichever way it is found out. */
	#reportUnconfigured(problem: ArchiveProblem): void {
		const { cluster = "" } = problem;
		if (this.#unconfigured.has(cluster)) return;
		this.#unconfigured.add(cluster);
		this.#findings.add(problem);
	}

	#reportMeta({ key, error }: { key: JobKey; error: ArchiverError }): void {
		this.#findings.add(problemOf(key, error, "META_CORRUPT"));
		this.#end();
	}

	async #checkJob({ key, job }: { key: JobKey; job: Job }): Promise<void> {
		for (const problem of metaProblems(key, job)) this.#findings.add(problem);
		let schemaMeta: string | undefined;
		let stored: StoredData;
		try {
			if (this.#options.schema)
				schemaMeta = (await this.#archive.loadStoredMeta(key)).text;
			stored = await this.#archive.loadStoredData(key);
		} catch (cause) {
			const error = toArchiverError(cause, "ARCHIVE_UNREADABLE");
			// Somebody has removed the job since it was listed.
			if (error.code === "JOB_UNKNOWN") return;
			const isThere = await this.#archive.exists(key).catch(() => true);
			const code = isThere ? "DATA_CORRUPT" : "DATA_MISSING";
			this.#findings.add(problemOf(key, error, code));
			this.#end();
			return;
		}
		await this.#ahead.start(stored.bytes.byteLength, async () => {
			await this.#checkData(key, job, stored, schemaMeta);
			this.#end();
		});
	}

	async #checkData(
		key: JobKey,
		job: Job,
		{ bytes, encoding, path }: StoredData,
		schemaMeta: string | undefined,
	): Promise<void> {
		try {
			const verified = await this.#options.pool.run(
				{ kind: "verify", encoding, bytes, schemaMeta },
				{ transfer: [bytes.buffer] },
			);
			const meta = await this.#metaOf(verified, key, job);
			const config = this.#clusters.get(key.cluster);
			for (const problem of dataProblems(meta, verified, config))
				this.#findings.add({ ...keyOf(key), path, ...problem });
		} catch (cause) {
			const error = toArchiverError(cause, "WORKER_FAILED", { path });
			if (error.code === "ARCHIVER_CLOSED") this.#poolFailure = error;
			this.#findings.add(problemOf(key, error, "DATA_CORRUPT"));
		}
	}

	/** The meta to hold against the data: the job may have been replaced since its meta was read. */
	async #metaOf({ dataId }: VerifiedJob, key: JobKey, job: Job): Promise<Job> {
		if (dataId === undefined || tellsOf(job, dataId)) return job;
		return this.#archive.loadJobMeta(key);
	}

	/** Ends a job, whatever was found. */
	#end(): void {
		this.#jobs++;
		const { faults } = this.#findings;
		this.#options.onProgress?.({ jobs: this.#jobs, faults });
	}
}

/** @param damaged - What it means that the bytes do not check out. */
function problemOf(
	key: JobKey,
	error: ArchiverError,
	damaged: ProblemCode,
): ArchiveProblem {
	const { path, column, offset } = error.details;
	return {
		code: codeOf(error, damaged),
		...keyOf(key),
		...(path !== undefined && { path }),
		...(column !== undefined && { column }),
		...(offset !== undefined && { offset }),
		reason: error.message,
	};
}

function codeOf({ code }: ArchiverError, damaged: ProblemCode): ProblemCode {
	switch (code) {
		case "DATA_CORRUPT":
		case "INVALID_INPUT":
			return damaged;
		case "FORMAT_UNSUPPORTED":
			return "DATA_UNSUPPORTED";
		case "CLUSTER_UNKNOWN":
			return "CONFIG_MISSING";
		default:
			return "UNREADABLE";
	}
}

function keyOf({ cluster, jobId, startTime }: JobKey): JobKey {
	return { cluster, jobId, startTime };
}

import type { Archive, StoredData } from "../archive/archive.js";
import { dataFactsOf } from "../archive/data-facts.js";
import type { WorkerPool } from "../dispatch/pool.js";
import { type ArchiverError, toArchiverError } from "../errors.js";
import { formatJobKey, type Job, type JobKey } from "../schema/job.js";
import { JobsAhead } from "./jobs-ahead.js";

const DEFAULT_BUFFER_BYTES = 64 * 2 ** 20;

/** What verification asks of an archive. */
export type VerifiableArchive = Pick<
	Archive,
	| "clusters"
	| "loadClusterConfig"
	| "iterate"
	| "loadJobMeta"
	| "loadStoredData"
>;

export interface VerifyOptions {
	/** Its threads do the checking. */
	pool: Pick<WorkerPool, "run">;
	/** Only this cluster's jobs. */
	cluster?: string;
	/** Stored bytes that are read ahead of the checking; 64 MiB unless told. */
	bufferBytes?: number;
	/** Told after each job. */
	onProgress?(progress: { jobs: number; faults: number }): void;
	/** Aborting it ends the walk early: jobs under way are finished, and the result says how far it got. */
	signal?: AbortSignal;
}

/** Something that does not check out. Without `jobId` it concerns the whole cluster. */
export interface ArchiveProblem {
	cluster: string;
	jobId?: number;
	startTime?: number;
	/** File or key concerned. */
	path?: string;
	/** `metric/scope` */
	column?: string;
	/** Byte within the file. */
	offset?: number;
	reason: string;
}

export interface VerifyResult {
	/** Jobs looked at, the faulty ones included. */
	jobs: number;
	/** Damage, in the archive's order. */
	faults: ArchiveProblem[];
	/** Oddities that came with foreign data, in the archive's order. */
	notes: ArchiveProblem[];
}

/**
 * Checks an archive: every cluster's configuration and every job's meta are there and well-formed, each meta is that of
 * its job and of this version of its data, and every byte of the data checks out. Jobs are read here and checked on the
 * pool's threads.
 *
 * @throws ArchiverError ARCHIVE_UNREADABLE when the archive cannot be listed, ARCHIVER_CLOSED when the pool closes.
 */
export async function verifyArchive(
	archive: VerifiableArchive,
	options: VerifyOptions,
): Promise<VerifyResult> {
	const verification = new Verification(archive, options);
	await verification.walk();
	return verification.result();
}

interface Findings {
	faults: ArchiveProblem[];
	notes: ArchiveProblem[];
}

class Verification {
	readonly #archive: VerifiableArchive;
	readonly #options: VerifyOptions;
	readonly #ahead: JobsAhead;
	readonly #clusters = new Set<string>();
	/** What was found, by place in the archive: jobs are done in any order. */
	readonly #findings = new Map<number, Findings>();
	#places = 0;
	#jobs = 0;
	#faults = 0;
	#poolFailure: ArchiverError | undefined;

	constructor(archive: VerifiableArchive, options: VerifyOptions) {
		this.#archive = archive;
		this.#options = options;
		this.#ahead = new JobsAhead(options.bufferBytes ?? DEFAULT_BUFFER_BYTES);
	}

	async walk(): Promise<void> {
		const { cluster: only, signal } = this.#options;
		for (const name of await this.#archive.clusters())
			if (only === undefined || name === only) await this.#checkCluster(name);
		try {
			for await (const entry of this.#archive.iterate({ cluster: only })) {
				if (signal?.aborted || this.#poolFailure !== undefined) break;
				await this.#checkCluster(entry.key.cluster);
				if ("error" in entry)
					this.#report(this.#places++, { faults: [problemOf(entry)] });
				else await this.#checkJob(entry);
			}
		} finally {
			await this.#ahead.settled();
		}
		if (this.#poolFailure !== undefined) throw this.#poolFailure;
	}

	result(): VerifyResult {
		const places = [...this.#findings].sort(([a], [b]) => a - b);
		return {
			jobs: this.#jobs,
			faults: places.flatMap(([, { faults }]) => faults),
			notes: places.flatMap(([, { notes }]) => notes),
		};
	}

	/** Once a cluster. */
	async #checkCluster(cluster: string): Promise<void> {
		if (this.#clusters.has(cluster)) return;
		this.#clusters.add(cluster);
		try {
			await this.#archive.loadClusterConfig(cluster);
		} catch (error) {
			const { message, details } = toArchiverError(error, "ARCHIVE_UNREADABLE");
			const { path } = details;
			this.#find(this.#places++, {
				faults: [{ cluster, ...(path && { path }), reason: message }],
			});
		}
	}

	async #checkJob({ key, job }: { key: JobKey; job: Job }): Promise<void> {
		const place = this.#places++;
		const faults = misplacement(key, job);
		let stored: StoredData;
		try {
			stored = await this.#archive.loadStoredData(key);
		} catch (cause) {
			const error = toArchiverError(cause, "ARCHIVE_UNREADABLE");
			// Somebody has removed the job since it was listed.
			if (error.code === "JOB_UNKNOWN") return;
			this.#report(place, { faults: [...faults, problemOf({ key, error })] });
			return;
		}
		await this.#ahead.start(stored.bytes.byteLength, async () => {
			const data = await this.#checkData(key, job, stored);
			this.#report(place, {
				faults: [...faults, ...data.faults],
				notes: data.notes,
			});
		});
	}

	async #checkData(
		key: JobKey,
		job: Job,
		{ bytes, encoding, path }: StoredData,
	): Promise<Findings> {
		try {
			const { dataId, faults, notes } = await this.#options.pool.run(
				{ kind: "verify", encoding, bytes },
				{ transfer: [bytes.buffer] },
			);
			const located = { ...keyOf(key), path };
			if (dataId !== undefined && !(await this.#tellsOf(dataId, key, job)))
				faults.push({
					reason: "the meta is that of another version of the data",
				});
			return {
				faults: faults.map((fault) => ({ ...located, ...fault })),
				notes: notes.map((note) => ({ ...located, ...note })),
			};
		} catch (cause) {
			const error = toArchiverError(cause, "WORKER_FAILED", { path });
			if (error.code === "ARCHIVER_CLOSED") this.#poolFailure = error;
			return { faults: [problemOf({ key, error })], notes: [] };
		}
	}

	/** Whether the meta is of this version of the data. The job may have been replaced since its meta was read. */
	async #tellsOf(dataId: string, key: JobKey, job: Job): Promise<boolean> {
		if (tellsOf(job, dataId)) return true;
		return tellsOf(await this.#archive.loadJobMeta(key), dataId);
	}

	/** Ends a job, whatever was found. */
	#report(place: number, findings: Partial<Findings>): void {
		this.#jobs++;
		this.#find(place, findings);
		this.#options.onProgress?.({ jobs: this.#jobs, faults: this.#faults });
	}

	#find(place: number, { faults = [], notes = [] }: Partial<Findings>): void {
		this.#faults += faults.length;
		if (faults.length + notes.length > 0)
			this.#findings.set(place, { faults, notes });
	}
}

/** A meta that says it is another job's than the one that the archive keeps it for. */
function misplacement(key: JobKey, job: Job): ArchiveProblem[] {
	if (formatJobKey(key) === formatJobKey(job)) return [];
	return [
		{
			...keyOf(key),
			reason: `the meta is that of another job, ${formatJobKey(job)}`,
		},
	];
}

/** A meta that does not say which version of the data it belongs to goes with any. */
function tellsOf(job: Job, dataId: string): boolean {
	return (dataFactsOf(job)?.dataId ?? dataId) === dataId;
}

function problemOf({
	key,
	error,
}: {
	key: JobKey;
	error: ArchiverError;
}): ArchiveProblem {
	const { path, column, offset } = error.details;
	return {
		...keyOf(key),
		...(path !== undefined && { path }),
		...(column !== undefined && { column }),
		...(offset !== undefined && { offset }),
		reason: error.message,
	};
}

function keyOf({ cluster, jobId, startTime }: JobKey): JobKey {
	return { cluster, jobId, startTime };
}

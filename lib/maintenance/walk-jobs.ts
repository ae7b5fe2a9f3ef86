import type { Archive, IterateOptions } from "../archive/archive.js";
import { ArchiverError, type ErrorCode, toArchiverError } from "../errors.js";
import { formatJobKey, type Job, type JobKey } from "../schema/job.js";
import { JobsAhead } from "./jobs-ahead.js";

const DEFAULT_BUFFER_BYTES = 64 * 2 ** 20;

export interface WalkOptions {
	/** Only this cluster's jobs. */
	cluster?: string;
	/** Jobs that started at or after this, Unix seconds. */
	from?: number;
	/** Jobs that started before this, Unix seconds. */
	to?: number;
	/** Stored bytes of jobs under way; 64 MiB unless told. */
	bufferBytes?: number;
	/** Told after each job. */
	onProgress?(progress: { jobs: number; failed: number }): void;
	/** Aborting it ends the walk early: jobs under way are finished, and the result says how far it got. */
	signal?: AbortSignal;
}

/** What became of a job: it is done, there was nothing to do, or it is not to be touched. */
export type JobOutcome = "done" | "skipped" | "spared";

/** What is to be done with a job, beside others. */
export interface JobWork {
	/** What it holds in memory meanwhile. */
	bytes: number;
	run(): Promise<JobOutcome>;
}

/** What is done with each job that a walk comes to. */
export interface JobVisitor {
	/** Told in the archive's order, one job at a time: the outcome when it is clear at once, else what is to be done. */
	visit(job: Job): Promise<JobOutcome | JobWork>;
	/** As {@link visit}, for a job whose meta cannot be read. Absent: that is a failure. */
	visitUnreadable?(
		key: JobKey,
		error: ArchiverError,
	): Promise<JobOutcome | JobWork>;
}

/** Something that failed. Without `jobId` it is a cluster's configuration. */
export interface JobFailure {
	cluster: string;
	jobId?: number;
	startTime?: number;
	code: ErrorCode;
	message: string;
}

export interface WalkResult {
	done: number;
	skipped: number;
	spared: number;
	/** In the archive's order. */
	failed: JobFailure[];
}

/**
 * Goes through the jobs of an archive: looks at one after the other, and works on several at a time. A job that fails is
 * listed, and the rest goes on.
 *
 * @throws ArchiverError ARCHIVE_UNREADABLE when the archive cannot be listed, ARCHIVER_CLOSED when the pool closes.
 */
export async function walkJobs(
	archive: Pick<Archive, "iterate">,
	visitor: JobVisitor,
	options: WalkOptions & Pick<IterateOptions, "halfRemoved"> = {},
): Promise<WalkResult> {
	const { cluster, from, to, halfRemoved, signal } = options;
	const walk = new Walk(visitor, options);
	try {
		for await (const entry of archive.iterate({
			cluster,
			from,
			to,
			halfRemoved,
		})) {
			if (signal?.aborted || walk.poolFailure !== undefined) break;
			await walk.take(entry);
		}
	} finally {
		await walk.settled();
	}
	if (walk.poolFailure !== undefined) throw walk.poolFailure;
	return walk.result();
}

/** How a failure is listed. */
export function failureOf(
	{ cluster, jobId, startTime }: { cluster: string } & Partial<JobKey>,
	{ code, message }: ArchiverError,
): JobFailure {
	const key = jobId === undefined ? {} : { jobId, startTime };
	return { cluster, ...key, code, message };
}

type Entry = { key: JobKey; job: Job } | { key: JobKey; error: ArchiverError };

class Walk {
	/** The pool has closed: no job can be worked on any more. */
	poolFailure: ArchiverError | undefined;
	readonly #visitor: JobVisitor;
	readonly #ahead: JobsAhead;
	readonly #onProgress: WalkOptions["onProgress"];
	readonly #counts = { done: 0, skipped: 0, spared: 0 };
	/** By place in the archive: jobs end in any order. */
	readonly #failures = new Map<number, JobFailure>();
	#places = 0;

	constructor(
		visitor: JobVisitor,
		{ bufferBytes = DEFAULT_BUFFER_BYTES, onProgress }: WalkOptions,
	) {
		this.#visitor = visitor;
		this.#ahead = new JobsAhead(bufferBytes);
		this.#onProgress = onProgress;
	}

	/** Resolves once the job is under way, or has ended. */
	async take(entry: Entry): Promise<void> {
		const place = this.#places++;
		try {
			const next = await this.#visit(entry);
			if (typeof next === "string") return this.#end(next);
			await this.#ahead.start(next.bytes, async () => {
				try {
					this.#end(await next.run());
				} catch (error) {
					this.#fail(place, entry.key, error);
				}
			});
		} catch (error) {
			this.#fail(place, entry.key, error);
		}
	}

	settled(): Promise<void> {
		return this.#ahead.settled();
	}

	result(): WalkResult {
		const places = [...this.#failures].sort(([a], [b]) => a - b);
		return { ...this.#counts, failed: places.map(([, failure]) => failure) };
	}

	async #visit(entry: Entry): Promise<JobOutcome | JobWork> {
		const { key } = entry;
		if ("error" in entry) {
			const visited = this.#visitor.visitUnreadable?.(key, entry.error);
			if (visited === undefined) throw entry.error;
			return visited;
		}
		if (formatJobKey(key) !== formatJobKey(entry.job))
			throw misplaced(key, entry.job);
		return this.#visitor.visit(entry.job);
	}

	#end(outcome: JobOutcome): void {
		this.#counts[outcome]++;
		this.#tell();
	}

	#fail(place: number, key: JobKey, cause: unknown): void {
		const error = toArchiverError(cause, "ARCHIVE_UNREADABLE");
		if (error.code === "ARCHIVER_CLOSED") this.poolFailure = error;
		this.#failures.set(place, failureOf(key, error));
		this.#tell();
	}

	#tell(): void {
		const { done, skipped, spared } = this.#counts;
		const failed = this.#failures.size;
		this.#onProgress?.({ jobs: done + skipped + spared + failed, failed });
	}
}

function misplaced(key: JobKey, job: Job): ArchiverError {
	return new ArchiverError(
		"DATA_CORRUPT",
		`the meta of ${formatJobKey(key)} is that of another job, ${formatJobKey(job)}`,
		{ cluster: key.cluster, jobId: key.jobId, startTime: key.startTime },
	);
}

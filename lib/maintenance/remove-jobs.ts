import type { Archive } from "../archive/archive.js";
import { type ArchiverError, toArchiverError } from "../errors.js";
import type { JobRepository } from "../repository/repository.js";
import type { Job, JobKey } from "../schema/job.js";
import { JobRemoval } from "./job-removal.js";
import { isActive, isUnfinished } from "./spared-jobs.js";
import {
	failureOf,
	type JobFailure,
	type JobOutcome,
	type JobWork,
	type WalkOptions,
	walkJobs,
} from "./walk-jobs.js";

const PAGE_ROWS = 200;

export interface RemoveOptions extends Omit<WalkOptions, "bufferBytes"> {
	/** The job database: jobs are removed from it too, those that the archive does not hold included. */
	repository?: Pick<JobRepository, "findJob" | "findByTime" | "removeJobs">;
	/** Change nothing, and count what would be removed. */
	dryRun?: boolean;
}

export interface RemoveResult {
	/** Jobs of the archive. */
	removed: number;
	/** Rows of the job database. */
	rows: number;
	/** Jobs that are running, or wait to be archived. */
	spared: number;
	failed: JobFailure[];
	seconds: number;
}

/**
 * Removes the jobs that started between two times, whatever state they are stored in, also what an earlier removal that
 * was cut short has left of them. Jobs that are running or wait to be archived, by their meta or by the database, stay.
 * From the database a job goes first: cut short, a removal leaves no row without data, and another one finds the rest.
 *
 * @throws ArchiverError ARCHIVE_UNREADABLE when the archive cannot be listed, and why the database cannot be read.
 */
export async function removeJobs(
	archive: Archive,
	options: RemoveOptions,
): Promise<RemoveResult> {
	const startedMs = performance.now();
	const run = new RemoveRun(archive, options);
	const { done, spared, failed } = await walkJobs(archive, run, {
		...options,
		halfRemoved: true,
	});
	const rowFailures = await run.removeRows();
	return {
		removed: done,
		rows: run.rows,
		spared,
		failed: [...failed, ...rowFailures],
		seconds: (performance.now() - startedMs) / 1000,
	};
}

class RemoveRun {
	readonly #archive: Archive;
	readonly #options: RemoveOptions;
	readonly #removal: JobRemoval;
	/** In a dry run. */
	#removableRows = 0;

	constructor(archive: Archive, options: RemoveOptions) {
		this.#archive = archive;
		this.#options = options;
		this.#removal = new JobRemoval(archive, options.repository);
	}

	get rows(): number {
		return this.#options.dryRun ? this.#removableRows : this.#removal.rows;
	}

	async visit(job: Job): Promise<JobOutcome | JobWork> {
		return isActive(job) ? "spared" : this.#decide(job);
	}

	/** Nobody can tell the state of a job whose meta is damaged or removed already, but the database. */
	async visitUnreadable(
		key: JobKey,
		error: ArchiverError,
	): Promise<JobOutcome | JobWork> {
		if (error.code === "DATA_CORRUPT" || error.code === "JOB_UNKNOWN")
			return this.#decide(key);
		throw error;
	}

	/** Rows of jobs that the archive does not hold: never archived, or monitoring was switched off. */
	async removeRows(): Promise<JobFailure[]> {
		const { repository, cluster, from, to, signal } = this.#options;
		if (repository === undefined) return [];
		const failures: JobFailure[] = [];
		const query = { cluster, from, to, limit: PAGE_ROWS };
		let after: Job | undefined;
		while (!signal?.aborted) {
			const page = await repository.findByTime({ ...query, after });
			try {
				await this.#removePage(page);
			} catch (cause) {
				const error = toArchiverError(cause, "DATABASE_FAILED");
				failures.push(...page.map((row) => failureOf(row, error)));
			}
			if (page.length < PAGE_ROWS) break;
			after = page.at(-1);
		}
		return failures;
	}

	async #decide(key: JobKey): Promise<JobOutcome | JobWork> {
		const { repository, dryRun } = this.#options;
		const row = await repository?.findJob(key);
		if (row !== undefined && isUnfinished(row)) return "spared";
		if (dryRun) return "done";
		return {
			bytes: 0,
			run: async () => {
				await this.#removal.remove(key);
				return "done";
			},
		};
	}

	async #removePage(rows: readonly Job[]): Promise<void> {
		const { repository, dryRun } = this.#options;
		const finished = rows.filter((row) => !isUnfinished(row));
		if (dryRun) {
			this.#removableRows += finished.length;
			return;
		}
		const gone: Job[] = [];
		for (const row of finished)
			if (!(await this.#archive.exists(row))) gone.push(row);
		const removed = await repository?.removeJobs(gone);
		this.#removal.rows += removed?.removed ?? 0;
	}
}

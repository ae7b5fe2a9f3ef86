import type { Archive } from "../archive/archive.js";
import { ArchiverError } from "../errors.js";
import type { JobRepository } from "../repository/repository.js";
import { formatJobKey, type JobKey } from "../schema/job.js";
import { Groups } from "./groups.js";

/**
 * Removes jobs from the job database, when there is one, and then from the archive: cut short between the two, a job is
 * still found in the archive, and no row tells of data that are gone.
 */
export class JobRemoval {
	/** Rows removed so far. */
	rows = 0;
	readonly #archive: Pick<Archive, "remove">;
	readonly #repository: Pick<JobRepository, "removeJobs"> | undefined;
	readonly #groups = new Groups<JobKey>((keys) => this.#removeGroup(keys));

	constructor(
		archive: Pick<Archive, "remove">,
		repository?: Pick<JobRepository, "removeJobs">,
	) {
		this.#archive = archive;
		this.#repository = repository;
	}

	/**
	 * Resolves when the job is gone, whoever has removed it.
	 *
	 * @throws ArchiverError JOB_NOT_STOPPED when the database says that it is running, or waits to be archived; why it
	 * could not be removed
	 */
	remove(key: JobKey): Promise<void> {
		return this.#groups.add(key);
	}

	async #removeGroup(
		keys: readonly JobKey[],
	): Promise<(ArchiverError | undefined)[]> {
		const kept = await this.#removeRows(keys);
		const removable = keys.filter((key) => !kept.has(formatJobKey(key)));
		const errors = await this.#archive.remove(removable);
		const failures = new Map(
			removable.map((key, i) => [formatJobKey(key), errors[i]]),
		);
		return keys.map((key) => {
			if (kept.has(formatJobKey(key))) return unfinished(key);
			const error = failures.get(formatJobKey(key));
			return error?.code === "JOB_UNKNOWN" ? undefined : error;
		});
	}

	/** @returns the jobs that stay. */
	async #removeRows(keys: readonly JobKey[]): Promise<ReadonlySet<string>> {
		if (this.#repository === undefined) return new Set();
		const { removed, kept } = await this.#repository.removeJobs(keys);
		this.rows += removed;
		return new Set(kept.map(formatJobKey));
	}
}

function unfinished(key: JobKey): ArchiverError {
	const { cluster, jobId, startTime } = key;
	return new ArchiverError(
		"JOB_NOT_STOPPED",
		`job ${formatJobKey(key)} is running, or waits to be archived`,
		{ cluster, jobId, startTime },
	);
}

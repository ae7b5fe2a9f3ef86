import type { Archive } from "../archive/archive.js";
import { ArchiverError } from "../errors.js";
import type { JobRepository } from "../repository/repository.js";
import { ACTIVE_JOB_STATES, formatJobKey, type Job } from "../schema/job.js";
import type { Failures } from "./failures.js";

const BATCH_JOBS = 200;

/**
 * Enters an archive's jobs into the job database, as finished and not archived. Those that are there are left alone;
 * those whose meta is malformed are told to `failures`.
 *
 * @returns how many are new.
 */
export async function registerArchivedJobs(
	archive: Archive,
	repository: JobRepository,
	failures: Failures,
	signal: AbortSignal,
): Promise<number> {
	let registered = 0;
	let batch: Job[] = [];
	for await (const entry of archive.iterate()) {
		if (signal.aborted) break;
		if ("error" in entry) failures.add(entry.key, entry.error);
		else if (formatJobKey(entry.key) !== formatJobKey(entry.job))
			failures.add(entry.key, misplaced(entry.job));
		else if (ACTIVE_JOB_STATES.includes(entry.job.jobState))
			failures.add(entry.key, unfinished(entry.job));
		else batch.push(entry.job);
		if (batch.length === BATCH_JOBS) {
			registered += await repository.registerJobs(batch);
			batch = [];
		}
	}
	return registered + (await repository.registerJobs(batch));
}

function misplaced(job: Job): ArchiverError {
	return new ArchiverError(
		"DATA_CORRUPT",
		`its meta is that of another job, ${formatJobKey(job)}`,
	);
}

function unfinished({ jobState }: Job): ArchiverError {
	return new ArchiverError(
		"JOB_NOT_STOPPED",
		`the archive says that it is still ${jobState}`,
	);
}

import { ArchiverError, type ErrorCode } from "../errors.js";
import { formatJobKey, type JobKey } from "../schema/job.js";

/** An error whose message and details name the job; `what` goes on after its key. */
export function jobError(
	code: ErrorCode,
	key: JobKey,
	what: string,
): ArchiverError {
	return new ArchiverError(
		code,
		`job ${formatJobKey(key)} ${what}`,
		keyOf(key),
	);
}

export function jobUnknown(key: JobKey): ArchiverError {
	return jobError("JOB_UNKNOWN", key, "is not in the job database");
}

/** Only the key of a job, as an error's details want it. */
export function keyOf({ cluster, jobId, startTime }: JobKey): JobKey {
	return { cluster, jobId, startTime };
}

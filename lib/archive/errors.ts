import {
	ArchiverError,
	type ErrorCode,
	type ErrorDetails,
	isArchiverError,
} from "../errors.js";
import { formatJobKey, type JobKey } from "../schema/job.js";

/**
 * What went wrong, with the place in the archive and the job added: what the codec or another room found keeps its code,
 * anything else gets `code`.
 */
export function archiveError(
	code: ErrorCode,
	error: unknown,
	path: string,
	key?: JobKey,
): ArchiverError {
	const details = { path, ...keyOf(key) };
	const message = error instanceof Error ? error.message : String(error);
	if (!isArchiverError(error)) {
		return new ArchiverError(code, `${path}: ${message}`, details, {
			cause: error,
		});
	}
	if (error.details.path !== undefined) return error.with(details);
	// A codec knows no file.
	return new ArchiverError(
		error.code,
		`${path}: ${message}`,
		{ ...details, ...error.details },
		{ cause: error, retryable: error.retryable },
	);
}

export function jobUnknown(root: string, key: JobKey): ArchiverError {
	return new ArchiverError(
		"JOB_UNKNOWN",
		`there is no job ${formatJobKey(key)} in the archive ${root}`,
		{ path: root, ...keyOf(key) },
	);
}

export function clusterUnknown(path: string, cluster: string): ArchiverError {
	return new ArchiverError(
		"CLUSTER_UNKNOWN",
		`the archive holds no configuration of cluster ${cluster}: ${path}`,
		{ path, cluster },
	);
}

/** `error` seen as damage to what lies at `path`: a value in it does not have the shape that it must have. */
export function corruptFile(
	error: unknown,
	path: string,
	key?: JobKey,
): ArchiverError {
	const { message, details } = isArchiverError(error)
		? error
		: { message: (error as Error).message, details: {} };
	return new ArchiverError(
		"DATA_CORRUPT",
		`${path}: ${message}`,
		{ ...details, path, ...keyOf(key) },
		{ cause: error },
	);
}

function keyOf(key: JobKey | undefined): ErrorDetails {
	return key === undefined
		? {}
		: { cluster: key.cluster, jobId: key.jobId, startTime: key.startTime };
}

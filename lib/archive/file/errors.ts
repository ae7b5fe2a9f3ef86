import {
	ArchiverError,
	type ErrorDetails,
	isArchiverError,
} from "../../errors.js";
import { formatJobKey, type JobKey } from "../../schema/job.js";
import { systemCode } from "./file-system.js";

const FULL = new Set(["ENOSPC", "EDQUOT"]);
const NOT_ALLOWED = new Set(["EROFS", "EACCES", "EPERM"]);

/** What a failed write means to the caller: ARCHIVE_FULL, ARCHIVE_READ_ONLY or ARCHIVE_WRITE_FAILED, with the path and the job. */
export function writeError(
	error: unknown,
	path: string,
	key?: JobKey,
): ArchiverError {
	const code = systemCode(error) ?? "";
	if (FULL.has(code)) return fileError("ARCHIVE_FULL", error, path, key);
	if (NOT_ALLOWED.has(code))
		return fileError("ARCHIVE_READ_ONLY", error, path, key);
	return fileError("ARCHIVE_WRITE_FAILED", error, path, key);
}

/** What a failed read means to the caller: ARCHIVE_UNREADABLE with the path and the job, or what the codec found, with these added. */
export function readError(
	error: unknown,
	path: string,
	key?: JobKey,
): ArchiverError {
	return fileError("ARCHIVE_UNREADABLE", error, path, key);
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

/** `error` seen as damage to the file at `path`: a value in it does not have the shape that it must have. */
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

function fileError(
	code:
		| "ARCHIVE_FULL"
		| "ARCHIVE_READ_ONLY"
		| "ARCHIVE_WRITE_FAILED"
		| "ARCHIVE_UNREADABLE",
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

function keyOf(key: JobKey | undefined): ErrorDetails {
	return key === undefined
		? {}
		: { cluster: key.cluster, jobId: key.jobId, startTime: key.startTime };
}

import {
	ArchiverError,
	type ErrorCode,
	isArchiverError,
} from "../../errors.js";
import type { JobKey } from "../../schema/job.js";
import { sqliteCode } from "../../sqlite/connection.js";
import { archiveError } from "../errors.js";

const WRITE_CODES = new Map<string, ErrorCode>([
	["SQLITE_FULL", "ARCHIVE_FULL"],
	["SQLITE_READONLY", "ARCHIVE_READ_ONLY"],
	["SQLITE_PERM", "ARCHIVE_READ_ONLY"],
	["SQLITE_CORRUPT", "DATA_CORRUPT"],
	["SQLITE_NOTADB", "DATA_CORRUPT"],
]);
const READ_CODES = new Map<string, ErrorCode>([
	["SQLITE_CORRUPT", "DATA_CORRUPT"],
	["SQLITE_NOTADB", "DATA_CORRUPT"],
]);

/** What a failed write means to the caller: ARCHIVE_FULL, ARCHIVE_READ_ONLY, ARCHIVE_WRITE_FAILED, or DATA_CORRUPT. */
export function writeError(
	error: unknown,
	path: string,
	key?: JobKey,
): ArchiverError {
	return databaseError(error, WRITE_CODES, "ARCHIVE_WRITE_FAILED", path, key);
}

/** What a failed read means to the caller: ARCHIVE_UNREADABLE, DATA_CORRUPT, or what the codec found, with the path and the job added. */
export function readError(
	error: unknown,
	path: string,
	key?: JobKey,
): ArchiverError {
	return databaseError(error, READ_CODES, "ARCHIVE_UNREADABLE", path, key);
}

/** Whether the database stayed locked by somebody else. */
export function isBusy(error: unknown): boolean {
	return isArchiverError(error) && error.code === "DATABASE_BUSY";
}

function databaseError(
	error: unknown,
	codes: ReadonlyMap<string, ErrorCode>,
	otherwise: ErrorCode,
	path: string,
	key?: JobKey,
): ArchiverError {
	const ofDatabase =
		isArchiverError(error) &&
		(error.code === "DATABASE_FAILED" || error.code === "DATABASE_BUSY");
	if (!ofDatabase) return archiveError(otherwise, error, path, key);
	const code = codes.get(sqliteCode(error) ?? "") ?? otherwise;
	const { cluster, jobId, startTime } = key ?? {};
	return new ArchiverError(
		code,
		error.message,
		{ path, ...(key && { cluster, jobId, startTime }) },
		{
			cause: error,
			...(code === otherwise && { retryable: error.retryable }),
		},
	);
}

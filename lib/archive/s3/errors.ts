import { ArchiverError, type ErrorCode } from "../../errors.js";
import type { JobKey } from "../../schema/job.js";
import { archiveError } from "../errors.js";
import { StoreError } from "./store-error.js";

const FULL = new Set([
	"QuotaExceeded",
	"InsufficientStorage",
	"XMinioStorageFull",
	"EntityTooLarge",
]);
const NOT_ALLOWED = new Set([
	"AccessDenied",
	"AllAccessDisabled",
	"MethodNotAllowed",
]);

/** What a failed write means to the caller: ARCHIVE_FULL, ARCHIVE_READ_ONLY or ARCHIVE_WRITE_FAILED, with the key and the job. */
export function writeError(
	error: unknown,
	path: string,
	key?: JobKey,
): ArchiverError {
	if (error instanceof StoreError) {
		if (FULL.has(error.code) || error.status === 507)
			return storeError("ARCHIVE_FULL", error, path, key);
		if (NOT_ALLOWED.has(error.code))
			return storeError("ARCHIVE_READ_ONLY", error, path, key);
	}
	return storeError("ARCHIVE_WRITE_FAILED", error, path, key);
}

/** What a failed read means to the caller: ARCHIVE_UNREADABLE with the key and the job, or what the codec found, with these added. */
export function readError(
	error: unknown,
	path: string,
	key?: JobKey,
): ArchiverError {
	return storeError("ARCHIVE_UNREADABLE", error, path, key);
}

function storeError(
	code: ErrorCode,
	error: unknown,
	path: string,
	key?: JobKey,
): ArchiverError {
	const said = archiveError(code, error, path, key);
	// A bucket that is not there, or credentials that do not hold, do not come right by themselves.
	const isPermanent =
		error instanceof StoreError &&
		!error.isPassing &&
		code !== "ARCHIVE_FULL" &&
		code !== "ARCHIVE_READ_ONLY";
	if (!isPermanent) return said;
	return new ArchiverError(said.code, said.message, said.details, {
		cause: error,
		retryable: false,
	});
}

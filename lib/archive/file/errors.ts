import type { ArchiverError } from "../../errors.js";
import type { JobKey } from "../../schema/job.js";
import { archiveError } from "../errors.js";
import { systemCode } from "./file-system.js";

export { clusterUnknown, corruptFile, jobUnknown } from "../errors.js";

const FULL = new Set(["ENOSPC", "EDQUOT"]);
const NOT_ALLOWED = new Set(["EROFS", "EACCES", "EPERM"]);

/** What a failed write means to the caller: ARCHIVE_FULL, ARCHIVE_READ_ONLY or ARCHIVE_WRITE_FAILED, with the path and the job. */
export function writeError(
	error: unknown,
	path: string,
	key?: JobKey,
): ArchiverError {
	const code = systemCode(error) ?? "";
	if (FULL.has(code)) return archiveError("ARCHIVE_FULL", error, path, key);
	if (NOT_ALLOWED.has(code))
		return archiveError("ARCHIVE_READ_ONLY", error, path, key);
	return archiveError("ARCHIVE_WRITE_FAILED", error, path, key);
}

/** What a failed read means to the caller: ARCHIVE_UNREADABLE with the path and the job, or what the codec found, with these added. */
export function readError(
	error: unknown,
	path: string,
	key?: JobKey,
): ArchiverError {
	return archiveError("ARCHIVE_UNREADABLE", error, path, key);
}

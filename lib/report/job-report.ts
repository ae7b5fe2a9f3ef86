import type { Archive } from "../archive/archive.js";
import { replaceFile } from "../archive/file/replace-file.js";
import type { WorkerPool } from "../dispatch/pool.js";
import { toArchiverError } from "../errors.js";
import { refuseExisting } from "../export/refuse-existing.js";
import type { JobKey } from "../schema/job.js";

export interface ReportOptions {
	/** One of its threads decodes the job and makes the page. */
	pool: Pick<WorkerPool, "run">;
}

/**
 * An HTML page about one job: its facts, statistics, completeness, and every metric over time. It stands for itself: nothing
 * is loaded when it is opened, and its policy forbids it to. Names in it are shown as they are, and never obeyed.
 *
 * @returns the page as UTF-8.
 * @throws ArchiverError JOB_UNKNOWN, DATA_CORRUPT, ARCHIVE_UNREADABLE, and what a pool rejects with
 */
export async function renderJobReport(
	archive: Pick<Archive, "loadJobMeta" | "loadStoredData">,
	key: JobKey,
	{ pool }: ReportOptions,
): Promise<Uint8Array<ArrayBuffer>> {
	const job = await archive.loadJobMeta(key);
	const { bytes, encoding } = await archive.loadStoredData(key);
	return pool.run(
		{ kind: "report", job, encoding, bytes },
		{ transfer: [bytes.buffer] },
	);
}

/**
 * Writes a job's page to a file, which takes its name once it is whole and on disk.
 *
 * @throws ArchiverError as {@link renderJobReport}; INVALID_OPTION (the file is there and `force` is not set), EXPORT_FAILED
 */
export async function writeJobReport(
	archive: Pick<Archive, "loadJobMeta" | "loadStoredData">,
	key: JobKey,
	path: string,
	{ force, ...options }: ReportOptions & { force?: boolean },
): Promise<void> {
	if (!force) await refuseExisting(path);
	const page = await renderJobReport(archive, key, options);
	try {
		await replaceFile(path, (file) => file.write(page));
	} catch (error) {
		throw toArchiverError(error, "EXPORT_FAILED", { path });
	}
}

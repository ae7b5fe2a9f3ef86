import type { Archive, StoredData } from "../archive/archive.js";
import { dataFactsOf } from "../archive/data-facts.js";
import type { WorkerPool } from "../dispatch/pool.js";
import { isArchiverError } from "../errors.js";
import type { Job, JobKey } from "../schema/job.js";

/** A job as an archive holds it. */
export interface PresentJob {
	job: Job;
	stored: StoredData;
}

/** What an archive holds of a job; undefined when it is not there, or lacks its meta or its data. */
export async function loadPresent(
	archive: Pick<Archive, "loadJobMeta" | "loadStoredData">,
	key: JobKey,
): Promise<PresentJob | undefined> {
	try {
		const job = await archive.loadJobMeta(key);
		return { job, stored: await archive.loadStoredData(key) };
	} catch (error) {
		const isAbsent =
			isArchiverError(error) &&
			(error.code === "DATA_CORRUPT" || error.code === "JOB_UNKNOWN");
		if (isAbsent) return undefined;
		throw error;
	}
}

/** Whether every byte of a job's data checks out, and its meta is of this version of them. The pool takes the bytes. */
export async function isSound(
	{ job, stored: { bytes, encoding } }: PresentJob,
	pool: Pick<WorkerPool, "run">,
): Promise<boolean> {
	const { dataId } = await pool.run(
		{ kind: "verify", bytes, encoding },
		{ transfer: [bytes.buffer] },
	);
	if (dataId === undefined) return false;
	return (dataFactsOf(job)?.dataId ?? dataId) === dataId;
}

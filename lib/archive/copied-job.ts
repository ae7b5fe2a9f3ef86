import { ArchiverError } from "../errors.js";
import { formatJobKey, type Job, type JobKey } from "../schema/job.js";
import { serializeJob } from "../schema/job-json.js";
import type { Archive, StoredData } from "./archive.js";

/** A job that was copied from one archive to another as it is stored. */
export interface CopiedJob {
	job: Job;
	stored: StoredData;
}

/**
 * Reads the copy of a job back: it has to be the job, to the byte.
 *
 * @throws ArchiverError DATA_CORRUPT when it is not, and why it cannot be read
 */
export async function expectCopy(
	{ job, stored }: CopiedJob,
	target: Pick<Archive, "loadJobMeta" | "loadStoredData">,
): Promise<void> {
	const copy = await target.loadStoredData(job);
	const copiedMeta = await target.loadJobMeta(job);
	const isRight =
		copy.encoding === stored.encoding &&
		Buffer.compare(copy.bytes, stored.bytes) === 0 &&
		isMetaOf(copiedMeta, job);
	if (!isRight)
		throw new ArchiverError(
			"DATA_CORRUPT",
			`${copy.path}: the copy of job ${formatJobKey(job)} is not what was copied`,
			{ ...keyOf(job), path: copy.path },
		);
}

/** @throws ArchiverError ARCHIVE_WRITE_FAILED when a job is no longer what was copied of it */
export async function expectUnchanged(
	{ job }: Pick<CopiedJob, "job">,
	source: Pick<Archive, "loadJobMeta">,
): Promise<void> {
	const meta = await source.loadJobMeta(job);
	if (serializeJob(meta) !== serializeJob(job))
		throw new ArchiverError(
			"ARCHIVE_WRITE_FAILED",
			`job ${formatJobKey(job)} was changed while it was moved; both versions stay`,
			keyOf(job),
		);
}

/** Whether a meta is that of a copy: the same, but for tags that the target's earlier version had, which follow its own. */
function isMetaOf(copy: Job, job: Job): boolean {
	const tags = copy.tags.slice(0, job.tags.length);
	return serializeJob({ ...copy, tags }) === serializeJob(job);
}

function keyOf({ cluster, jobId, startTime }: JobKey): JobKey {
	return { cluster, jobId, startTime };
}

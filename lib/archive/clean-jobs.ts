import type { JobKey } from "../schema/job.js";
import type { Archive, CleanOptions, CleanResult } from "./archive.js";

/** Jobs removed together. */
const GROUP_JOBS = 256;

/**
 * `Archive.clean` for any archive that can list its keys.
 *
 * @param keys - Of all jobs, half-removed ones included. Jobs are removed while it goes on.
 */
export async function cleanJobs(
	archive: Pick<Archive, "remove">,
	keys: AsyncIterable<JobKey>,
	{ cluster, before, after }: CleanOptions,
): Promise<CleanResult> {
	const result: CleanResult = { removed: 0, failed: [] };
	let group: JobKey[] = [];
	for await (const key of keys) {
		if (cluster !== undefined && key.cluster !== cluster) continue;
		const { startTime } = key;
		const goes =
			(before !== undefined && startTime < before) ||
			(after !== undefined && startTime > after);
		if (!goes) continue;
		group.push(key);
		if (group.length < GROUP_JOBS) continue;
		await removeGroup(archive, group, result);
		group = [];
	}
	await removeGroup(archive, group, result);
	return result;
}

async function removeGroup(
	archive: Pick<Archive, "remove">,
	keys: readonly JobKey[],
	result: CleanResult,
): Promise<void> {
	const errors = await archive.remove(keys);
	for (const [i, key] of keys.entries()) {
		const error = errors[i];
		if (error === undefined) result.removed++;
		// Somebody else has removed it.
		else if (error.code !== "JOB_UNKNOWN") result.failed.push({ key, error });
	}
}

import type { ArchiverError } from "../../errors.js";
import { formatJobKey, type JobKey } from "../../schema/job.js";
import { jobUnknown } from "../errors.js";
import { jobFolder, META_FILE } from "../layout.js";
import { writeError } from "./errors.js";
import { inParallel } from "./in-parallel.js";
import { dataKindOf } from "./job-objects.js";
import { jobObjects } from "./keys.js";
import type { ObjectStore } from "./object-store.js";
import { isStaged } from "./staged-job.js";

/**
 * See `Archive.remove`. A job's meta goes first: data without a meta are no job, whereas a meta without data would look
 * like damage. What was left of a job counts as one.
 *
 * @param root - What lies before keys in messages.
 */
export async function removeJobs(
	store: ObjectStore,
	root: string,
	keys: readonly JobKey[],
): Promise<(ArchiverError | undefined)[]> {
	const errors: (ArchiverError | undefined)[] = [];
	const places = new Map<string, number>();
	for (const [place, key] of keys.entries()) {
		const name = formatJobKey(key);
		if (places.has(name)) errors[place] = jobUnknown(root, key);
		else places.set(name, place);
	}
	await inParallel(places.values(), async (place) => {
		const key = keys[place];
		try {
			const wasThere = await removeJob(store, key);
			errors[place] = wasThere ? undefined : jobUnknown(root, key);
		} catch (error) {
			errors[place] = writeError(error, root + jobFolder(key), key);
		}
	});
	return errors;
}

/** @returns whether there was anything. */
async function removeJob(store: ObjectStore, key: JobKey): Promise<boolean> {
	const { objects } = await jobObjects(store, key);
	const names = [...objects.keys()];
	const meta = names.filter((name) => name === META_FILE);
	const data = names.filter(
		(name) => dataKindOf(name) !== undefined && !isStaged(name),
	);
	for (const name of [...meta, ...data])
		await store.delete(`${jobFolder(key)}/${name}`);
	return meta.length + data.length > 0;
}

import type { JobKey } from "../../schema/job.js";
import { serializeJob } from "../../schema/job-json.js";
import { assertJobKey } from "../../schema/names.js";
import { DATA_FILES, dataFileName, jobFolder } from "../layout.js";
import { inParallel } from "./in-parallel.js";
import { dataAmong, dataKindOf, isOwnDataName } from "./job-objects.js";
import { jobObjects } from "./keys.js";
import type { ObjectStore } from "./object-store.js";
import { type JobReader, metaKeyOf } from "./read.js";
import { isStaged } from "./staged-job.js";
import { isMissing } from "./store-error.js";

/**
 * At the root: the jobs of the last commit that had something to clean up, so that whoever comes after a crash need not
 * look for it in the whole archive.
 */
export const JOURNAL = "hpc-job-archiver.journal";

/** @throws StoreError */
export async function writeJournal(
	store: ObjectStore,
	keys: readonly JobKey[],
): Promise<void> {
	await store.put(JOURNAL, Buffer.from(`${JSON.stringify(keys)}\n`));
}

/** @throws StoreError */
export async function removeJournal(store: ObjectStore): Promise<void> {
	await store.delete(JOURNAL, { once: true });
}

/**
 * Ends the commit that a dead process was in the middle of, as far as readers saw it, and removes what it left.
 *
 * @throws StoreError
 */
export async function finishCommit(
	store: ObjectStore,
	reader: JobReader,
): Promise<void> {
	await inParallel(await readJournal(store), (key) =>
		finishJob(store, reader, key),
	);
}

async function readJournal(store: ObjectStore): Promise<JobKey[]> {
	try {
		const { bytes } = await store.get(JOURNAL);
		const keys = JSON.parse(Buffer.from(bytes).toString()) as JobKey[];
		for (const key of keys) assertJobKey(key);
		return keys;
	} catch (error) {
		if (isMissing(error) || !(error instanceof Error)) return [];
		// Somebody else's text is nothing to go by.
		if (error.name !== "StoreError") return [];
		throw error;
	}
}

async function finishJob(
	store: ObjectStore,
	reader: JobReader,
	key: JobKey,
): Promise<void> {
	const folder = `${jobFolder(key)}/`;
	const { objects } = await jobObjects(store, key);
	const names = [...objects.keys()];
	const meta = await reader.findMeta(key);
	const kind = meta?.dataName && dataKindOf(meta.dataName);
	let kept = meta && (meta.dataName ?? dataAmong(names));
	// The data were to lie where ClusterCockpit looks for them.
	if (meta?.job && meta.dataName && kind && kind.encoding !== "columnar") {
		kept = dataFileName(kind.encoding);
		await store.copy(folder + meta.dataName, folder + kept);
		await store.put(metaKeyOf(key), Buffer.from(serializeJob(meta.job)), meta);
		for (const { name } of DATA_FILES)
			if (name !== kept && names.includes(name))
				await store.delete(folder + name);
	}
	for (const name of names)
		if (isOwnDataName(name) && name !== kept && !isStaged(name))
			await store.delete(folder + name);
}

import { type ArchiverError, toArchiverError } from "../errors.js";
import type { JobKey } from "../schema/job.js";
import type { Archive } from "./archive.js";
import { dataFactsOf } from "./data-facts.js";
import { stageJob } from "./import-job.js";

/** `Archive.compress` for any archive: one job after the other, encoded on the calling thread. */
export async function compressJobs(
	archive: Archive,
	keys: readonly JobKey[],
): Promise<(ArchiverError | undefined)[]> {
	const errors: (ArchiverError | undefined)[] = [];
	for (const key of keys) {
		try {
			errors.push(await compressJob(archive, key));
		} catch (error) {
			errors.push(toArchiverError(error, "ARCHIVE_WRITE_FAILED"));
		}
	}
	return errors;
}

async function compressJob(
	archive: Archive,
	key: JobKey,
): Promise<ArchiverError | undefined> {
	const job = await archive.loadJobMeta(key);
	const { bytes } = await archive.loadStoredData(key);
	const data = await archive.loadJobData(key);
	const staged = await stageJob(archive, job, data, {
		format: "columnar",
		compression: "small",
		facts: dataFactsOf(job),
	});
	if (staged.dataBytes >= bytes.byteLength) {
		await staged.discard();
		return undefined;
	}
	const [error] = await archive.commit([staged]);
	return error;
}

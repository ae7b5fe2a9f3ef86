import { ArchiverError, toArchiverError } from "../errors.js";
import type { Job, JobKey } from "../schema/job.js";
import type { JobData } from "../schema/metric.js";
import type { IterateOptions } from "./archive.js";

/** What iteration asks of the archive that it walks. */
interface JobLoader {
	loadJobMeta(key: JobKey): Promise<Job>;
	loadJobData(key: JobKey): Promise<JobData>;
}

type Found =
	| { key: JobKey; job: Job; data?: JobData }
	| { key: JobKey; error: ArchiverError };

/** `Archive.iterate` for any archive that can list its keys. A job that is removed meanwhile is passed over. */
export async function* iterateJobs(
	keys: AsyncIterable<JobKey>,
	loader: JobLoader,
	{ loadMetricData, halfRemoved, signal }: IterateOptions,
): AsyncGenerator<Found> {
	for await (const key of keys) {
		if (signal?.aborted) throw aborted(signal);
		try {
			const job = await loader.loadJobMeta(key);
			yield loadMetricData
				? { key, job, data: await loader.loadJobData(key) }
				: { key, job };
		} catch (cause) {
			const error = toArchiverError(cause, "ARCHIVE_UNREADABLE");
			if (halfRemoved || error.code !== "JOB_UNKNOWN") yield { key, error };
		}
	}
}

function aborted(signal: AbortSignal): ArchiverError {
	return new ArchiverError(
		"ABORTED",
		"iteration was aborted",
		{},
		{ cause: signal.reason },
	);
}

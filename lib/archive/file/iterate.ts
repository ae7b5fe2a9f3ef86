import { join } from "node:path";
import { ArchiverError, toArchiverError } from "../../errors.js";
import type { Job, JobKey } from "../../schema/job.js";
import type { JobData } from "../../schema/metric.js";
import { assertClusterName, isClusterName } from "../../schema/names.js";
import type { IterateOptions } from "../archive.js";
import { jobIdOf, numberOfFolder } from "../layout.js";
import { readError } from "./errors.js";
import { type FileSystem, isMissing } from "./file-system.js";

/** What iteration asks of the archive that it walks. */
export interface JobLoader {
	loadJobMeta(key: JobKey): Promise<Job>;
	loadJobData(key: JobKey): Promise<JobData>;
}

type Found =
	| { key: JobKey; job: Job; data?: JobData }
	| { key: JobKey; error: ArchiverError };

/** See `Archive.iterate`. A job that is removed meanwhile is passed over. */
export async function* iterateJobs(
	fileSystem: FileSystem,
	root: string,
	loader: JobLoader,
	options: IterateOptions,
): AsyncGenerator<Found> {
	for await (const key of iterateKeys(fileSystem, root, options)) {
		if (options.signal?.aborted) throw aborted(options.signal);
		try {
			const job = await loader.loadJobMeta(key);
			yield options.loadMetricData
				? { key, job, data: await loader.loadJobData(key) }
				: { key, job };
		} catch (cause) {
			const error = toArchiverError(cause, "ARCHIVE_UNREADABLE");
			if (error.code !== "JOB_UNKNOWN") yield { key, error };
		}
	}
}

/** The keys of all folders that can hold a job, by cluster, job id and start time. Other files and folders are ignored. */
export async function* iterateKeys(
	fileSystem: FileSystem,
	root: string,
	{
		cluster,
		jobId: only,
		from = 0,
		to = Number.POSITIVE_INFINITY,
	}: IterateOptions = {},
): AsyncGenerator<JobKey> {
	if (cluster !== undefined) assertClusterName(cluster);
	const clusters =
		cluster === undefined
			? (await folderNames(fileSystem, root)).filter(isClusterName).sort()
			: [cluster];
	for (const name of clusters) {
		const folder = join(root, name);
		for (const upper of await numbered(fileSystem, folder, "thousands")) {
			if (
				only !== undefined &&
				(only < jobIdOf(upper.number, 0) ||
					only >= jobIdOf(upper.number + 1, 0))
			)
				continue;
			for (const lower of await numbered(fileSystem, upper.path, "remainder")) {
				const jobId = jobIdOf(upper.number, lower.number);
				if (!Number.isSafeInteger(jobId)) continue;
				if (only !== undefined && jobId !== only) continue;
				for (const start of await numbered(
					fileSystem,
					lower.path,
					"startTime",
				)) {
					if (start.number >= from && start.number < to)
						yield { cluster: name, jobId, startTime: start.number };
				}
			}
		}
	}
}

/** The names of the folders in a folder; none when it is not there. */
export async function folderNames(
	fileSystem: FileSystem,
	path: string,
): Promise<string[]> {
	try {
		const entries = await fileSystem.readdir(path, { withFileTypes: true });
		return entries
			.filter((entry) => entry.isDirectory())
			.map(({ name }) => name);
	} catch (error) {
		if (isMissing(error)) return [];
		throw readError(error, path);
	}
}

async function numbered(
	fileSystem: FileSystem,
	path: string,
	level: Parameters<typeof numberOfFolder>[1],
): Promise<{ number: number; path: string }[]> {
	const folders = [];
	for (const name of await folderNames(fileSystem, path)) {
		const number = numberOfFolder(name, level);
		if (number !== undefined) folders.push({ number, path: join(path, name) });
	}
	return folders.sort((a, b) => a.number - b.number);
}

function aborted(signal: AbortSignal): ArchiverError {
	return new ArchiverError(
		"ABORTED",
		"iteration was aborted",
		{},
		{
			cause: signal.reason,
		},
	);
}

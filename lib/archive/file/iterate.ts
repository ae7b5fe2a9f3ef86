import { join } from "node:path";
import type { JobKey } from "../../schema/job.js";
import { assertClusterName, isClusterName } from "../../schema/names.js";
import type { IterateOptions } from "../archive.js";
import { jobIdOf, numberOfFolder } from "../layout.js";
import { readError } from "./errors.js";
import { type FileSystem, isMissing } from "./file-system.js";

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

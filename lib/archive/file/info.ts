import { join } from "node:path";
import type { JobKey } from "../../schema/job.js";
import { record } from "../../schema/record.js";
import type { ArchiveInfo } from "../archive.js";
import { DATA_FILES, META_FILE } from "../layout.js";
import { readError } from "./errors.js";
import { type FileSystem, isMissing } from "./file-system.js";
import { iterateKeys } from "./iterate.js";
import type { JobReader } from "./read.js";

type ClusterInfo = ArchiveInfo["clusters"][string];

/** Jobs looked at together: the file system is asked for a few of them at a time anyway. */
const BATCH_JOBS = 64;

/** Counts jobs and bytes by cluster from names and sizes alone. Clusters without jobs are there too, with start times of 0. */
export async function archiveInfo(
	fileSystem: FileSystem,
	root: string,
	reader: JobReader,
	clusters: readonly string[],
): Promise<ArchiveInfo> {
	const info: ArchiveInfo = { jobs: 0, clusters: record<ClusterInfo>() };
	for (const cluster of clusters) info.clusters[cluster] = emptyInfo();
	let batch: Promise<void>[] = [];
	for await (const key of iterateKeys(fileSystem, root)) {
		batch.push(countJob(fileSystem, reader, key, info));
		if (batch.length === BATCH_JOBS) {
			await Promise.all(batch);
			batch = [];
		}
	}
	await Promise.all(batch);
	return info;
}

async function countJob(
	fileSystem: FileSystem,
	reader: JobReader,
	key: JobKey,
	info: ArchiveInfo,
): Promise<void> {
	const names = await reader.names(key);
	const kind = DATA_FILES.find(({ name }) => names.has(name));
	if (kind === undefined || !names.has(META_FILE)) return;
	const folder = reader.folderOf(key);
	const sizes = await Promise.all(
		[META_FILE, kind.name].map((name) =>
			fileSize(fileSystem, join(folder, name)),
		),
	);
	info.clusters[key.cluster] ??= emptyInfo();
	const cluster = info.clusters[key.cluster];
	const first = cluster.jobs === 0;
	info.jobs++;
	cluster.jobs++;
	cluster.bytes += sizes[0] + sizes[1];
	cluster.formats[kind.format]++;
	cluster.firstStartTime = first
		? key.startTime
		: Math.min(cluster.firstStartTime, key.startTime);
	cluster.lastStartTime = Math.max(cluster.lastStartTime, key.startTime);
}

function emptyInfo(): ClusterInfo {
	return {
		jobs: 0,
		firstStartTime: 0,
		lastStartTime: 0,
		bytes: 0,
		formats: { columnar: 0, json: 0 },
	};
}

/** A file that is replaced or removed meanwhile counts as empty. */
async function fileSize(fileSystem: FileSystem, path: string): Promise<number> {
	try {
		return (await fileSystem.stat(path)).size;
	} catch (error) {
		if (isMissing(error)) return 0;
		throw readError(error, path);
	}
}

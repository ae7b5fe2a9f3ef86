import { record } from "../../schema/record.js";
import type { ArchiveInfo } from "../archive.js";
import { META_FILE } from "../layout.js";
import { dataAmong, dataKindOf } from "./job-objects.js";
import { iterateFolders, type JobObjects } from "./keys.js";
import type { ObjectStore } from "./object-store.js";

type ClusterInfo = ArchiveInfo["clusters"][string];

/**
 * Counts jobs and bytes by cluster from names and sizes alone. Clusters without jobs are there too, with start times of 0.
 * Data that a killed archiver has left beside a job's are taken for them when they are in the format that comes first.
 */
export async function archiveInfo(
	store: ObjectStore,
	clusters: readonly string[],
): Promise<ArchiveInfo> {
	const info: ArchiveInfo = { jobs: 0, clusters: record<ClusterInfo>() };
	for (const cluster of clusters) info.clusters[cluster] = emptyInfo();
	for await (const folder of iterateFolders(store)) countJob(folder, info);
	return info;
}

function countJob({ key, objects }: JobObjects, info: ArchiveInfo): void {
	const name = dataAmong([...objects.keys()]);
	const data = name === undefined ? undefined : objects.get(name);
	const kind = name === undefined ? undefined : dataKindOf(name);
	const meta = objects.get(META_FILE);
	if (data === undefined || kind === undefined || meta === undefined) return;
	const { cluster: clusterName, startTime } = key;
	info.clusters[clusterName] ??= emptyInfo();
	const cluster = info.clusters[clusterName];
	const isFirst = cluster.jobs === 0;
	info.jobs++;
	cluster.jobs++;
	cluster.bytes += meta.byteLength + data.byteLength;
	cluster.formats[kind.format]++;
	cluster.firstStartTime = isFirst
		? startTime
		: Math.min(cluster.firstStartTime, startTime);
	cluster.lastStartTime = Math.max(cluster.lastStartTime, startTime);
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

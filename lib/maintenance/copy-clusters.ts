import type { Archive } from "../archive/archive.js";
import { isArchiverError, toArchiverError } from "../errors.js";
import { failureOf, type JobFailure } from "./walk-jobs.js";

/**
 * Stores the configurations of a source's clusters in a target. A cluster that the target knows keeps the configuration it
 * has there, which may have been edited since.
 *
 * @param only - This cluster alone; absent: all.
 * @returns what could not be copied.
 */
export async function copyClusters(
	source: Archive,
	target: Archive,
	only?: string,
): Promise<JobFailure[]> {
	const failed: JobFailure[] = [];
	for (const cluster of await source.clusters()) {
		if (only !== undefined && cluster !== only) continue;
		try {
			if (await hasCluster(target, cluster)) continue;
			const config = await source.loadClusterConfig(cluster);
			await target.storeClusterConfig(cluster, config);
		} catch (error) {
			const failure = toArchiverError(error, "ARCHIVE_UNREADABLE");
			failed.push(failureOf({ cluster }, failure));
		}
	}
	return failed;
}

async function hasCluster(archive: Archive, name: string): Promise<boolean> {
	try {
		await archive.loadClusterConfig(name);
		return true;
	} catch (error) {
		if (isArchiverError(error) && error.code === "CLUSTER_UNKNOWN")
			return false;
		throw error;
	}
}

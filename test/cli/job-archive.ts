import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { openArchive, SqliteJobRepository } from "../../lib/index.js";
import type { Job } from "../../lib/schema/job.js";
import { withDatabase } from "../support/job-database.js";
import { testCluster } from "../support/jobs.js";

/** A new job database with these jobs in it, finished and not archived. */
export async function makeJobDatabase(
	path: string,
	jobs: readonly Job[],
): Promise<void> {
	const repository = await SqliteJobRepository.open(path, { fsync: false });
	await repository.registerJobs(jobs);
	await repository.close();
}

/** Makes an archive that holds the test cluster's configuration and no job. */
export async function makeClusterArchive(path: string): Promise<void> {
	const archive = await openArchive(`file:${path}`, { fsync: false });
	await archive.storeClusterConfig("testcluster", testCluster());
	await archive.close();
}

/** How many jobs of a database have each monitoring status, the statuses that none has left out. */
export async function statusesIn(
	path: string,
): Promise<Record<number, number>> {
	const rows = await withDatabase(path, (database) =>
		database.all<{ status: number; jobs: number }>(
			"SELECT monitoring_status AS status, count(*) AS jobs FROM job GROUP BY 1",
		),
	);
	return Object.fromEntries(rows.map(({ status, jobs }) => [status, jobs]));
}

/** Names of hidden files at an archive's root: what a job that came to nothing could have left behind. */
export async function leftoversIn(archive: string): Promise<string[]> {
	return (await readdir(archive)).filter((name) => name.startsWith("."));
}

/** Path of a job's folder in an archive. */
export function jobFolder(archive: string, job: Job): string {
	return join(
		archive,
		job.cluster,
		String(Math.floor(job.jobId / 1000)),
		String(job.jobId % 1000).padStart(3, "0"),
		String(job.startTime),
	);
}

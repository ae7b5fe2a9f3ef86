import type { JobKey } from "../../schema/job.js";
import { assertClusterName, isClusterName } from "../../schema/names.js";
import type { SqlValue, Statements } from "../../sqlite/connection.js";
import type { IterateOptions } from "../archive.js";

/** Keys asked for at once. A job that comes to be among those of a page that was read already is passed over. */
const PAGE_JOBS = 256;

/** The keys of all jobs, by cluster, job id and start time. Goes on from the last key, so jobs may come and go meanwhile. */
export async function* iterateKeys(
	statements: Pick<Statements, "all">,
	{ cluster, jobId, from, to }: IterateOptions = {},
): AsyncGenerator<JobKey> {
	if (cluster !== undefined) assertClusterName(cluster);
	const wanted: [condition: string, value: SqlValue | undefined][] = [
		["cluster = ?", cluster],
		["job_id = ?", jobId],
		["start_time >= ?", from],
		["start_time < ?", to],
	];
	const given = wanted.filter(([, value]) => value !== undefined);
	const sql = `
		SELECT cluster, job_id AS jobId, start_time AS startTime FROM jobs
		WHERE ${[...given.map(([condition]) => condition), "(cluster, job_id, start_time) > (?, ?, ?)"].join(" AND ")}
		ORDER BY cluster, job_id, start_time LIMIT ${PAGE_JOBS}
	`;
	const values = given.map(([, value]) => value as SqlValue);
	let last: JobKey = { cluster: "", jobId: -1, startTime: -1 };
	for (;;) {
		const page = await statements.all<JobKey>(sql, [
			...values,
			last.cluster,
			last.jobId,
			last.startTime,
		]);
		if (page.length === 0) return;
		for (const key of page) if (isClusterName(key.cluster)) yield key;
		last = page[page.length - 1];
	}
}

import { type Job, type JobKey, MONITORING_STATUS } from "../schema/job.js";
import type { SqlValue, Statements } from "../sqlite/connection.js";
import { Filter, limitOf, rowIdOf } from "./filter.js";
import type { FailedJob, JobQuery, KeyQuery } from "./repository.js";
import {
	type FailureRow,
	failureFromRow,
	type JobRow,
	jobFromRow,
	jobSelection,
} from "./rows.js";
import { STATE_TABLE } from "./schema.sql.js";
import type { StopOrder } from "./stop-order.js";

/** Picks one job out of `job`, `job_cache` or our own table; its parameters are {@link keyValues}. */
export const KEY_CONDITION = "cluster = ? AND job_id = ? AND start_time = ?";

type Reader = Pick<Statements, "all">;

export function keyValues({ cluster, jobId, startTime }: JobKey): SqlValue[] {
	return [cluster, jobId, startTime];
}

/** Looks in both tables with one statement: two would miss a job on its way from `job_cache` to `job`. */
export async function findJob(
	reader: Reader,
	key: JobKey,
): Promise<Job | undefined> {
	const [row] = await reader.all<JobRow>(
		`SELECT ${jobSelection("job")} FROM job WHERE ${KEY_CONDITION}
		UNION ALL
		SELECT ${jobSelection("job_cache")} FROM job_cache WHERE ${KEY_CONDITION}
		LIMIT 1`,
		[...keyValues(key), ...keyValues(key)],
	);
	return row && jobFromRow(row);
}

export async function findPending(
	reader: Reader,
	order: StopOrder,
	query: JobQuery,
): Promise<Job[]> {
	const { sql, values } = await order.page(
		MONITORING_STATUS.runningOrArchiving,
		query,
	);
	const rows = await reader.all<JobRow>(
		`SELECT ${jobSelection("job")}
		FROM (${sql}) AS page JOIN job ON job.id = page.id
		ORDER BY page.stop_time, page.id`,
		values,
	);
	return rows.map(jobFromRow);
}

export async function findFailed(
	reader: Reader,
	order: StopOrder,
	query: JobQuery,
	hasOurTables: boolean,
): Promise<FailedJob[]> {
	const { sql, values } = await order.page(
		MONITORING_STATUS.archivingFailed,
		query,
	);
	const rows = await reader.all<JobRow & FailureRow>(
		hasOurTables
			? `SELECT ${jobSelection("job")}, code, message, attempts, failed_at
			FROM (${sql}) AS page JOIN job ON job.id = page.id
			LEFT JOIN ${STATE_TABLE} AS state ON state.cluster = job.cluster
				AND state.job_id = job.job_id AND state.start_time = job.start_time
			ORDER BY page.stop_time, page.id`
			: `SELECT ${jobSelection("job")}, NULL AS code, NULL AS message, NULL AS attempts, NULL AS failed_at
			FROM (${sql}) AS page JOIN job ON job.id = page.id
			ORDER BY page.stop_time, page.id`,
		values,
	);
	return rows.map((row) => {
		const failure = failureFromRow(row);
		return failure ? { ...jobFromRow(row), failure } : jobFromRow(row);
	});
}

/** By row id, and NOT INDEXED: an index on the start time would be read and sorted again from its begin for every page. */
export async function findByTime(
	reader: Reader,
	query: JobQuery & { from?: number; to?: number },
): Promise<Job[]> {
	const filter = new Filter();
	if (query.cluster !== undefined) filter.add("cluster = ?", query.cluster);
	if (query.from !== undefined) filter.add("start_time >= ?", query.from);
	if (query.to !== undefined) filter.add("start_time < ?", query.to);
	if (query.after !== undefined) filter.add("id > ?", rowIdOf(query.after));
	const rows = await reader.all<JobRow>(
		`SELECT ${jobSelection("job")} FROM job NOT INDEXED
		${filter.where()} ORDER BY id LIMIT ?`,
		[...filter.values, limitOf(query)],
	);
	return rows.map(jobFromRow);
}

/** Written so that SQLite follows the index of the key, which begins with the job id, and sorts nothing. */
export async function findByKey(
	reader: Reader,
	{ cluster, after, limit }: KeyQuery,
): Promise<Job[]> {
	const rows = await reader.all<JobRow>(
		`SELECT ${jobSelection("job")} FROM job
		WHERE +cluster = ? AND job_id >= ? AND (job_id, start_time) > (?, ?)
		ORDER BY job_id, cluster, start_time LIMIT ?`,
		[
			cluster,
			after?.jobId ?? 0,
			after?.jobId ?? -1,
			after?.startTime ?? -1,
			limitOf({ limit }),
		],
	);
	return rows.map(jobFromRow);
}

export async function clusterNames(reader: Reader): Promise<string[]> {
	const rows = await reader.all<{ cluster: string }>(
		"SELECT DISTINCT cluster FROM job ORDER BY cluster",
	);
	return rows.map(({ cluster }) => cluster);
}

export async function countByStatus(
	reader: Reader,
): Promise<Record<0 | 1 | 2 | 3, number>> {
	const counts = { 0: 0, 1: 0, 2: 0, 3: 0 };
	const rows = await reader.all<{ status: 0 | 1 | 2 | 3; jobs: number }>(
		`SELECT monitoring_status AS status, count(*) AS jobs FROM job GROUP BY monitoring_status
		UNION ALL
		SELECT monitoring_status, count(*) FROM job_cache GROUP BY monitoring_status`,
	);
	for (const { status, jobs } of rows) counts[status] += jobs;
	return counts;
}

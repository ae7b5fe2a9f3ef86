import {
	ACTIVE_JOB_STATES,
	formatJobKey,
	type JobKey,
	MONITORING_STATUS,
} from "../schema/job.js";
import type { Connection, Statements } from "../sqlite/connection.js";
import { keyValues } from "./find.js";
import type { RemovedRows } from "./repository.js";
import { STATE_TABLE, UNTOLD_TABLE } from "./schema.sql.js";

/** Jobs in one transaction: others who write wait no longer than for these. */
const GROUP_JOBS = 200;

/** Rows of the keys given, found by the index of the key. */
const rowsOf = (table: "job" | "job_cache") =>
	`json_each(?1) CROSS JOIN ${table} ON ${table}.job_id = value ->> 1
		AND ${table}.cluster = value ->> 0 AND ${table}.start_time = value ->> 2`;

const ACTIVE = ACTIVE_JOB_STATES.map((state) => `'${state}'`).join(", ");

const FIND_UNFINISHED = `
	SELECT cluster, job_id AS jobId, start_time AS startTime FROM ${rowsOf("job")}
	WHERE job_state IN (${ACTIVE}) OR monitoring_status = ${MONITORING_STATUS.runningOrArchiving}
	UNION ALL
	SELECT cluster, job_id, start_time FROM ${rowsOf("job_cache")}`;

/** Not by a cascade: foreign keys are only heeded by connections that ask for it. */
const REMOVE_TAGS = `DELETE FROM jobtag WHERE job_id IN (SELECT job.id FROM ${rowsOf("job")})`;
const REMOVE_JOBS = `DELETE FROM job WHERE id IN (SELECT job.id FROM ${rowsOf("job")})`;
const FORGET = [STATE_TABLE, UNTOLD_TABLE].map(
	(table) => `
	DELETE FROM ${table} WHERE (cluster, job_id, start_time) IN (
		SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1)
	)`,
);

/** See `JobRepository.removeJobs`. */
export async function removeJobs(
	writer: Connection,
	keys: readonly JobKey[],
): Promise<RemovedRows> {
	const result: RemovedRows = { removed: 0, kept: [] };
	for (let at = 0; at < keys.length; at += GROUP_JOBS) {
		const group = keys.slice(at, at + GROUP_JOBS);
		const { removed, kept } = await writer.transaction((statements) =>
			removeGroup(statements, group),
		);
		result.removed += removed;
		result.kept.push(...kept);
	}
	return result;
}

async function removeGroup(
	statements: Statements,
	keys: readonly JobKey[],
): Promise<RemovedRows> {
	const kept = await statements.all<JobKey>(FIND_UNFINISHED, [listOf(keys)]);
	const keptKeys = new Set(kept.map(formatJobKey));
	const list = listOf(keys.filter((key) => !keptKeys.has(formatJobKey(key))));
	for (const sql of [REMOVE_TAGS, ...FORGET]) await statements.run(sql, [list]);
	const { changes } = await statements.run(REMOVE_JOBS, [list]);
	return { removed: changes, kept };
}

function listOf(keys: readonly JobKey[]): string {
	return JSON.stringify(keys.map(keyValues));
}

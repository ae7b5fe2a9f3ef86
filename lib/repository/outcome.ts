import type { Completeness } from "../schema/completeness.js";
import { type JobKey, MONITORING_STATUS } from "../schema/job.js";
import type { Connection, Statements } from "../sqlite/connection.js";
import { KEY_CONDITION, keyValues } from "./find.js";
import { jobUnknown } from "./job-error.js";
import type { FailureReason } from "./repository.js";
import { type FailureRow, failureFromRow } from "./rows.js";
import { STATE_TABLE } from "./schema.sql.js";

/** Longest message kept, in UTF-16 code units: a message is for a person to read. */
const LONGEST_MESSAGE = 2000;

/** The plus keeps SQLite from going through all archived jobs, by the index of their status. */
const IS_ARCHIVED = `+job.monitoring_status = ${MONITORING_STATUS.archivingSuccessful}`;

const ARCHIVED_BEFORE = `
	SELECT 1 FROM json_each(?) AS again CROSS JOIN job
		ON job.job_id = again.value ->> 1
		AND job.cluster = again.value ->> 0
		AND job.start_time = again.value ->> 2
	WHERE ${IS_ARCHIVED}
	LIMIT 1`;

const REOPEN_JOBS = `
	UPDATE job SET monitoring_status = ${MONITORING_STATUS.runningOrArchiving}
	FROM json_each(?) AS again
	WHERE job.job_id = again.value ->> 1
		AND job.cluster = again.value ->> 0
		AND job.start_time = again.value ->> 2
		AND ${IS_ARCHIVED}`;

const FAIL_JOB = `
	UPDATE job SET monitoring_status = ${MONITORING_STATUS.archivingFailed}
	WHERE ${KEY_CONDITION}`;

const KEEP_FAILURE = `
	INSERT INTO ${STATE_TABLE} (cluster, job_id, start_time, code, message, attempts, failed_at)
	VALUES (?, ?, ?, ?, ?, 1, unixepoch())
	ON CONFLICT DO UPDATE SET
		code = excluded.code, message = excluded.message,
		attempts = attempts + 1, failed_at = excluded.failed_at, completeness = NULL`;

/**
 * Makes those of the jobs pending that are archived. Mostly none is, and then nothing is written nor locked. The writing
 * connection looks, since on the reading one what is asked for new jobs would come first.
 */
export async function reopen(
	writer: Connection,
	jobs: readonly JobKey[],
): Promise<void> {
	const keys = [JSON.stringify(jobs.map(keyValues))];
	const archived = await writer.all(ARCHIVED_BEFORE, keys);
	if (archived.length > 0) await writer.run(REOPEN_JOBS, keys);
}

/** Records a failure with its reason. */
export async function markFailed(
	writer: Connection,
	job: JobKey,
	{ code, message }: FailureReason,
): Promise<void> {
	await writer.transaction(async (statements) => {
		const { changes } = await statements.run(FAIL_JOB, keyValues(job));
		if (changes === 0) throw jobUnknown(job);
		await statements.run(KEEP_FAILURE, [
			...keyValues(job),
			code,
			message.slice(0, LONGEST_MESSAGE),
		]);
	});
}

export async function failureOf(
	reader: Pick<Statements, "all">,
	key: JobKey,
): Promise<FailureReason | undefined> {
	const [row] = await reader.all<FailureRow>(
		`SELECT code, message, attempts, failed_at FROM ${STATE_TABLE} WHERE ${KEY_CONDITION}`,
		keyValues(key),
	);
	return row && failureFromRow(row);
}

export async function completenessOf(
	reader: Pick<Statements, "all">,
	key: JobKey,
): Promise<Completeness | undefined> {
	const [row] = await reader.all<{ completeness: string | null }>(
		`SELECT completeness FROM ${STATE_TABLE} WHERE ${KEY_CONDITION}`,
		keyValues(key),
	);
	// Written by this library, next to ClusterCockpit's tables.
	return row?.completeness ? JSON.parse(row.completeness) : undefined;
}

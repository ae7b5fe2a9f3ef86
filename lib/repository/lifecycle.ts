import { toArchiverError } from "../errors.js";
import { invalidInput } from "../schema/invalid-input.js";
import {
	ACTIVE_JOB_STATES,
	formatJobKey,
	JOB_STATES,
	type Job,
	type JobKey,
	type JobState,
	MONITORING_STATUS,
	type Tag,
} from "../schema/job.js";
import { parseJob, parseNewJob } from "../schema/job-json.js";
import { isCount } from "../schema/shapes.js";
import type { Connection, Statements } from "../sqlite/connection.js";
import { findJob, KEY_CONDITION, keyValues } from "./find.js";
import { jobError, jobUnknown, keyOf } from "./job-error.js";
import type { NewJob } from "./repository.js";
import {
	JOB_COLUMNS,
	newJobValues,
	type OutOfMemorySpelling,
	stateToColumn,
} from "./rows.js";

/** Jobs registered in one transaction: it keeps other writers waiting, and checking its jobs holds up the event loop. */
const JOBS_PER_TRANSACTION = 200;

/** All jobs of a list with one statement: going through libuv's pool and back costs more than a row. */
const INSERT_JOBS = `
	INSERT INTO job (${JOB_COLUMNS.join(", ")})
	SELECT ${JOB_COLUMNS.map((_, index) => `fresh.value ->> ${index}`).join(", ")}
	FROM json_each(?) AS fresh
	WHERE NOT EXISTS (
		SELECT 1 FROM job_cache
		WHERE cluster = fresh.value ->> ${JOB_COLUMNS.indexOf("cluster")}
			AND job_id = fresh.value ->> ${JOB_COLUMNS.indexOf("job_id")}
			AND start_time = fresh.value ->> ${JOB_COLUMNS.indexOf("start_time")}
	)
	ON CONFLICT DO NOTHING
	RETURNING id, cluster, job_id AS jobId, start_time AS startTime`;

/** State and duration come as parameters, in the order of the columns. */
const MOVE_CACHED_JOB = `
	INSERT INTO job (${JOB_COLUMNS.join(", ")})
	SELECT ${JOB_COLUMNS.map((column) => (column === "duration" || column === "job_state" ? "?" : column)).join(", ")}
	FROM job_cache WHERE ${KEY_CONDITION}`;

export async function startJob(
	writer: Connection,
	job: NewJob,
	spelling: OutOfMemorySpelling,
): Promise<Job> {
	const started: Job = {
		...parseNewJob(job),
		jobState: "running",
		duration: 0,
	};
	const { disabled, runningOrArchiving } = MONITORING_STATUS;
	if (started.monitoringStatus > runningOrArchiving)
		throw invalidInput(
			"monitoringStatus",
			`${disabled} or ${runningOrArchiving} for a job that starts`,
			started.monitoringStatus,
		);
	return writer.transaction(async (statements) => {
		const inserted = await insertJobs(statements, [started], spelling);
		if (inserted === 0)
			throw jobError("JOB_EXISTS", started, "is already recorded");
		return recorded(statements, started);
	});
}

export async function stopJob(
	writer: Connection,
	key: JobKey,
	end: { state: JobState; stopTime: number },
	spelling: OutOfMemorySpelling,
): Promise<Job> {
	checkEnd(key, end);
	const duration = end.stopTime - key.startTime;
	return writer.transaction(async (statements) => {
		const job = await recorded(statements, key);
		if (
			!ACTIVE_JOB_STATES.includes(job.jobState) &&
			(job.jobState !== end.state || job.duration !== duration)
		)
			throw jobError(
				"JOB_STOPPED",
				key,
				`stopped at ${job.startTime + job.duration} as ${job.jobState}, which is not the end given now`,
			);
		const change = [duration, stateToColumn(end.state, spelling)];
		if (job.id === undefined) {
			await statements.run(MOVE_CACHED_JOB, [...change, ...keyValues(key)]);
			await statements.run(
				`DELETE FROM job_cache WHERE ${KEY_CONDITION}`,
				keyValues(key),
			);
		} else {
			await statements.run(
				"UPDATE job SET duration = ?, job_state = ? WHERE id = ?",
				[...change, job.id],
			);
		}
		return recorded(statements, key);
	});
}

export async function registerJobs(
	writer: Connection,
	jobs: readonly Job[],
	spelling: OutOfMemorySpelling,
): Promise<number> {
	let inserted = 0;
	for (let from = 0; from < jobs.length; from += JOBS_PER_TRANSACTION) {
		const ended = jobs
			.slice(from, from + JOBS_PER_TRANSACTION)
			.map(parseEndedJob);
		inserted += await writer.transaction((statements) =>
			insertJobs(statements, ended, spelling),
		);
	}
	return inserted;
}

/** The job as recorded. @throws {ArchiverError} JOB_UNKNOWN */
async function recorded(statements: Statements, key: JobKey): Promise<Job> {
	const job = await findJob(statements, key);
	if (job !== undefined) return job;
	throw jobUnknown(key);
}

/** Leaves jobs alone that are there; resolves to how many are new. */
async function insertJobs(
	statements: Statements,
	jobs: readonly Job[],
	spelling: OutOfMemorySpelling,
): Promise<number> {
	const inserted = await statements.all<JobKey & { id: number }>(INSERT_JOBS, [
		JSON.stringify(jobs.map((job) => newJobValues(job, spelling))),
	]);
	const idOf = new Map(inserted.map((row) => [formatJobKey(row), row.id]));
	for (const job of jobs) {
		const id = idOf.get(formatJobKey(job));
		if (id !== undefined) await insertTags(statements, id, job.tags);
	}
	return inserted.length;
}

async function insertTags(
	statements: Statements,
	id: number,
	tags: readonly Tag[],
): Promise<void> {
	for (const { type, name, scope = "global" } of tags) {
		await statements.run(
			"INSERT INTO tag (tag_type, tag_name, tag_scope) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			[type, name, scope],
		);
		await statements.run(
			`INSERT INTO jobtag (job_id, tag_id)
			SELECT ?, id FROM tag WHERE tag_type = ? AND tag_name = ? ON CONFLICT DO NOTHING`,
			[id, type, name],
		);
	}
}

/** As it is recorded: not archived yet, whatever its archive said. Errors name the job. */
function parseEndedJob(value: Job): Job {
	try {
		const job = parseJob(value);
		if (ACTIVE_JOB_STATES.includes(job.jobState))
			throw invalidInput("jobState", "a state that ends a job", job.jobState);
		return { ...job, monitoringStatus: MONITORING_STATUS.runningOrArchiving };
	} catch (error) {
		throw toArchiverError(error, "INVALID_INPUT", keyOf(value));
	}
}

function checkEnd(
	key: JobKey,
	{ state, stopTime }: { state: JobState; stopTime: number },
): void {
	if (!JOB_STATES.includes(state) || ACTIVE_JOB_STATES.includes(state))
		throw invalidInput("state", "a state that ends a job", state).with(
			keyOf(key),
		);
	if (!isCount(stopTime) || stopTime < key.startTime)
		throw invalidInput(
			"stopTime",
			`Unix seconds, not before the start at ${key.startTime}`,
			stopTime,
		).with(keyOf(key));
}

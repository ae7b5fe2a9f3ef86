import { ArchiverError } from "../../errors.js";
import { formatJobKey, type JobKey } from "../../schema/job.js";
import { assertClusterName, isClusterName } from "../../schema/names.js";
import type { Statements } from "../../sqlite/connection.js";
import type { Stray, StrayOptions } from "../archive.js";
import { isHeld } from "./lock.js";
import { SLICE_NUMBER_BITS, TABLES } from "./schema.sql.js";

type Reader = Pick<Statements, "all">;

const OUR_DATA_TABLE = "hpc_job_archiver_data";
const OUR_TABLES = [OUR_DATA_TABLE, "hpc_job_archiver_slice"];
/** Tables whose pages and indexes are checked. Slices hold nearly all bytes of an archive, each under a job's checksums. */
const CHECKED_TABLES = [...TABLES, OUR_DATA_TABLE];
/** Messages about one table. */
const MOST_MESSAGES = 100;
/** Rows of one statement's result; the next one goes on behind them. */
const PAGE_ROWS = 256;
/** Ids of data whose slices are looked at with one statement. */
const DATA_RANGE = 4096;

const TABLE_NAMES = "SELECT name FROM sqlite_schema WHERE type = 'table'";
const CLUSTERS_OF_JOBS = `
	SELECT cluster, EXISTS (SELECT 1 FROM clusters WHERE name = cluster) AS known
	FROM (SELECT DISTINCT cluster FROM jobs) ORDER BY cluster
`;
const CLUSTER_NAMES = "SELECT name FROM clusters ORDER BY name";
const DATA_WITHOUT_JOB = `
	SELECT id, job FROM hpc_job_archiver_data AS data
	WHERE id > ? AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = data.job)
	ORDER BY id LIMIT ${PAGE_ROWS}
`;
const DATA_TWICE = `
	SELECT data.id, cluster, job_id AS jobId, start_time AS startTime
	FROM hpc_job_archiver_data AS data CROSS JOIN jobs ON jobs.id = data.job
	WHERE data.id > ? AND data_json IS NOT NULL
	ORDER BY data.id LIMIT ${PAGE_ROWS}
`;
const LAST_SLICE = "SELECT max(id) AS id FROM hpc_job_archiver_slice";
/** Slices of no data, and those beyond the end of theirs, by the data whose number they bear. */
const SLICES_TOO_MANY = `
	SELECT slice.id >> ${SLICE_NUMBER_BITS} AS id, count(*) AS slices, cluster, job_id AS jobId, start_time AS startTime
	FROM hpc_job_archiver_slice AS slice
	LEFT JOIN hpc_job_archiver_data AS data ON data.id = slice.id >> ${SLICE_NUMBER_BITS}
	LEFT JOIN jobs ON jobs.id = data.job
	WHERE slice.id >= ?1 << ${SLICE_NUMBER_BITS} AND slice.id < ?2 << ${SLICE_NUMBER_BITS}
		AND (data.id IS NULL OR (data.job IS NOT NULL
			AND (slice.id & ((1 << ${SLICE_NUMBER_BITS}) - 1)) * slice_bytes >= byte_length))
	GROUP BY 1 ORDER BY 1
`;

/** See `Archive.strays`. Each statement sees the archive as it is between two transactions, so nothing is half-made. */
export async function* findStrays(
	reader: Reader,
	path: string,
	{ cluster, signal }: StrayOptions,
): AsyncGenerator<Stray> {
	if (cluster !== undefined) assertClusterName(cluster);
	const tables = await tableNames(reader);
	const ours = OUR_TABLES.every((name) => tables.has(name));
	const steps = [
		() => damagedTables(reader, path, tables),
		() => clusters(reader, path),
		...(ours
			? [
					() => dataWithoutJob(reader, path),
					() => dataTwice(reader, path),
					() => slicesTooMany(reader, path),
				]
			: []),
	];
	for (const step of steps)
		for await (const stray of step()) {
			if (signal?.aborted) throw aborted(signal);
			if (cluster === undefined || stray.cluster === cluster) yield stray;
		}
}

async function tableNames(reader: Reader): Promise<Set<string>> {
	const rows = await reader.all<{ name: string }>(TABLE_NAMES);
	return new Set(rows.map(({ name }) => name));
}

/** A row that an index lacks is one that a reader does not find. */
async function* damagedTables(
	reader: Reader,
	path: string,
	tables: ReadonlySet<string>,
): AsyncGenerator<Stray> {
	for (const table of CHECKED_TABLES) {
		if (!tables.has(table)) continue;
		const rows = await reader.all<{ integrity_check: string }>(
			`PRAGMA integrity_check('${table}')`,
		);
		for (const { integrity_check } of rows.slice(0, MOST_MESSAGES))
			if (integrity_check !== "ok")
				yield { code: "STORE_DAMAGED", path, reason: integrity_check };
	}
}

async function* clusters(reader: Reader, path: string): AsyncGenerator<Stray> {
	const configured = await reader.all<{ name: string }>(CLUSTER_NAMES);
	for (const { name } of configured)
		if (!isClusterName(name))
			yield {
				code: "FOREIGN",
				path: `${path}#${name}`,
				reason: "no cluster can have this name",
			};
	const rows = await reader.all<{ cluster: string; known: number }>(
		CLUSTERS_OF_JOBS,
	);
	for (const { cluster, known } of rows)
		if (!isClusterName(cluster))
			yield {
				code: "FOREIGN",
				path: `${path}#${cluster}`,
				reason: "there are jobs of a cluster that cannot have this name",
			};
		else if (!known)
			yield {
				code: "CONFIG_MISSING",
				path: `${path}#${cluster}`,
				cluster,
				reason: "the cluster has no configuration",
			};
}

async function* dataWithoutJob(
	reader: Reader,
	path: string,
): AsyncGenerator<Stray> {
	const isWritten = await isHeld(`${path}-lock`);
	const rows = pages<{ id: number; job: number | null }>(
		reader,
		DATA_WITHOUT_JOB,
	);
	for await (const { id, job } of rows) {
		const place = `${path}#${OUR_DATA_TABLE}/${id}`;
		if (job !== null)
			yield {
				code: "META_MISSING",
				path: place,
				reason: "the data belong to a job that is not there",
			};
		else if (!isWritten && !(await isHeld(`${path}-lock`)))
			yield {
				code: "LEFTOVER",
				path: place,
				reason: "a writer that has ended left it unfinished",
			};
	}
}

async function* dataTwice(reader: Reader, path: string): AsyncGenerator<Stray> {
	const rows = pages<JobKey & { id: number }>(reader, DATA_TWICE);
	for await (const { id, ...key } of rows)
		yield {
			code: "DATA_EXTRA",
			path: `${path}#${OUR_DATA_TABLE}/${id}`,
			...key,
			reason: `the data of job ${formatJobKey(key)} are read from its row`,
		};
}

async function* slicesTooMany(
	reader: Reader,
	path: string,
): AsyncGenerator<Stray> {
	const [{ id: last }] = await reader.all<{ id: number | null }>(LAST_SLICE);
	if (last === null) return;
	const lastData = Math.floor(last / 2 ** SLICE_NUMBER_BITS);
	for (let from = 0; from <= lastData; from += DATA_RANGE) {
		const rows = await reader.all<
			{ id: number; slices: number } & (JobKey | Record<keyof JobKey, null>)
		>(SLICES_TOO_MANY, [from, from + DATA_RANGE]);
		for (const { id, slices, ...key } of rows)
			yield {
				code: "DATA_EXTRA",
				path: `${path}#hpc_job_archiver_slice/${id}`,
				...(key.cluster !== null && key),
				reason: `${slices} slices belong to no data`,
			};
	}
}

/** The rows of a statement that goes on behind an id. */
async function* pages<Row extends { id: number }>(
	reader: Reader,
	sql: string,
): AsyncGenerator<Row> {
	for (let after = -1; ; ) {
		const rows = await reader.all<Row>(sql, [after]);
		yield* rows;
		if (rows.length < PAGE_ROWS) return;
		after = rows[rows.length - 1].id;
	}
}

function aborted(signal: AbortSignal): ArchiverError {
	return new ArchiverError(
		"ABORTED",
		"the search for strays was aborted",
		{},
		{ cause: signal.reason },
	);
}

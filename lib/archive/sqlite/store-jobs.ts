import type { ArchiverError } from "../../errors.js";
import { formatJobKey, type Job, type JobKey } from "../../schema/job.js";
import { serializeJob } from "../../schema/job-json.js";
import type { Statements } from "../../sqlite/connection.js";
import { clusterUnknown } from "../errors.js";
import { withKeptTags } from "../kept-tags.js";
import { BlobBatch } from "./blob-batch.js";
import { parseMeta } from "./read.js";
import {
	readSliced,
	SLICE_BYTES,
	STATEMENT_BYTES,
	sliced,
	storeSlices,
} from "./slices.js";
import type { SealedJob } from "./staged-job.js";

/** All that has to be known beforehand, with one statement: the way there and back costs more than a row. */
const LOOK_AROUND = `
	SELECT 'cluster' AS kind, name AS cluster, NULL AS jobId, NULL AS startTime, NULL AS meta, NULL AS seq
	FROM clusters
	UNION ALL
	SELECT 'job', cluster, job_id, start_time, meta_json, NULL
	FROM json_each(?1) CROSS JOIN jobs
		ON job_id = value ->> 0 AND cluster = value ->> 1 AND start_time = value ->> 2
	UNION ALL
	SELECT 'data', NULL, NULL, NULL, NULL, seq
	FROM sqlite_sequence WHERE name = 'hpc_job_archiver_data'
`;
const STORE_JOBS = `
	INSERT INTO jobs (job_id, cluster, start_time, meta_json, data_json, data_compressed, created_at, updated_at)
	SELECT value ->> 0, value ->> 1, value ->> 2, substr(?2, value ->> 3, value ->> 4),
		iif(value ->> 5 IS NULL, NULL, substr(?2, value ->> 6, value ->> 7)), value ->> 5 IS 'json.gz',
		unixepoch(), unixepoch()
	FROM json_each(?1) WHERE true
	ON CONFLICT (job_id, cluster, start_time) DO UPDATE SET
		meta_json = excluded.meta_json,
		data_json = excluded.data_json,
		data_compressed = excluded.data_compressed,
		updated_at = excluded.updated_at
`;
const STORE_DATA = `
	INSERT INTO hpc_job_archiver_data (id, job, byte_length, slice_bytes)
	SELECT value ->> 3, jobs.id, value ->> 4, ${SLICE_BYTES}
	FROM json_each(?1) CROSS JOIN jobs
		ON job_id = value ->> 0 AND cluster = value ->> 1 AND start_time = value ->> 2
`;
const ADOPT_STAGED = `
	UPDATE hpc_job_archiver_data SET byte_length = ?5, job =
		(SELECT id FROM jobs WHERE job_id = ?1 AND cluster = ?2 AND start_time = ?3)
	WHERE id = ?4 AND job IS NULL
`;
const REMOVE_STAGED =
	"DELETE FROM hpc_job_archiver_data WHERE id = ? AND job IS NULL";

/**
 * Stores jobs within a transaction, each in place of the version that is there, whose tags it keeps.
 *
 * @param path - Of the archive, for messages.
 * @returns why jobs cannot be taken that would hinder no other one.
 */
export async function storeJobs(
	statements: Statements,
	sealed: readonly SealedJob[],
	path: string,
): Promise<ReadonlyMap<SealedJob, ArchiverError>> {
	const { clusters, earlier, lastDataId } = await lookAround(
		statements,
		sealed,
	);
	const [known, unknown] = [true, false].map((configured) =>
		sealed.filter(({ key }) => clusters.has(key.cluster) === configured),
	);
	const jobs = lastVersions(known, earlier);
	const columnar = jobs.filter(({ encoding }) => encoding === "columnar");
	await storeRows(statements, jobs);
	await storeNewData(
		statements,
		columnar.filter(({ staged }) => !staged),
		lastDataId,
	);
	await adoptStagedData(
		statements,
		columnar.filter(({ staged }) => staged),
	);
	// What is left belongs to json data, which lie in the job's row, or to a version that was followed by another one.
	for (const { staged } of known)
		if (staged !== undefined) await statements.run(REMOVE_STAGED, [staged.id]);
	return new Map(
		unknown.map((job) => [job, clusterUnknown(path, job.key.cluster)]),
	);
}

/** What a group of jobs meets in the archive. */
interface Surroundings {
	/** Names of those that are configured. */
	clusters: ReadonlySet<string>;
	/** Jobs of the group that are there already, by their keys. */
	earlier: ReadonlyMap<string, Job>;
	/** Greatest row id that `hpc_job_archiver_data` ever had. */
	lastDataId: number;
}

type FoundRow =
	| { kind: "cluster"; cluster: string }
	| (JobKey & { kind: "job"; meta: Uint8Array | string })
	| { kind: "data"; seq: number };

async function lookAround(
	statements: Statements,
	sealed: readonly SealedJob[],
): Promise<Surroundings> {
	const rows = await statements.all<FoundRow>(LOOK_AROUND, [
		JSON.stringify(sealed.map(keyColumns)),
	]);
	const clusters = new Set<string>();
	const earlier = new Map<string, Job>();
	let lastDataId = 0;
	for (const row of rows) {
		if (row.kind === "cluster") clusters.add(row.cluster);
		else if (row.kind === "data") lastDataId = row.seq;
		else addReadable(earlier, row);
	}
	return { clusters, earlier, lastDataId };
}

/** A meta that cannot be read holds no tags to keep, and is about to be repaired. */
function addReadable(
	jobs: Map<string, Job>,
	row: JobKey & { meta: Uint8Array | string },
): void {
	try {
		jobs.set(formatJobKey(row), parseMeta(row.meta));
	} catch {}
}

/** The last version of each job, with the tags that those before it had. */
function lastVersions(
	sealed: readonly SealedJob[],
	earlier: ReadonlyMap<string, Job>,
): SealedJob[] {
	const last = new Map<string, SealedJob>();
	for (const version of sealed) {
		const key = formatJobKey(version.key);
		const before = last.get(key)?.job ?? earlier.get(key);
		const job = before ? withKeptTags(version.job, before) : version.job;
		const meta =
			job === version.job ? version.meta : Buffer.from(serializeJob(job));
		last.set(key, { ...version, job, meta });
	}
	return [...last.values()];
}

async function storeRows(
	statements: Statements,
	jobs: readonly SealedJob[],
): Promise<void> {
	let batch = new BlobBatch();
	for (const job of jobs) {
		const row = [...keyColumns(job), ...batch.addBlob(job.meta)];
		if (job.encoding === "columnar") batch.addRow(row);
		else {
			const data = await wholeData(statements, job);
			batch.addRow([...row, job.encoding, ...batch.addBlob(data)]);
		}
		if (batch.byteLength < STATEMENT_BYTES) continue;
		await batch.run(statements, STORE_JOBS);
		batch = new BlobBatch();
	}
	if (batch.rows > 0) await batch.run(statements, STORE_JOBS);
}

/** Json data lie in one piece, for ClusterCockpit. */
async function wholeData(
	statements: Statements,
	{ staged, rest }: SealedJob,
): Promise<Uint8Array> {
	if (staged === undefined) return rest;
	const { id, count } = staged;
	const byteLength = count * SLICE_BYTES;
	const beginning = await readSliced(statements, {
		id,
		byteLength,
		sliceBytes: SLICE_BYTES,
	});
	return Buffer.concat([beginning, rest]);
}

async function storeNewData(
	statements: Statements,
	jobs: readonly SealedJob[],
	lastId: number,
): Promise<void> {
	if (jobs.length === 0) return;
	const rows = jobs.map((job, i) => [
		...keyColumns(job),
		lastId + 1 + i,
		job.dataBytes,
	]);
	await statements.run(STORE_DATA, [JSON.stringify(rows)]);
	await storeSlices(
		statements,
		jobs.flatMap(({ rest }, i) => sliced(lastId + 1 + i, 0, rest)),
	);
}

async function adoptStagedData(
	statements: Statements,
	jobs: readonly SealedJob[],
): Promise<void> {
	for (const { key, staged, dataBytes, rest } of jobs) {
		if (staged === undefined) continue;
		const { cluster, jobId, startTime } = key;
		const { changes } = await statements.run(ADOPT_STAGED, [
			jobId,
			cluster,
			startTime,
			staged.id,
			dataBytes,
		]);
		if (changes === 0)
			throw new Error(`the staged data of job ${formatJobKey(key)} are gone`);
		await storeSlices(statements, sliced(staged.id, staged.count, rest));
	}
}

/** As statements on the tables compare and store them. */
export function keyColumns({
	key: { jobId, cluster, startTime },
}: SealedJob): (string | number)[] {
	return [jobId, cluster, startTime];
}

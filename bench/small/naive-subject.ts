import { join } from "node:path";
import { SLICE_NUMBER_BITS } from "../../lib/archive/sqlite/schema.sql.js";
import { SLICE_BYTES } from "../../lib/archive/sqlite/slices.js";
import {
	encodePart,
	encodeTail,
	fileHeader,
} from "../../lib/codec/columnar/index.js";
import { jobDataOf } from "../../lib/codec/job-data.js";
import { measureColumn } from "../../lib/codec/statistics.js";
import {
	type Archive,
	type Column,
	type Job,
	MONITORING_STATUS,
	openArchive,
	SqliteJobRepository,
} from "../../lib/index.js";
import { serializeJob } from "../../lib/schema/job-json.js";
import { checkArchived } from "../support/check.js";
import { type Cost, measureCost } from "../support/measure.js";
import type { Subject } from "../support/subject.js";
import { openWorkload, type WorkloadSettings } from "../support/workload.js";
import { PlainSql } from "./plain-sql.js";

export interface NaiveSettings {
	folder: string;
	workload: WorkloadSettings;
	storage: "file" | "sqlite";
}

export interface NaiveRun extends Cost {
	jobs: number;
}

/** Makes one job durable in an archive. */
type Store = (job: Job, columns: readonly Column[]) => Promise<void>;

/**
 * What one would write first, without an archiver: one job after the other, encoded on the main thread, made durable in
 * the archive, then recorded in a transaction of its own. Same formats, same guarantees; the statements are its own, so
 * that it stays what it is when the library's get better.
 */
export default async function openNaive({
	folder,
	workload: settings,
	storage,
}: NaiveSettings): Promise<Subject<void, NaiveRun>> {
	const { clusters, nextJobs, columnsOf } = await openWorkload(settings);
	const path = join(folder, storage === "file" ? "archive" : "archive.db");
	const archive = await openArchive(`${storage}:${path}`, {
		format: "columnar",
	});
	const databasePath = join(folder, "job.db");
	const repository = await SqliteJobRepository.open(databasePath);
	for (const cluster of clusters)
		await archive.storeClusterConfig(cluster.name, cluster);
	const database = await PlainSql.open(databasePath);
	const archiveSql =
		storage === "sqlite" ? await PlainSql.open(path) : undefined;
	const store = archiveSql ? intoSqlite(archiveSql) : intoFiles(archive);
	return {
		async run() {
			const jobs = nextJobs();
			await repository.registerJobs(jobs);
			const { cost } = await measureCost(async () => {
				for (const job of jobs) {
					await store(job, await columnsOf(job));
					await record(database, job);
				}
			});
			const last = jobs[jobs.length - 1];
			await checkArchived(archive, last, await columnsOf(last));
			return { ...cost, jobs: jobs.length };
		},
		async close() {
			await archiveSql?.close();
			await database.close();
			await repository.close();
			await archive.close();
		},
	};
}

function intoFiles(archive: Archive): Store {
	return (job, columns) =>
		archive.importJob(job, jobDataOf(columns, measureColumn));
}

function intoSqlite(sql: PlainSql): Store {
	return async (job, columns) => {
		const data = encode(columns);
		if (data.byteLength > SLICE_BYTES)
			throw new Error("this job is not a small one");
		await sql.run("BEGIN IMMEDIATE");
		const row = await sql.run(
			`INSERT INTO jobs (job_id, cluster, start_time, meta_json, created_at, updated_at)
			VALUES (?, ?, ?, ?, unixepoch(), unixepoch())`,
			job.jobId,
			job.cluster,
			job.startTime,
			Buffer.from(serializeJob(job)),
		);
		const id = await sql.run(
			"INSERT INTO hpc_job_archiver_data (job, byte_length, slice_bytes) VALUES (?, ?, ?)",
			row,
			data.byteLength,
			SLICE_BYTES,
		);
		await sql.run(
			`INSERT INTO hpc_job_archiver_slice (id, bytes) VALUES (? << ${SLICE_NUMBER_BITS}, ?)`,
			id,
			data,
		);
		await sql.run("COMMIT");
	};
}

function encode(columns: readonly Column[]): Uint8Array {
	const header = fileHeader();
	const { frames, summary } = encodePart(columns, "fast");
	const part = { byteOffset: header.byteLength, summary };
	return Buffer.concat([header, frames, encodeTail([part], {})]);
}

async function record(sql: PlainSql, job: Job): Promise<void> {
	await sql.run("BEGIN IMMEDIATE");
	await sql.run(
		`UPDATE job SET footprint = ?, energy_footprint = ?, energy = ?, monitoring_status = ?
		WHERE cluster = ? AND job_id = ? AND start_time = ?`,
		"{}",
		"{}",
		0,
		MONITORING_STATUS.archivingSuccessful,
		job.cluster,
		job.jobId,
		job.startTime,
	);
	await sql.run("COMMIT");
}

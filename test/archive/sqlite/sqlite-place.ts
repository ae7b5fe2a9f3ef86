import { join } from "node:path";
import { openArchive } from "../../../lib/archive/open.js";
import type { JobKey } from "../../../lib/schema/job.js";
import { Connection, type SqlValue } from "../../../lib/sqlite/connection.js";
import type { ArchivePlace } from "../contract/archive-place.js";

/** A place for a SQLite archive, `archive.db` in `folder`. */
export function sqlitePlace(folder: string): ArchivePlace {
	const path = join(folder, "archive.db");
	return {
		open: (options) => openArchive(`sqlite:${path}`, options),
		contents: () => rowsOf(path),
		async bytesRead(_archive, key, read) {
			let bytes = 0;
			for (const slice of await slicesOf(path, key)) {
				const remove = "DELETE FROM hpc_job_archiver_slice WHERE id = ?";
				await withArchive(path, (database) => database.run(remove, [slice.id]));
				const isRead = await read().then(
					() => false,
					() => true,
				);
				if (isRead) bytes += slice.bytes.byteLength;
				const restore = "INSERT INTO hpc_job_archiver_slice VALUES (?, ?)";
				await withArchive(path, (database) =>
					database.run(restore, [slice.id, slice.bytes]),
				);
			}
			return bytes;
		},
		damage: {
			data: (key, change) => damageData(path, key, change),
			meta: (key, text) =>
				update(path, `UPDATE jobs SET meta_json = ? WHERE ${OF_JOB}`, [
					Buffer.from(text),
					...valuesOf(key),
				]),
			cluster: (name, text) =>
				update(path, "UPDATE clusters SET config_json = ? WHERE name = ?", [
					text,
					name,
				]),
			version: (text) =>
				update(path, "UPDATE metadata SET value = ? WHERE key = 'version'", [
					text,
				]),
		},
	};
}

/** Opens an archive's database behind its back. */
export async function withArchive<T>(
	path: string,
	use: (database: Connection) => Promise<T>,
): Promise<T> {
	const database = await Connection.open(path, {
		mode: "write",
		busyTimeoutMs: 5000,
	});
	try {
		return await use(database);
	} finally {
		await database.close();
	}
}

const OF_JOB = "job_id = ? AND cluster = ? AND start_time = ?";
const OF_DATA = `job = (SELECT id FROM jobs WHERE ${OF_JOB})`;

interface SliceRow {
	id: number;
	bytes: Uint8Array;
}

function valuesOf({ jobId, cluster, startTime }: JobKey): SqlValue[] {
	return [jobId, cluster, startTime];
}

/** What the rows hold, without ids, which depend on the past. */
async function rowsOf(path: string): Promise<string[]> {
	return withArchive(path, async (database) => {
		const rows = await database.all<{ row: string }>(`
			SELECT 'cluster ' || name AS row FROM clusters
			UNION ALL SELECT printf('job %s/%d/%d', cluster, job_id, start_time) FROM jobs
			UNION ALL SELECT printf('json data of %d bytes', length(data_json)) FROM jobs WHERE data_json NOT NULL
			UNION ALL SELECT printf('data %s of %d bytes', iif(job IS NULL, 'staged', 'of a job'), byte_length)
				FROM hpc_job_archiver_data
			UNION ALL SELECT printf('slice of %d bytes', length(bytes)) FROM hpc_job_archiver_slice
			UNION ALL SELECT 'metadata ' || key || '=' || value FROM metadata
		`);
		return rows.map(({ row }) => row).sort();
	}).catch(() => []);
}

async function slicesOf(path: string, key: JobKey): Promise<SliceRow[]> {
	return withArchive(path, (database) =>
		database.all<SliceRow>(
			`SELECT slice.id, slice.bytes FROM hpc_job_archiver_data AS data
			JOIN hpc_job_archiver_slice AS slice ON slice.id >> 20 = data.id
			WHERE ${OF_DATA} ORDER BY slice.id`,
			valuesOf(key),
		),
	);
}

async function damageData(
	path: string,
	key: JobKey,
	change: (bytes: Uint8Array) => Uint8Array | undefined,
): Promise<void> {
	const slices = await slicesOf(path, key);
	if (slices.length === 0) return damageJson(path, key, change);
	const all = Buffer.concat(slices.map(({ bytes }) => bytes));
	const changed = change(all);
	if (changed === undefined)
		return update(
			path,
			`DELETE FROM hpc_job_archiver_data WHERE ${OF_DATA}`,
			valuesOf(key),
		);
	let at = 0;
	for (const { id, bytes } of slices) {
		const left = changed.subarray(at, at + bytes.byteLength);
		at += bytes.byteLength;
		await (left.length === 0
			? update(path, "DELETE FROM hpc_job_archiver_slice WHERE id = ?", [id])
			: update(
					path,
					"UPDATE hpc_job_archiver_slice SET bytes = ? WHERE id = ?",
					[left, id],
				));
	}
}

async function damageJson(
	path: string,
	key: JobKey,
	change: (bytes: Uint8Array) => Uint8Array | undefined,
): Promise<void> {
	const [{ data }] = await withArchive(path, (database) =>
		database.all<{ data: Uint8Array }>(
			`SELECT data_json AS data FROM jobs WHERE ${OF_JOB}`,
			valuesOf(key),
		),
	);
	await update(path, `UPDATE jobs SET data_json = ? WHERE ${OF_JOB}`, [
		change(data) ?? null,
		...valuesOf(key),
	]);
}

async function update(
	path: string,
	sql: string,
	values: SqlValue[],
): Promise<void> {
	await withArchive(path, (database) => database.run(sql, values));
}

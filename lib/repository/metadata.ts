import { ArchiverError } from "../errors.js";
import { invalidInput } from "../schema/invalid-input.js";
import { formatJobKey, type JobKey } from "../schema/job.js";
import { record } from "../schema/record.js";
import type { Connection, Statements } from "../sqlite/connection.js";
import { KEY_CONDITION, keyValues } from "./find.js";
import { jobUnknown, keyOf } from "./job-error.js";
import { type JsonColumn, metadataFrom, objectFrom } from "./rows.js";

interface MetadataRow {
	found_in: "job" | "job_cache";
	meta_data: JsonColumn;
}

/** What waits for an answer goes on in one turn of the event loop: more would be felt there. */
const MOST_AT_ONCE = 8;

/** Jobs that were asked for meanwhile with one statement: going through libuv's pool and back costs more than a row. */
const FIND_METADATA = `
	SELECT asked.key AS place, 'job' AS found_in, meta_data
	FROM json_each(?1) AS asked CROSS JOIN job
		ON job.job_id = asked.value ->> 1
		AND job.cluster = asked.value ->> 0
		AND job.start_time = asked.value ->> 2
	UNION ALL
	SELECT asked.key, 'job_cache', meta_data
	FROM json_each(?1) AS asked CROSS JOIN job_cache
		ON job_cache.job_id = asked.value ->> 1
		AND job_cache.cluster = asked.value ->> 0
		AND job_cache.start_time = asked.value ->> 2`;

interface Asked {
	key: JobKey;
	resolve(metadata: Record<string, string>): void;
	reject(error: unknown): void;
}

/** Reads jobs' metadata, one statement at a time. */
export class MetadataReader {
	readonly #reader: Pick<Statements, "all">;
	readonly #asked: Asked[] = [];
	#reading = false;

	constructor(reader: Pick<Statements, "all">) {
		this.#reader = reader;
	}

	/** @throws ArchiverError JOB_UNKNOWN */
	fetch(key: JobKey): Promise<Record<string, string>> {
		return new Promise((resolve, reject) => {
			this.#asked.push({ key, resolve, reject });
			if (!this.#reading) void this.#readAll();
		});
	}

	async #readAll(): Promise<void> {
		this.#reading = true;
		while (this.#asked.length > 0) {
			await this.#read(this.#asked.splice(0, MOST_AT_ONCE));
		}
		this.#reading = false;
	}

	async #read(asked: readonly Asked[]): Promise<void> {
		try {
			const keys = JSON.stringify(asked.map(({ key }) => keyValues(key)));
			const rows = await this.#reader.all<MetadataRow & { place: number }>(
				FIND_METADATA,
				[keys],
			);
			const found = new Map<number, MetadataRow>();
			for (const row of rows)
				if (row.found_in === "job" || !found.has(row.place))
					found.set(row.place, row);
			asked.forEach(({ key, resolve, reject }, place) => {
				const row = found.get(place);
				if (row === undefined) reject(jobUnknown(key));
				else resolve(metadataFrom(row.meta_data));
			});
		} catch (error) {
			for (const { reject } of asked) reject(error);
		}
	}
}

/** Reads and writes in one transaction, so that two entries set at once are both kept. */
export async function updateMetadata(
	writer: Connection,
	job: JobKey,
	key: string,
	value: string,
): Promise<void> {
	if (typeof key !== "string") throw invalidInput("key", "a string", key);
	if (typeof value !== "string") throw invalidInput("value", "a string", value);
	await writer.transaction(async (statements) => {
		const row = await readMetadata(statements, job);
		const present = isEmpty(row.meta_data) ? {} : objectFrom(row.meta_data);
		if (present === undefined)
			throw new ArchiverError(
				"DATABASE_FAILED",
				`the metadata of job ${formatJobKey(job)} in ${writer.path} is no JSON object and would be lost`,
				{ ...keyOf(job), path: writer.path, field: "meta_data" },
				{ retryable: false },
			);
		const metadata = Object.assign(record<unknown>(), present);
		metadata[key] = value;
		await statements.run(
			`UPDATE ${row.found_in} SET meta_data = ? WHERE ${KEY_CONDITION}`,
			[JSON.stringify(metadata), ...keyValues(job)],
		);
	});
}

async function readMetadata(
	reader: Pick<Statements, "all">,
	key: JobKey,
): Promise<MetadataRow> {
	const [row] = await reader.all<MetadataRow>(
		`SELECT 'job' AS found_in, meta_data FROM job WHERE ${KEY_CONDITION}
		UNION ALL
		SELECT 'job_cache', meta_data FROM job_cache WHERE ${KEY_CONDITION}
		LIMIT 1`,
		[...keyValues(key), ...keyValues(key)],
	);
	if (row === undefined) throw jobUnknown(key);
	return row;
}

function isEmpty(column: JsonColumn): boolean {
	return column === null || ["", "null"].includes(column.toString().trim());
}

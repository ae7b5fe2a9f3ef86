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

export async function fetchMetadata(
	reader: Pick<Statements, "all">,
	key: JobKey,
): Promise<Record<string, string>> {
	return metadataFrom((await readMetadata(reader, key)).meta_data);
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

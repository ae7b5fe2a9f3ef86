import type { DataFormat } from "../../codec/column.js";
import { ArchiverError } from "../../errors.js";
import { type Statements, sqliteCode } from "../../sqlite/connection.js";
import { corruptFile } from "../errors.js";
import { ARCHIVE_VERSION } from "../layout.js";
import { FORMAT_KEY, TABLES, VERSION_KEY } from "./schema.sql.js";

/**
 * Finds out whether a database is a job archive of the version that this release knows.
 *
 * @returns what new jobs get there by default: what it was created with, or ClusterCockpit's JSON in an archive that
 * ClusterCockpit made. `empty`: there is no table at all.
 * @throws ArchiverError ARCHIVE_VERSION, DATA_CORRUPT, and why it cannot be read
 */
export async function identify(
	statements: Statements,
	path: string,
): Promise<DataFormat | "empty"> {
	const tables = await tableNames(statements, path);
	if (tables.length === 0) return "empty";
	const missing = TABLES.filter((name) => !tables.includes(name));
	if (missing.length > 0)
		throw foreign(path, `it has no table ${missing.join(", ")}`);
	const rows = await statements.all<{ key: string; value: unknown }>(
		"SELECT key, value FROM metadata",
	);
	const metadata = new Map(rows.map(({ key, value }) => [key, value]));
	checkVersion(path, metadata.get(VERSION_KEY));
	return formatOf(path, metadata.get(FORMAT_KEY));
}

export function foreign(path: string, why: string): ArchiverError {
	return new ArchiverError(
		"ARCHIVE_VERSION",
		`${path} is not a job archive: ${why}`,
		{ path },
	);
}

async function tableNames(
	statements: Statements,
	path: string,
): Promise<string[]> {
	try {
		const rows = await statements.all<{ name: string }>(
			"SELECT name FROM sqlite_schema WHERE type = 'table'",
		);
		return rows.map(({ name }) => name);
	} catch (error) {
		if (sqliteCode(error) !== "SQLITE_NOTADB") throw error;
		throw foreign(path, "it is no SQLite database");
	}
}

function checkVersion(path: string, value: unknown): void {
	const version = String(value ?? "").trim();
	if (version === ARCHIVE_VERSION) return;
	const received = version.slice(0, 20);
	throw new ArchiverError(
		"ARCHIVE_VERSION",
		`${path} names archive version ${JSON.stringify(received)}; this release knows version ${ARCHIVE_VERSION}`,
		{ path, received },
	);
}

function formatOf(path: string, value: unknown): DataFormat {
	if (value === undefined) return "json";
	if (value === "columnar" || value === "json") return value;
	throw corruptFile(new Error(`unknown format ${JSON.stringify(value)}`), path);
}

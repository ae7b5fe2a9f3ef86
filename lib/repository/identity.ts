import { ArchiverError } from "../errors.js";
import { type Statements, sqliteCode } from "../sqlite/connection.js";
import { JOB_COLUMNS, type OutOfMemorySpelling } from "./rows.js";
import {
	APPLICATION_ID,
	STATE_TABLE,
	STATUS_INDEX,
	SUPPORTED_VERSIONS,
	UNTOLD_TABLE,
} from "./schema.sql.js";

/** What a database says of itself. */
export interface DatabaseIdentity {
	/** Version of ClusterCockpit's schema. */
	version: number;
	/** True when this library made it. */
	ours: boolean;
	/** Whether our own tables are there, as this release makes them. */
	hasOurTables: boolean;
	/** Whether one of them is there as an earlier release made it. */
	lacksCompleteness: boolean;
	/** Whether our own index is there. */
	hasStatusIndex: boolean;
	outOfMemorySpelling: OutOfMemorySpelling;
}

/** What this library reads and writes of ClusterCockpit's schema. */
const NEEDED_COLUMNS: Readonly<Record<string, readonly string[]>> = {
	job: ["id", ...JOB_COLUMNS],
	job_cache: ["id", ...JOB_COLUMNS],
	tag: ["id", "tag_type", "tag_name", "tag_scope"],
	jobtag: ["job_id", "tag_id"],
};

/**
 * Reads what kind of database this is; `empty` when nothing was ever made in it.
 *
 * @throws {ArchiverError} DATABASE_VERSION when it is none that this library works with
 */
export async function identify(
	statements: Pick<Statements, "all">,
	file: string,
): Promise<DatabaseIdentity | "empty"> {
	const { schema, applicationId } = await readSchema(statements, file);
	if (schema.size === 0 && applicationId === 0) return "empty";
	if (!schema.has("schema_migrations"))
		throw refused(file, "it has no table schema_migrations");
	const version = await readVersion(statements, file);
	const stateTable = schema.get(STATE_TABLE);
	const lacksCompleteness = stateTable?.includes("completeness") === false;
	for (const [table, columns] of Object.entries(NEEDED_COLUMNS))
		await checkColumns(statements, file, table, columns);
	return {
		version,
		ours: applicationId === APPLICATION_ID,
		hasOurTables:
			schema.has(STATE_TABLE) && schema.has(UNTOLD_TABLE) && !lacksCompleteness,
		lacksCompleteness,
		hasStatusIndex: schema.has(STATUS_INDEX),
		outOfMemorySpelling: schema.get("job")?.includes("'out-of-memory'")
			? "out-of-memory"
			: "out_of_memory",
	};
}

interface Schema {
	applicationId: number;
	/** Names of tables and indexes, with the statements that made them. */
	schema: Map<string, string | null>;
}

/** With one statement: between two of them somebody else may make the database, which would then be half of each. */
async function readSchema(
	statements: Pick<Statements, "all">,
	file: string,
): Promise<Schema> {
	try {
		const rows = await statements.all<{
			applicationId: number;
			name: string | null;
			sql: string | null;
		}>(
			`SELECT application_id AS applicationId, name, sql
			FROM pragma_application_id LEFT JOIN sqlite_schema ON type IN ('table', 'index')`,
		);
		const schema = new Map<string, string | null>();
		for (const { name, sql } of rows) if (name !== null) schema.set(name, sql);
		return { applicationId: rows[0].applicationId, schema };
	} catch (error) {
		if (sqliteCode(error) === "SQLITE_NOTADB")
			throw refused(file, "it is not a SQLite database");
		throw error;
	}
}

async function readVersion(
	statements: Pick<Statements, "all">,
	file: string,
): Promise<number> {
	const rows = await statements.all<{ version: number; dirty: number }>(
		"SELECT version, dirty FROM schema_migrations",
	);
	if (rows.length !== 1)
		throw refused(file, `schema_migrations has ${rows.length} rows`);
	const { version, dirty } = rows[0];
	if (dirty)
		throw refused(
			file,
			`its migration to version ${version} did not finish (it is dirty)`,
		);
	if (!SUPPORTED_VERSIONS.includes(version))
		throw refused(
			file,
			`it has version ${version}, and versions ${SUPPORTED_VERSIONS.join(" and ")} are supported`,
		);
	return version;
}

async function checkColumns(
	statements: Pick<Statements, "all">,
	file: string,
	table: string,
	columns: readonly string[],
): Promise<void> {
	const rows = await statements.all<{ name: string }>(
		"SELECT name FROM pragma_table_info(?)",
		[table],
	);
	const present = new Set(rows.map(({ name }) => name));
	const missing = columns.filter((column) => !present.has(column));
	if (present.size === 0) throw refused(file, `it has no table ${table}`);
	if (missing.length > 0)
		throw refused(file, `its table ${table} lacks ${missing.join(", ")}`);
}

/** The error for a database that is not taken. */
export function refused(file: string, why: string): ArchiverError {
	return new ArchiverError(
		"DATABASE_VERSION",
		`${file} is no job database for this release: ${why}`,
		{ path: file },
	);
}

import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ArchiverError, isArchiverError } from "../errors.js";
import { Connection, sqliteCode } from "../sqlite/connection.js";
import { type DatabaseIdentity, identify, refused } from "./identity.js";
import { RECORD_ARCHIVED_SQL } from "./record-archived.js";
import {
	ADD_COMPLETENESS_SQL,
	NEW_DATABASE_SQL,
	OUR_TABLES_SQL,
} from "./schema.sql.js";

export interface JobDatabaseOptions {
	/** Nothing is written, not even our own table; what would write rejects. */
	readOnly?: boolean;
	/** How long a statement waits for another connection's lock; 5000 ms unless told. */
	busyTimeoutMs?: number;
	/** False leaves out the syncs to disk: quicker, but a power cut may cost commits or the whole database. */
	fsync?: boolean;
}

export interface JobDatabase {
	identity: DatabaseIdentity;
	reader: Connection;
	/** Absent when opened read-only. */
	writer: Connection | undefined;
}

const DEFAULT_BUSY_TIMEOUT_MS = 5000;
const BUSY_RETRY_MS = 5;

/**
 * Opens a job database, or makes a new one where there is no file or an empty one.
 *
 * A database that is refused is left as it is, to the byte: it is looked at through a read-only connection first.
 * In one that is taken, ClusterCockpit's tables and the journal mode stay as they are.
 *
 * @throws {ArchiverError} DATABASE_VERSION when it is not a ClusterCockpit database of a version we know,
 * DATABASE_FAILED, DATABASE_BUSY
 */
export async function openJobDatabase(
	path: string,
	options: JobDatabaseOptions = {},
): Promise<JobDatabase> {
	const { busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS } = options;
	const file = resolve(path);
	const bytes = await fileBytes(path, file);
	if (options.readOnly) return openReadOnly(file, busyTimeoutMs);
	if (bytes > 0) await refuseForeign(file, busyTimeoutMs);

	const writer = await Connection.open(file, {
		mode: "create",
		busyTimeoutMs,
	});
	try {
		await writer.script(
			`PRAGMA synchronous = ${options.fsync === false ? "OFF" : "FULL"}`,
		);
		const identity = await prepareForWriting(writer, busyTimeoutMs);
		await writer.script(`PRAGMA temp_store = MEMORY; ${RECORD_ARCHIVED_SQL}`);
		const reader = await Connection.open(file, {
			mode: "write",
			busyTimeoutMs,
		});
		// Not a read-only connection: that one could not roll back the journal of a writer that was killed.
		await reader.script("PRAGMA query_only = ON");
		return { identity, reader, writer };
	} catch (error) {
		await writer.close();
		throw error;
	}
}

/** Size of the file, 0 when there is none. */
async function fileBytes(path: string, file: string): Promise<number> {
	if (path === "" || path === ":memory:")
		throw new ArchiverError(
			"INVALID_OPTION",
			`a job database needs a file, and "${path}" names none`,
			{ field: "path", received: path },
		);
	const found = await stat(file).catch(() => undefined);
	if (found?.isFile()) return found.size;
	if (found !== undefined) throw unusable(file, "it is not a file");
	const folder = await stat(dirname(file)).catch(() => undefined);
	if (!folder?.isDirectory())
		throw unusable(file, `the folder ${dirname(file)} does not exist`);
	return 0;
}

async function openReadOnly(
	file: string,
	busyTimeoutMs: number,
): Promise<JobDatabase> {
	const reader = await Connection.open(file, { mode: "read", busyTimeoutMs });
	try {
		const identity = await identify(reader, file);
		if (identity === "empty") throw refused(file, "it is empty");
		return { identity, reader, writer: undefined };
	} catch (error) {
		await reader.close();
		throw error;
	}
}

async function refuseForeign(
	file: string,
	busyTimeoutMs: number,
): Promise<void> {
	const reader = await Connection.open(file, { mode: "read", busyTimeoutMs });
	try {
		await identify(reader, file);
	} catch (error) {
		// A journal that a killed writer left has to be rolled back before anything can be read; only a writer may do that.
		const code = sqliteCode(error);
		if (code !== "SQLITE_READONLY" && code !== "SQLITE_CANTOPEN") throw error;
	} finally {
		await reader.close();
	}
}

/** Makes what is missing, each in one transaction, so that two processes may open the same new file at once. */
async function prepareForWriting(
	writer: Connection,
	busyTimeoutMs: number,
): Promise<DatabaseIdentity> {
	const identity = await identify(writer, writer.path);
	if (identity !== "empty" && identity.hasOurTables) return identity;
	if (identity === "empty") await writeAhead(writer, busyTimeoutMs);
	return writer.transaction(async (statements) => {
		const current = await identify(statements, writer.path);
		await statements.script(
			current === "empty" ? NEW_DATABASE_SQL : OUR_TABLES_SQL,
		);
		if (current !== "empty" && current.lacksCompleteness)
			await statements.script(ADD_COMPLETENESS_SQL);
		const prepared = await identify(statements, writer.path);
		if (prepared === "empty") throw refused(writer.path, "it stayed empty");
		return prepared;
	});
}

/** Here SQLite does not wait by itself for others that open the same new file. */
async function writeAhead(
	writer: Connection,
	busyTimeoutMs: number,
): Promise<void> {
	const deadline = performance.now() + busyTimeoutMs;
	for (;;)
		try {
			await writer.script("PRAGMA journal_mode = WAL");
			return;
		} catch (error) {
			const busy = isArchiverError(error) && error.code === "DATABASE_BUSY";
			if (!busy || performance.now() >= deadline) throw error;
			await sleep(BUSY_RETRY_MS);
		}
}

function unusable(file: string, why: string): ArchiverError {
	return new ArchiverError(
		"DATABASE_FAILED",
		`cannot open the job database ${file}: ${why}`,
		{ path: file },
		{ retryable: false },
	);
}

import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { DataFormat } from "../../codec/column.js";
import { ArchiverError, isArchiverError } from "../../errors.js";
import {
	Connection,
	type Synchronous,
	sqliteCode,
} from "../../sqlite/connection.js";
import { readError, writeError } from "./errors.js";
import { foreign, identify } from "./identify.js";
import { ArchiveLock } from "./lock.js";
import {
	archiveTablesSql,
	NEW_FILE_SQL,
	OUR_TABLES_SQL,
	SWEEP_STAGED_SQL,
} from "./schema.sql.js";
import { SMALL_JOBS_SQL } from "./store-small-jobs.js";

export interface DatabaseOptions {
	/** Format of new jobs in an archive that is created now. */
	newFormat: DataFormat;
	/** Make an archive where there is none. */
	create: boolean;
	/** Change nothing. */
	readOnly: boolean;
	/** Of commits. */
	synchronous: Synchronous;
	/** How long a statement waits for another process's lock. */
	busyTimeoutMs: number;
}

/** An archive's database, with one connection for reading and one for writing. */
export interface ArchiveDatabase {
	/** Absolute path of the file. */
	path: string;
	/** What new jobs get there by default. */
	format: DataFormat;
	reader: Connection;
	/** Absent where writing was not asked for, or is not allowed. */
	writing?: { connection: Connection; lock: ArchiveLock };
}

/** A write-ahead log that has grown beyond this is cut down again once its content is in the database. */
const KEPT_LOG_BYTES = 64 * 2 ** 20;

/**
 * Opens an archive's database, or makes one; for writing it is locked, and what dead processes had staged is removed.
 * A file that is refused is left as it is: it is looked at through a read-only connection first.
 *
 * @throws ArchiverError ARCHIVE_VERSION for another version, and for a file that holds something else; ARCHIVE_LOCKED;
 * ARCHIVE_UNREADABLE when there is no archive and none is to be made; and why it cannot be read or written
 */
export async function openDatabase(
	path: string,
	options: DatabaseOptions,
): Promise<ArchiveDatabase> {
	const file = await realFile(path);
	const found = await inspect(file, options);
	if (found === "empty" && (options.readOnly || !options.create))
		throw unreadable(file, `there is no job archive at ${file}`);
	if (options.readOnly) return openForReading(file, options);
	try {
		return await openForWriting(file, options);
	} catch (error) {
		// An archive that may not be written to can be read all the same.
		const readable =
			found !== "empty" &&
			isArchiverError(error) &&
			error.code === "ARCHIVE_READ_ONLY";
		if (!readable) throw error;
		return openForReading(file, options);
	}
}

/** Links resolved, so that one archive has one lock. */
async function realFile(path: string): Promise<string> {
	const file = resolve(path);
	try {
		return await realpath(file);
	} catch {
		// Not there yet.
	}
	try {
		return join(await realpath(dirname(file)), basename(file));
	} catch (error) {
		throw unreadable(file, `the folder ${dirname(file)} is not there`, error);
	}
}

/** Looks at what is there without changing it; undefined: that takes a writer. */
async function inspect(
	file: string,
	options: DatabaseOptions,
): Promise<DataFormat | "empty" | undefined> {
	const found = await stat(file).catch(() => undefined);
	if (found === undefined || (found.isFile() && found.size === 0))
		return "empty";
	if (!found.isFile()) throw unreadable(file, `${file} is not a file`);
	try {
		const { reader, format } = await openForReading(file, options);
		await reader.close();
		return format;
	} catch (error) {
		// The journal that a killed writer left has to be rolled back before anything can be read.
		const needsWriter =
			!options.readOnly &&
			isArchiverError(error) &&
			sqliteCode(error.cause) === "SQLITE_READONLY";
		if (needsWriter) return undefined;
		throw error;
	}
}

async function openForReading(
	file: string,
	{ busyTimeoutMs }: DatabaseOptions,
): Promise<ArchiveDatabase> {
	let reader: Connection | undefined;
	try {
		reader = await openReader(file, busyTimeoutMs);
		const format = await identify(reader, file);
		if (format === "empty") throw foreign(file, "it is empty");
		return { path: file, format, reader };
	} catch (error) {
		await reader?.close();
		throw readError(error, file);
	}
}

/** With a write-ahead log even reading makes files, which a read-only medium does not allow; there nobody writes either. */
async function openReader(
	file: string,
	busyTimeoutMs: number,
): Promise<Connection> {
	const reader = await Connection.open(file, { mode: "read", busyTimeoutMs });
	try {
		await reader.all("SELECT 1 FROM sqlite_schema");
		return reader;
	} catch (error) {
		const frozen =
			sqliteCode(error) === "SQLITE_CANTOPEN" &&
			!(await mayWriteTo(dirname(file)));
		if (!frozen) return reader;
	}
	await reader.close();
	return Connection.open(file, { mode: "immutable", busyTimeoutMs });
}

async function openForWriting(
	file: string,
	options: DatabaseOptions,
): Promise<ArchiveDatabase> {
	const { busyTimeoutMs } = options;
	let writer: Connection | undefined;
	let reader: Connection | undefined;
	let lock: ArchiveLock | undefined;
	try {
		lock = await ArchiveLock.acquire(`${file}-lock`, () =>
			prepare(file, options),
		);
		writer = await Connection.open(file, { mode: "write", busyTimeoutMs });
		await writer.script(`PRAGMA journal_size_limit = ${KEPT_LOG_BYTES}`);
		await writer.script(`PRAGMA temp_store = MEMORY; ${SMALL_JOBS_SQL}`);
		reader = await Connection.open(file, { mode: "write", busyTimeoutMs });
		// Not a read-only connection: that one could not recover the log of a writer that was killed.
		await reader.script("PRAGMA query_only = ON");
		const format = await identify(reader, file);
		if (format === "empty") throw foreign(file, "it is empty");
		return {
			path: file,
			format,
			reader,
			writing: { connection: writer, lock },
		};
	} catch (error) {
		await reader?.close();
		await writer?.close();
		await lock?.release();
		if (isUnopened(error) && !(await mayWriteTo(dirname(file))))
			throw notAllowed(file, error);
		throw writeError(error, file);
	}
}

/** Makes what is missing, and removes what dead processes had staged. */
async function prepare(
	file: string,
	{ busyTimeoutMs, newFormat, synchronous }: DatabaseOptions,
): Promise<void> {
	const connection = await Connection.open(file, {
		mode: "create",
		busyTimeoutMs,
	});
	try {
		const found = await identify(connection, file);
		await connection.script(`PRAGMA synchronous = ${synchronous}`);
		if (found === "empty") await connection.script(NEW_FILE_SQL);
		await connection.script("PRAGMA journal_mode = WAL");
		await connection.transaction(async (statements) => {
			if (found === "empty")
				await statements.script(archiveTablesSql(newFormat));
			await statements.script(OUR_TABLES_SQL);
			await statements.run(SWEEP_STAGED_SQL);
		});
	} finally {
		await connection.close();
	}
}

function isUnopened(error: unknown): boolean {
	return sqliteCode(error) === "SQLITE_CANTOPEN";
}

async function mayWriteTo(folder: string): Promise<boolean> {
	try {
		await access(folder, constants.W_OK);
		return true;
	} catch {
		return false;
	}
}

function notAllowed(file: string, cause: unknown): ArchiverError {
	return new ArchiverError(
		"ARCHIVE_READ_ONLY",
		`${file} cannot be made: its folder may not be written to`,
		{ path: file },
		{ cause },
	);
}

function unreadable(file: string, why: string, cause?: unknown): ArchiverError {
	return new ArchiverError(
		"ARCHIVE_UNREADABLE",
		why,
		{ path: file },
		{ retryable: false, cause },
	);
}

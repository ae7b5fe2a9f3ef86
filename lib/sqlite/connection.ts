import { open } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import sqlite3 from "sqlite3";
import { ArchiverError, isArchiverError } from "../errors.js";

/** Bytes are copied when they are bound: they stay the caller's once the statement is done. */
export type SqlValue = string | number | Uint8Array | null;

/** What one statement changed. */
export interface Changes {
	/** Rows inserted, updated or deleted. */
	changes: number;
	/** Row id of the last insert on this connection. */
	lastId: number;
}

/** Statements on one connection. Each text is prepared once, so values belong into `params`. */
export interface Statements {
	run(sql: string, params?: readonly SqlValue[]): Promise<Changes>;
	all<Row>(sql: string, params?: readonly SqlValue[]): Promise<Row[]>;
	/** Several statements without parameters, e.g. a schema. */
	script(sql: string): Promise<void>;
}

/** What COMMIT waits for. In WAL mode NORMAL syncs nothing until the next FULL commit, or the next checkpoint. */
export type Synchronous = "OFF" | "NORMAL" | "FULL";

export interface ConnectionOptions {
	/**
	 * `create` makes a missing file, `write` wants it there, `read` cannot change it, and `immutable` neither locks it nor
	 * looks for a journal: for files that nobody can change, on a medium where nothing can be written.
	 */
	mode: "create" | "write" | "read" | "immutable";
	/** How long a statement waits for another connection's lock. */
	busyTimeoutMs: number;
}

/**
 * Of new databases, as of archived files: for owner and group, less what the process's umask takes. SQLite's own choice
 * would let everybody read; it gives its journals the mode of the database.
 */
const FILE_MODE = 0o640;

/** The driver's failures that may pass; the others will come again. */
const TRANSIENT_CODES = new Set([
	"SQLITE_BUSY",
	"SQLITE_LOCKED",
	"SQLITE_IOERR",
	"SQLITE_FULL",
	"SQLITE_NOMEM",
	"SQLITE_CANTOPEN",
	"SQLITE_INTERRUPT",
	"SQLITE_PROTOCOL",
]);

/**
 * One connection to a SQLite database, with promises in place of the driver's callbacks.
 *
 * Statements run one at a time, in the order they were asked for, and a transaction keeps all others out until it ends:
 * on a connection that callers share, one's ROLLBACK would otherwise undo what another was told is done. It also keeps
 * the connection on one thread of libuv's pool.
 *
 * Every rejection is an ArchiverError with the database's path: DATABASE_BUSY, DATABASE_FAILED.
 */
export class Connection implements Statements {
	readonly path: string;
	readonly #database: sqlite3.Database;
	readonly #prepared = new Map<string, sqlite3.Statement>();
	#lastTurn: Promise<unknown> = Promise.resolve();
	#closed: Promise<void> | undefined;
	/** As told to {@link transaction}. */
	#synchronous: Synchronous | undefined;

	private constructor(path: string, database: sqlite3.Database) {
		this.path = path;
		this.#database = database;
	}

	static async open(
		path: string,
		{ mode, busyTimeoutMs }: ConnectionOptions,
	): Promise<Connection> {
		if (mode === "create") await makeFile(path);
		const database = await openDatabase(path, mode);
		database.configure("busyTimeout", busyTimeoutMs);
		return new Connection(path, database);
	}

	/** @param synchronous - As of {@link transaction}. */
	run(
		sql: string,
		params?: readonly SqlValue[],
		synchronous?: Synchronous,
	): Promise<Changes> {
		return this.#takeTurn(async () => {
			await this.#setSynchronous(synchronous);
			return this.#run(sql, params);
		});
	}

	all<Row>(sql: string, params?: readonly SqlValue[]): Promise<Row[]> {
		return this.#takeTurn(() => this.#all<Row>(sql, params));
	}

	script(sql: string): Promise<void> {
		return this.#takeTurn(() => this.#script(sql));
	}

	/**
	 * Runs `work` between BEGIN IMMEDIATE and COMMIT; when it rejects, nothing of it is kept. `work` must use the
	 * statements it is given: those of the connection wait for the transaction's end.
	 *
	 * @param synchronous - From this transaction on; unless told it stays as it is.
	 */
	transaction<T>(
		work: (statements: Statements) => Promise<T>,
		synchronous?: Synchronous,
	): Promise<T> {
		const statements: Statements = {
			run: (sql, params) => this.#run(sql, params),
			all: (sql, params) => this.#all(sql, params),
			script: (sql) => this.#script(sql),
		};
		return this.#takeTurn(async () => {
			await this.#setSynchronous(synchronous);
			await this.#run("BEGIN IMMEDIATE");
			try {
				const result = await work(statements);
				await this.#run("COMMIT");
				return result;
			} catch (error) {
				// SQLite has rolled back by itself after some failures, e.g. a full disk; then this one has nothing to do.
				await this.#run("ROLLBACK").catch(() => undefined);
				throw error;
			}
		});
	}

	/** Finishes what was asked for before. Statements after it reject with DATABASE_FAILED. Safe to repeat. */
	close(): Promise<void> {
		this.#closed ??= this.#lastTurn.then(() => this.#release());
		return this.#closed;
	}

	#takeTurn<T>(work: () => Promise<T>): Promise<T> {
		if (this.#closed !== undefined)
			return Promise.reject(
				new ArchiverError(
					"DATABASE_FAILED",
					`the database ${this.path} is closed`,
					{ path: this.path },
					{ retryable: false },
				),
			);
		const turn = this.#lastTurn.then(work);
		this.#lastTurn = turn.catch(() => undefined);
		return turn;
	}

	/** SQLite takes it between transactions only. */
	async #setSynchronous(synchronous = this.#synchronous): Promise<void> {
		if (synchronous === this.#synchronous) return;
		await this.#script(`PRAGMA synchronous = ${synchronous}`);
		this.#synchronous = synchronous;
	}

	async #run(sql: string, params: readonly SqlValue[] = []): Promise<Changes> {
		const statement = await this.#prepare(sql);
		return this.#settle((done) =>
			statement.run(params, function (error) {
				done(error, { changes: this.changes, lastId: this.lastID });
			}),
		);
	}

	async #all<Row>(
		sql: string,
		params: readonly SqlValue[] = [],
	): Promise<Row[]> {
		const statement = await this.#prepare(sql);
		return this.#settle<Row[]>((done) => statement.all<Row>(params, done));
	}

	#script(sql: string): Promise<void> {
		return this.#settle<void>((done) => this.#database.exec(sql, done));
	}

	async #prepare(sql: string): Promise<sqlite3.Statement> {
		let statement = this.#prepared.get(sql);
		if (statement === undefined) {
			statement = await this.#settle<sqlite3.Statement>((done) => {
				const fresh = this.#database.prepare(sql, (error) =>
					done(error, fresh),
				);
			});
			this.#prepared.set(sql, statement);
		}
		return statement;
	}

	/** A statement left unfinalized would keep the file open. */
	async #release(): Promise<void> {
		for (const statement of this.#prepared.values())
			await new Promise<void>((resolve) => statement.finalize(() => resolve()));
		this.#prepared.clear();
		await this.#settle<void>((done) => this.#database.close(done));
	}

	#settle<T>(
		start: (done: (error: Error | null, result?: T) => void) => void,
	): Promise<T> {
		return new Promise<T>((resolve, reject) => {
			start((error, result) => {
				if (error === null) resolve(result as T);
				else reject(toDatabaseError(error, this.path));
			});
		});
	}
}

/** The driver's own code of a failure, e.g. `SQLITE_NOTADB`; undefined when it was not the driver's. */
export function sqliteCode(error: unknown): string | undefined {
	if (!isArchiverError(error)) return undefined;
	const { cause } = error;
	return cause instanceof Error && "code" in cause
		? String(cause.code)
		: undefined;
}

/** Makes an empty file where there is none. Why that fails, SQLite says in its turn. */
async function makeFile(path: string): Promise<void> {
	const file = await open(path, "wx", FILE_MODE).catch(() => undefined);
	await file?.close();
}

function openDatabase(
	path: string,
	mode: ConnectionOptions["mode"],
): Promise<sqlite3.Database> {
	const { OPEN_READONLY, OPEN_READWRITE, OPEN_CREATE, OPEN_FULLMUTEX } =
		sqlite3;
	const access = {
		immutable: OPEN_READONLY | sqlite3.OPEN_URI,
		read: OPEN_READONLY,
		write: OPEN_READWRITE,
		create: OPEN_READWRITE | OPEN_CREATE,
	}[mode];
	const name =
		mode === "immutable" ? `${pathToFileURL(path)}?immutable=1` : path;
	return new Promise((resolve, reject) => {
		const database = new sqlite3.Database(
			name,
			access | OPEN_FULLMUTEX,
			(error) => {
				if (error === null) resolve(database);
				else reject(toDatabaseError(error, path));
			},
		);
	});
}

function toDatabaseError(error: Error, path: string): ArchiverError {
	const code = "code" in error ? String(error.code) : "";
	if (code === "SQLITE_BUSY" || code === "SQLITE_LOCKED")
		return new ArchiverError(
			"DATABASE_BUSY",
			`the database ${path} stayed locked`,
			{ path },
			{ cause: error },
		);
	return new ArchiverError(
		"DATABASE_FAILED",
		`the database ${path} failed: ${error.message}`,
		{ path },
		{ cause: error, retryable: TRANSIENT_CODES.has(code) },
	);
}

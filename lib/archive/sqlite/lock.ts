import { ArchiverError } from "../../errors.js";
import { Connection } from "../../sqlite/connection.js";
import { isBusy } from "./errors.js";

interface Held {
	connection: Connection;
	/** Archives of this process that have the database open for writing. */
	shares: number;
}

/** Locks that this process has, by the path of the lock. */
const held = new Map<string, Held>();
/** Locks are taken and released one after the other. */
let lastTurn: Promise<unknown> = Promise.resolve();

/**
 * The right to write to an archive. One process has it at a time, and the archives that it has open there share it.
 *
 * It is SQLite's exclusive lock on an empty file beside the database, which the system releases when the process ends,
 * however it ends: unlike a process number in a file it is never out of date, in containers neither.
 */
export class ArchiveLock {
	readonly #path: string;

	private constructor(path: string) {
		this.#path = path;
	}

	/**
	 * @param path - Of the lock's file. Its folder has to be there.
	 * @param whenFresh - Runs before anybody else here gets the lock, if this process did not have it: whatever is
	 * unfinished was left by the dead then.
	 * @throws ArchiverError ARCHIVE_LOCKED, what `whenFresh` rejects with, and why the file cannot be written
	 */
	static acquire(
		path: string,
		whenFresh: () => Promise<void>,
	): Promise<ArchiveLock> {
		return inTurn(async () => {
			const shared = held.get(path);
			if (shared !== undefined) {
				shared.shares++;
				return new ArchiveLock(path);
			}
			const connection = await lock(path);
			try {
				await whenFresh();
			} catch (error) {
				await connection.close();
				throw error;
			}
			held.set(path, { connection, shares: 1 });
			return new ArchiveLock(path);
		});
	}

	/** Once. The file stays: removing it could take away somebody else's lock. */
	release(): Promise<void> {
		return inTurn(async () => {
			const shared = held.get(this.#path);
			if (shared === undefined || --shared.shares > 0) return;
			held.delete(this.#path);
			await shared.connection.close();
		});
	}
}

/** Whether some process has the lock at `path`; this one counts too. */
export async function isHeld(path: string): Promise<boolean> {
	if (held.has(path)) return true;
	let connection: Connection | undefined;
	try {
		connection = await Connection.open(path, {
			mode: "read",
			busyTimeoutMs: 0,
		});
		await connection.all("SELECT 1 FROM sqlite_schema");
		return false;
	} catch (error) {
		// Any other failure: there is no such file, as long as nobody writes.
		return isBusy(error);
	} finally {
		await connection?.close();
	}
}

async function lock(path: string): Promise<Connection> {
	let connection: Connection | undefined;
	try {
		connection = await Connection.open(path, {
			mode: "create",
			busyTimeoutMs: 0,
		});
		// With a journal in memory the file stays empty, and the only one.
		await connection.script("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
		return connection;
	} catch (error) {
		await connection?.close();
		if (!isBusy(error)) throw error;
		throw new ArchiverError(
			"ARCHIVE_LOCKED",
			`another process has the archive open for writing: it has locked ${path}`,
			{ path },
			{ cause: error },
		);
	}
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
	const turn = lastTurn.then(work);
	lastTurn = turn.catch(() => undefined);
	return turn;
}

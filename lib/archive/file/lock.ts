import { join } from "node:path";
import { ArchiverError } from "../../errors.js";
import {
	isDead,
	isThisProcess,
	LOCK_FILE,
	type LockHolder,
	newHolder,
	parseHolder,
} from "../lock-holder.js";
import type { DurableFiles } from "./durable-files.js";
import { readError, writeError } from "./errors.js";
import { isMissing, lacksLinks, systemCode } from "./file-system.js";
import { readWhole } from "./read.js";
import { FILE_MODE, TemporaryFile } from "./temporaries.js";

/** How many archives share each lock that was taken here, by the lock's token. */
const shares = new Map<string, number>();
/** By root: archives of one process are opened there one after the other, so that none takes another for a stranger. */
const acquiring = new Map<string, Promise<unknown>>();

/** The lock's own name, and those of claims to a dead holder's lock. */
export function isLockName(name: string): boolean {
	return name === LOCK_FILE || isClaimName(name);
}

export function isClaimName(name: string): boolean {
	return name.startsWith(`${LOCK_FILE}.`);
}

/**
 * The right to write to an archive's folder. One process has it at a time, and the archives that it has open there share
 * it. A lock whose process is dead is taken over.
 */
export class ArchiveLock {
	/** Whether this process had no archive open there before: whatever is unfinished was left by the dead. */
	readonly fresh: boolean;
	readonly #files: DurableFiles;
	readonly #token: string;

	private constructor(files: DurableFiles, token: string, fresh: boolean) {
		this.#files = files;
		this.#token = token;
		this.fresh = fresh;
	}

	/**
	 * @throws ArchiverError ARCHIVE_LOCKED when another process has it that lives, or that is of another host; and why
	 * the lock file cannot be written.
	 */
	static async acquire(files: DurableFiles): Promise<ArchiveLock> {
		const { root } = files;
		const before = acquiring.get(root) ?? Promise.resolve();
		const lock = before.then(() => ArchiveLock.#acquire(files));
		const done = lock.catch(() => undefined);
		acquiring.set(root, done);
		try {
			return await lock;
		} finally {
			if (acquiring.get(root) === done) acquiring.delete(root);
		}
	}

	static async #acquire(files: DurableFiles): Promise<ArchiveLock> {
		const { token, fresh } = await take(files, join(files.root, LOCK_FILE));
		// Taken elsewhere in this process, such as on another thread, it is for them to remove.
		const shared = fresh ? 0 : shares.get(token);
		if (shared !== undefined) shares.set(token, shared + 1);
		// Shared by none, its file could not be removed when the last one let go, such as on a disk that failed.
		return new ArchiveLock(files, token, shared === 0);
	}

	/** The last archive of the process to let go removes the file. Never rejects: a dead process's file is as good as none. */
	async release(): Promise<void> {
		const shared = shares.get(this.#token);
		if (shared === undefined) return;
		shares.set(this.#token, shared - 1);
		if (shared > 1) return;
		const path = join(this.#files.root, LOCK_FILE);
		try {
			const holder = await readHolder(this.#files, path);
			if (holder?.token === this.#token)
				await this.#files.fileSystem.unlink(path);
			shares.delete(this.#token);
		} catch {
			// It stays known as this process's, which takes it up again when it opens the archive once more.
		}
	}
}

/** Whether somebody who lives, as far as is known here, has the archive open for writing; this process counts too. */
export async function isHeld(files: DurableFiles): Promise<boolean> {
	try {
		const holder = await readHolder(files, join(files.root, LOCK_FILE));
		return holder !== undefined && !isDead(holder);
	} catch {
		// Nobody knows whose it is.
		return true;
	}
}

/**
 * Makes this process the holder of the lock file at `path`.
 *
 * Of several that find a dead holder's lock only one may replace it, and only while it is still that one: whoever has
 * the claim on it, itself a lock that is named after the dead one.
 */
async function take(
	files: DurableFiles,
	path: string,
): Promise<{ token: string; fresh: boolean }> {
	for (;;) {
		const own = newHolder();
		if (await create(files, path, own)) return { ...own, fresh: true };
		const holder = await readHolder(files, path);
		if (holder === undefined) continue;
		if (isThisProcess(holder)) return { ...holder, fresh: false };
		if (!isDead(holder)) throw locked(files.root, path, holder);
		const claim = join(files.root, `${LOCK_FILE}.${holder.token}`);
		await take(files, claim);
		try {
			const current = await readHolder(files, path);
			if (current?.token !== holder.token) continue;
			await replace(files, path, own);
			return { ...own, fresh: true };
		} finally {
			await files.fileSystem.unlink(claim).catch(() => undefined);
		}
	}
}

/**
 * Creates a lock file with its content at once, so that nobody ever reads half of it.
 *
 * @returns false when there is one already, or was a moment ago.
 */
async function create(
	files: DurableFiles,
	path: string,
	holder: LockHolder,
): Promise<boolean> {
	const temporary = await write(files, path, holder);
	try {
		await files.fileSystem.link(temporary, path);
		return true;
	} catch (error) {
		// Missing: whoever has just got the lock has swept up.
		if (systemCode(error) === "EEXIST" || isMissing(error)) return false;
		if (lacksLinks(error)) return createWithoutLinks(files, path, holder);
		throw writeError(error, path);
	} finally {
		await files.temporaries.remove(temporary);
	}
}

async function createWithoutLinks(
	files: DurableFiles,
	path: string,
	holder: LockHolder,
): Promise<boolean> {
	let file: TemporaryFile | undefined;
	try {
		const opened = await files.fileSystem.open(path, "wx", FILE_MODE);
		file = new TemporaryFile(path, opened);
		await file.write(Buffer.from(textOf(holder)));
		await file.finish(true);
		return true;
	} catch (error) {
		if (systemCode(error) === "EEXIST") return false;
		await file?.close();
		if (file !== undefined) await files.fileSystem.unlink(path);
		throw writeError(error, path);
	}
}

async function replace(
	files: DurableFiles,
	path: string,
	holder: LockHolder,
): Promise<void> {
	const temporary = await write(files, path, holder);
	try {
		await files.rename(temporary, path);
	} catch (error) {
		await files.temporaries.remove(temporary);
		throw writeError(error, path);
	}
}

/** Synced always: a power cut that left the file and took its text would leave a lock that nobody may take over. */
async function write(
	files: DurableFiles,
	path: string,
	holder: LockHolder,
): Promise<string> {
	try {
		return await files.writeTemporary(textOf(holder), true);
	} catch (error) {
		throw writeError(error, path);
	}
}

/** Who holds the lock; undefined: nobody any more. */
async function readHolder(
	files: DurableFiles,
	path: string,
): Promise<LockHolder | undefined> {
	let bytes: Uint8Array;
	try {
		bytes = await readWhole(files.fileSystem, path);
	} catch (error) {
		if (isMissing(error)) return undefined;
		throw readError(error, path);
	}
	const holder = parseHolder(Buffer.from(bytes).toString());
	if (holder !== undefined) return holder;
	throw new ArchiverError(
		"ARCHIVE_LOCKED",
		`${path} does not say which process writes to the archive; remove it if none does`,
		{ path },
	);
}

function textOf(holder: LockHolder): string {
	return `${JSON.stringify(holder)}\n`;
}

function locked(root: string, path: string, holder: LockHolder): ArchiverError {
	const { host, pid, since } = holder;
	return new ArchiverError(
		"ARCHIVE_LOCKED",
		`process ${pid} on host ${host} has the archive ${root} open for writing since ${since}; its lock is ${path}`,
		{ path, received: { host, pid, since } },
	);
}

import { randomUUID } from "node:crypto";
import { ArchiverError } from "../../errors.js";
import {
	isDead,
	isThisProcess,
	LOCK_FILE,
	type LockHolder,
	newHolder,
	parseHolder,
} from "../lock-holder.js";
import type { Condition, Conditions, ObjectStore } from "./object-store.js";
import { isConditionFailed, isMissing, StoreError } from "./store-error.js";

interface Held {
	token: string;
	/** Archives of this process that are open for writing there. */
	shares: number;
	conditions: Conditions;
	/** The change under way; the next one waits for it. */
	changing: Promise<unknown>;
}

/** Locks that this process has, by where they lie. */
const held = new Map<string, Held>();
/** Locks are taken and released one after the other. */
let lastTurn: Promise<unknown> = Promise.resolve();

const NO_ETAG = "0".repeat(32);

/**
 * The right to write to an archive: an object at its root that names the process which has it. The archives that a
 * process has open there share it. It is taken over from a process of the same host that is dead; of another host's
 * nothing is known, and its lock has to be removed by hand.
 *
 * Nothing but this lock keeps two processes apart, and a store that heeds no conditions may let two take it in the same
 * moment.
 */
export class ArchiveLock {
	/** Whether this process had no archive open there before: whatever is unfinished was left by the dead. */
	readonly fresh: boolean;
	readonly #store: ObjectStore;
	readonly #held: Held;

	private constructor(store: ObjectStore, held: Held, fresh: boolean) {
		this.#store = store;
		this.#held = held;
		this.fresh = fresh;
		store.conditions = held.conditions;
	}

	/**
	 * Takes the lock, and finds out on the way which conditions the store heeds.
	 *
	 * @throws ArchiverError ARCHIVE_LOCKED when another process has it that lives, or that is of another host
	 * @throws StoreError when it cannot be written
	 */
	static acquire(store: ObjectStore): Promise<ArchiveLock> {
		return inTurn(async () => {
			const location = locationOf(store);
			const shared = held.get(location);
			if (shared !== undefined) {
				shared.shares++;
				return new ArchiveLock(store, shared, false);
			}
			const { token, fresh } = await take(store);
			const conditions = await findConditions(store);
			const changing = Promise.resolve();
			const taken = { token, shares: 1, conditions, changing };
			// Taken elsewhere in this process, such as on another thread, it is for them to remove.
			if (fresh) held.set(location, taken);
			return new ArchiveLock(store, taken, fresh);
		});
	}

	/** Changes happen one after the other, whichever of the process's archives they come from. */
	alone<T>(change: () => Promise<T>): Promise<T> {
		const result = this.#held.changing.then(change);
		this.#held.changing = result.catch(() => undefined);
		return result;
	}

	/**
	 * Once. The last archive of the process to let go removes the object. Never rejects: a dead process's lock is as good as
	 * none.
	 *
	 * @param tidyUp - Is called before the last one does.
	 */
	release(tidyUp?: () => Promise<void>): Promise<void> {
		return inTurn(async () => {
			const location = locationOf(this.#store);
			if (held.get(location) !== this.#held || --this.#held.shares > 0) return;
			held.delete(location);
			try {
				await tidyUp?.();
				const current = await read(this.#store);
				if (current?.holder.token === this.#held.token)
					await this.#store.delete(LOCK_FILE);
			} catch {
				// It stays, as this process's.
			}
		});
	}
}

/** Who has an archive open for writing, as far as is known here: this thread, another one or another process. */
export type Writer = "nobody" | "this" | "another";

/** @throws StoreError */
export async function writerOf(store: ObjectStore): Promise<Writer> {
	if (held.has(locationOf(store))) return "this";
	try {
		const current = await read(store);
		return current === undefined || isDead(current.holder)
			? "nobody"
			: "another";
	} catch (error) {
		if (error instanceof StoreError) throw error;
		// Nobody knows whose the lock is.
		return "another";
	}
}

async function take(
	store: ObjectStore,
): Promise<{ token: string; fresh: boolean }> {
	for (;;) {
		const own = newHolder();
		const current = await read(store);
		if (current !== undefined) {
			const { holder } = current;
			if (isThisProcess(holder)) return { token: holder.token, fresh: false };
			if (!isDead(holder)) throw locked(store, holder);
		}
		const condition =
			current === undefined
				? ({ absent: true } as const)
				: { etag: current.etag };
		try {
			await store.put(LOCK_FILE, textOf(own), condition);
		} catch (error) {
			if (isConditionFailed(error)) continue;
			if (!isUnknownCondition(error)) throw error;
			await store.put(LOCK_FILE, textOf(own));
		}
		// Where conditions are not heeded the last of several to write has it.
		const now = await read(store);
		if (now?.holder.token === own.token)
			return { token: own.token, fresh: true };
	}
}

/** Writes the lock, which is this process's, under conditions that hold and under some that do not. */
async function findConditions(store: ObjectStore): Promise<Conditions> {
	const current = await read(store);
	if (current === undefined) return { absent: false, etag: false };
	let { etag } = current;
	const isRefused = async (condition: Condition) => {
		const text = { ...current.holder, probe: randomUUID() };
		try {
			etag = await store.put(LOCK_FILE, textOf(text), condition);
			return false;
		} catch (error) {
			if (isConditionFailed(error)) return true;
			if (isUnknownCondition(error)) return false;
			throw error;
		}
	};
	const absent = await isRefused({ absent: true });
	const refusesOther = await isRefused({ etag: NO_ETAG });
	const refusesRight = refusesOther && (await isRefused({ etag }));
	return { absent, etag: refusesOther && !refusesRight };
}

/** Stores that do not know a header refuse it, or pass over it. */
function isUnknownCondition(error: unknown): boolean {
	return (
		error instanceof StoreError &&
		(error.status === 501 || error.status === 400)
	);
}

/** Who holds the lock; undefined: nobody. */
async function read(
	store: ObjectStore,
): Promise<{ holder: LockHolder; etag: string } | undefined> {
	try {
		const { bytes, etag } = await store.get(LOCK_FILE);
		const holder = parseHolder(Buffer.from(bytes).toString());
		if (holder !== undefined) return { holder, etag };
	} catch (error) {
		if (isMissing(error)) return undefined;
		throw error;
	}
	const path = pathOf(store);
	throw new ArchiverError(
		"ARCHIVE_LOCKED",
		`${path} does not say which process writes to the archive; remove it if none does`,
		{ path },
	);
}

function textOf(holder: LockHolder): Buffer {
	return Buffer.from(`${JSON.stringify(holder)}\n`);
}

function locked(store: ObjectStore, holder: LockHolder): ArchiverError {
	const { host, pid, since } = holder;
	const path = pathOf(store);
	return new ArchiverError(
		"ARCHIVE_LOCKED",
		`process ${pid} on host ${host} has the archive open for writing since ${since}; its lock is ${path}`,
		{ path, received: { host, pid, since } },
	);
}

function pathOf({ place: { bucket, prefix } }: ObjectStore): string {
	return `s3://${bucket}/${prefix}${LOCK_FILE}`;
}

function locationOf({ place }: ObjectStore): string {
	return `${place.endpoint ?? ""} ${place.bucket} ${place.prefix}`;
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
	const turn = lastTurn.then(work);
	lastTurn = turn.catch(() => undefined);
	return turn;
}

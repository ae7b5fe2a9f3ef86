import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** At the root of an archive that is open for writing; names who writes there. */
export const LOCK_FILE = "hpc-job-archiver.lock";

/** Whoever holds a lock: a process, told apart from every other one that ever ran. */
export interface LockHolder {
	host: string;
	/** Changes with every boot of the host; absent where the system does not tell. */
	bootId?: string;
	pid: number;
	/** When the process started, in the system's own count since boot: process numbers are used again. Absent as above. */
	processStart?: string;
	/** For people: when the lock was taken. */
	since: string;
	/** Tells this lock from every other one. */
	token: string;
}

type Identity = Omit<LockHolder, "since" | "token">;

/** What stands in a process's `/proc/<pid>/stat` behind its name, counted from 0. */
const STATE_FIELD = 0;
const START_FIELD = 19;
const DEAD_STATES = ["Z", "X"];

/** Reads once: neither changes while this process lives. */
const bootId = readSystemFile("/proc/sys/kernel/random/boot_id")?.trim();
const processStart = processFacts(process.pid)?.start;

/** This process as the holder of a new lock. */
export function newHolder(): LockHolder {
	return {
		...thisProcess(),
		since: new Date().toISOString(),
		token: randomBytes(8).toString("hex"),
	};
}

export function isThisProcess(holder: LockHolder): boolean {
	const { host, bootId, pid, processStart } = thisProcess();
	return (
		holder.host === host &&
		holder.bootId === bootId &&
		holder.pid === pid &&
		holder.processStart === processStart
	);
}

/** Whether a holder is known to be gone; of another host nothing is known. */
export function isDead(holder: LockHolder): boolean {
	if (holder.host !== hostname()) return false;
	if (differ(holder.bootId, bootId)) return true;
	if (!isRunning(holder.pid)) return true;
	const facts = processFacts(holder.pid);
	if (facts === undefined) return false;
	return (
		DEAD_STATES.includes(facts.state) ||
		differ(holder.processStart, facts.start)
	);
}

/** A lock file's text; undefined when it is none. */
export function parseHolder(text: string): LockHolder | undefined {
	try {
		const { host, bootId, pid, processStart, since, token } = JSON.parse(text);
		const isHolder =
			typeof host === "string" &&
			Number.isSafeInteger(pid) &&
			pid > 0 &&
			typeof token === "string" &&
			/^[0-9a-f]+$/.test(token);
		return isHolder
			? { host, bootId, pid, processStart, since, token }
			: undefined;
	} catch {
		return undefined;
	}
}

function thisProcess(): Identity {
	return { host: hostname(), bootId, pid: process.pid, processStart };
}

function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code !== "ESRCH";
	}
}

/** The process's name, which may hold anything, stands in parentheses before the rest. */
function processFacts(
	pid: number,
): { state: string; start: string } | undefined {
	const stat = readSystemFile(`/proc/${pid}/stat`);
	if (stat === undefined) return undefined;
	const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
	return { state: fields[STATE_FIELD], start: fields[START_FIELD] };
}

function readSystemFile(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return undefined;
	}
}

/** Whether both are known and not the same. */
function differ(a: string | undefined, b: string | undefined): boolean {
	return a !== undefined && b !== undefined && a !== b;
}

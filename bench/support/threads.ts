import { readdir, readFile } from "node:fs/promises";

/** What Linux knows of a thread's time. */
export interface ThreadTime {
	/** Seconds on a core. */
	cpuSeconds: number;
	/** Seconds in which it could have run and had to wait for a core. */
	waitedSeconds: number;
}

const FOLDER = "/proc/self/task";
const NANOSECONDS = 1e9;

/** Times of this process's threads by thread id; the main thread's is the process's. Empty elsewhere than on Linux. */
export async function threadTimes(): Promise<Map<number, ThreadTime>> {
	const times = new Map<number, ThreadTime>();
	for (const id of await threadIds()) {
		try {
			const text = await readFile(`${FOLDER}/${id}/schedstat`, "utf8");
			const [cpu, waited] = text.split(" ").map(Number);
			times.set(id, {
				cpuSeconds: cpu / NANOSECONDS,
				waitedSeconds: waited / NANOSECONDS,
			});
		} catch {
			// It has ended meanwhile.
		}
	}
	return times;
}

/**
 * Ids of this process's threads. A thread of a pool is told from libuv's by having appeared when the pool was made:
 * both carry the same name.
 */
export async function threadIds(): Promise<number[]> {
	try {
		return (await readdir(FOLDER)).map(Number);
	} catch {
		return [];
	}
}

/** Most memory that this process has held. Unlike `getrusage`, Linux' own mark does not begin with the parent's. */
export async function peakRssBytes(): Promise<number> {
	try {
		const status = await readFile("/proc/self/status", "utf8");
		return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
	} catch {
		return process.resourceUsage().maxRSS * 1024;
	}
}

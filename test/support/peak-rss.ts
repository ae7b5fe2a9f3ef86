import { readFile } from "node:fs/promises";

/** Most memory that this process has held. Linux' own mark: that of `getrusage` begins with what the parent held. */
export async function peakRssBytes(): Promise<number> {
	try {
		const status = await readFile("/proc/self/status", "utf8");
		return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
	} catch {
		return process.resourceUsage().maxRSS * 1024;
	}
}

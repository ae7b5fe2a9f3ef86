import { WorkerPool } from "../../lib/index.js";

/** A pool whose threads break where a chunk asks them to: see `FAULTS`. Whoever makes it closes it. */
export function faultyPool(threads: number, maxHeapMib?: number): WorkerPool {
	return new WorkerPool({
		poolMinThreads: threads,
		poolMaxThreads: threads,
		poolIdleTimeoutMs: 60_000,
		entry: new URL("./faulty-entry.cjs", import.meta.url),
		maxHeapMib,
	});
}

import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Distribution } from "./statistics.js";
import { type ThreadTime, threadTimes } from "./threads.js";

/** What one timed stretch of work cost. */
export interface Cost {
	seconds: number;
	/** CPU seconds of the process. */
	cpuSeconds: number;
	/** By thread; undefined where the system does not tell. */
	threads?: ThreadCost;
	/** Time from one turn of the event loop to the next, milliseconds. Idle, it is the period of 1 ms that it is sampled with. */
	eventLoopDelayMs: Distribution;
}

export interface ThreadCost {
	mainCpuSeconds: number;
	poolCpuSeconds: number;
	/** libuv's threads, V8's, and the database's calls on them. */
	otherCpuSeconds: number;
	/** Share of the time that each pool thread was on a core. */
	poolBusy: number[];
	/** Seconds that the main thread stood ready and others had the cores: how far the machine was disturbed. */
	mainWaitedSeconds: number;
	poolWaitedSeconds: number;
}

/**
 * Runs `work` once and measures it.
 *
 * @param poolThreads - Thread ids of the pool.
 */
export async function measureCost<T>(
	work: () => Promise<T>,
	poolThreads: readonly number[] = [],
): Promise<{ result: T; cost: Cost }> {
	const delay = monitorEventLoopDelay({ resolution: 1 });
	const before = await threadTimes();
	const cpuBefore = process.cpuUsage();
	delay.enable();
	const startMs = performance.now();
	const result = await work();
	const seconds = (performance.now() - startMs) / 1000;
	delay.disable();
	const { user, system } = process.cpuUsage(cpuBefore);
	const after = await threadTimes();
	const cpuSeconds = (user + system) / 1e6;
	return {
		result,
		cost: {
			seconds,
			cpuSeconds,
			threads: threadCost(before, after, poolThreads, seconds, cpuSeconds),
			eventLoopDelayMs: {
				p50: delay.percentile(50) / 1e6,
				p90: delay.percentile(90) / 1e6,
				p99: delay.percentile(99) / 1e6,
				p999: delay.percentile(99.9) / 1e6,
				max: delay.max / 1e6,
			},
		},
	};
}

function threadCost(
	before: ReadonlyMap<number, ThreadTime>,
	after: ReadonlyMap<number, ThreadTime>,
	poolThreads: readonly number[],
	seconds: number,
	cpuSeconds: number,
): ThreadCost | undefined {
	if (after.size === 0) return undefined;
	const spent = (id: number, key: keyof ThreadTime) =>
		(after.get(id)?.[key] ?? 0) - (before.get(id)?.[key] ?? 0);
	const pool = poolThreads.map((id) => spent(id, "cpuSeconds"));
	const mainCpuSeconds = spent(process.pid, "cpuSeconds");
	const poolCpuSeconds = sum(pool);
	return {
		mainCpuSeconds,
		poolCpuSeconds,
		otherCpuSeconds: Math.max(0, cpuSeconds - mainCpuSeconds - poolCpuSeconds),
		poolBusy: pool.map((cpu) => cpu / seconds),
		mainWaitedSeconds: spent(process.pid, "waitedSeconds"),
		poolWaitedSeconds: sum(poolThreads.map((id) => spent(id, "waitedSeconds"))),
	};
}

function sum(values: readonly number[]): number {
	return values.reduce((total, value) => total + value, 0);
}

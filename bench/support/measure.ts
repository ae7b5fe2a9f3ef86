import { readFile } from "node:fs/promises";
import { monitorEventLoopDelay } from "node:perf_hooks";

/** What one timed stretch of work cost. */
export interface Cost {
	seconds: number;
	/** CPU seconds of the process. */
	cpuSeconds: number;
	/** CPU seconds of the main thread; undefined where the system does not tell. */
	mainThreadCpuSeconds?: number;
	eventLoopDelayP50Ms: number;
	eventLoopDelayP99Ms: number;
	eventLoopDelayMaxMs: number;
}

/** Runs `work` once and measures it. */
export async function measureCost<T>(
	work: () => Promise<T>,
): Promise<{ result: T; cost: Cost }> {
	const delay = monitorEventLoopDelay({ resolution: 1 });
	const mainBefore = await mainThreadCpuSeconds();
	const cpuBefore = process.cpuUsage();
	delay.enable();
	const startMs = performance.now();
	const result = await work();
	const seconds = (performance.now() - startMs) / 1000;
	delay.disable();
	const { user, system } = process.cpuUsage(cpuBefore);
	const mainAfter = await mainThreadCpuSeconds();
	const mainThread =
		mainBefore === undefined || mainAfter === undefined
			? undefined
			: mainAfter - mainBefore;
	return {
		result,
		cost: {
			seconds,
			cpuSeconds: (user + system) / 1e6,
			mainThreadCpuSeconds: mainThread,
			eventLoopDelayP50Ms: delay.percentile(50) / 1e6,
			eventLoopDelayP99Ms: delay.percentile(99) / 1e6,
			eventLoopDelayMaxMs: delay.max / 1e6,
		},
	};
}

/** Linux keeps the run time of every thread; the main thread's id is the process's. */
async function mainThreadCpuSeconds(): Promise<number | undefined> {
	try {
		const text = await readFile(
			`/proc/self/task/${process.pid}/schedstat`,
			"utf8",
		);
		return Number(text.split(" ")[0]) / 1e9;
	} catch {
		return undefined;
	}
}

/** Middle value, and the half-width of the middle half as a share of it. */
export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 === 1
		? sorted[middle]
		: (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Lowest and highest, for showing beside a median. */
export function spread(values: readonly number[]): string {
	return `${format(Math.min(...values))}..${format(Math.max(...values))}`;
}

export function format(value: number): string {
	if (value >= 1e6) return `${(value / 1e6).toFixed(1)}M`;
	if (value >= 1e3) return `${(value / 1e3).toFixed(1)}k`;
	return value.toFixed(value < 10 ? 2 : 1);
}

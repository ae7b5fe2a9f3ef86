import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type BenchOptions, print, withFolder } from "../support/bench.js";
import { knownStorages } from "../support/bench-house.js";
import { withProcesses } from "../support/rounds.js";
import { format, formatMib } from "../support/statistics.js";
import { tableText } from "../support/table.js";
import type openStorm from "./subject.js";
import type { StormRun } from "./subject.js";

const FULL_JOBS = 100_000;
const SHORT_JOBS = 1000;
/** What a process may hold at most, all that is in it included, when its caller heeds back pressure. */
const MOST_RSS_BYTES = 300 * 2 ** 20;

interface StormResult extends StormRun {
	archive: string;
	/** Whether the caller waited for each job's slot. */
	waits: boolean;
	peakRssBytes: number;
}

/**
 * Jobs of one node and ten samples, durable, triggered as fast as the archiver takes them, and again without waiting for
 * that: every one must be archived, in order. Memory must stay flat for the caller who waits; for the other one every
 * trigger that waits is a job and a promise in memory.
 */
export async function benchStorm({ short }: BenchOptions): Promise<object> {
	const jobs = short ? SHORT_JOBS : FULL_JOBS;
	print(`${jobs} tiny jobs triggered as fast as they are taken, or at once`);
	const runs: StormResult[] = [];
	await withFolder("storm", (folder) =>
		withProcesses(async (start) => {
			for (const archive of await knownStorages()) {
				for (const waits of [true, false]) {
					const own = join(folder, `${archive}-${waits ? "waits" : "at-once"}`);
					await mkdir(own);
					const subject = await start<typeof openStorm>(
						new URL("./subject.js", import.meta.url),
						{ folder: own, storage: archive, jobs, waits },
					);
					const run = await subject.run();
					const { peakRssBytes } = await subject.close();
					runs.push({ archive, waits, ...run, peakRssBytes });
				}
			}
		}),
	);
	print(table(runs));
	for (const { archive, waits, peakRssBytes } of runs)
		if (waits && peakRssBytes > MOST_RSS_BYTES)
			throw new Error(
				`${archive}: ${formatMib(peakRssBytes)} at most, and ${formatMib(MOST_RSS_BYTES)} are allowed`,
			);
	return { jobs, runs };
}

function table(runs: readonly StormResult[]): string {
	return tableText(
		[
			"",
			"jobs/s",
			"triggered in s",
			"most waiting",
			"CPU ms/job",
			"main thread",
			"in flight",
			"peak RSS",
			"loop p99 ms",
			"max",
		],
		runs.map((run) => [
			`${run.archive}, ${run.waits ? "as taken" : "at once"}`,
			format(run.jobs / run.seconds),
			format(run.triggerSeconds),
			String(run.mostWaiting),
			format((run.cpuSeconds / run.jobs) * 1000),
			format(((run.threads?.mainCpuSeconds ?? 0) / run.jobs) * 1000),
			formatMib(run.peakBytesInFlight),
			formatMib(run.peakRssBytes),
			format(run.eventLoopDelayMs.p99),
			format(run.eventLoopDelayMs.max),
		]),
	);
}

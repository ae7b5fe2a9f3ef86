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
const SHORT_JOBS = 2000;
/** What a process may hold at most, everything in it included, such as the triggers that wait for a slot. */
const MOST_RSS_BYTES = 300 * 2 ** 20;

interface StormResult extends StormRun {
	archive: string;
	peakRssBytes: number;
}

/**
 * Jobs of one node and ten samples, durable, triggered all at once and without waiting for slots: every one must be
 * archived, in order, and memory stay flat.
 */
export async function benchStorm({ short }: BenchOptions): Promise<object> {
	const jobs = short ? SHORT_JOBS : FULL_JOBS;
	print(`${jobs} tiny jobs triggered without waiting for any`);
	const runs: StormResult[] = [];
	await withFolder("storm", (folder) =>
		withProcesses(async (start) => {
			for (const storage of await knownStorages()) {
				const own = join(folder, storage);
				await mkdir(own);
				const subject = await start<typeof openStorm>(
					new URL("./subject.js", import.meta.url),
					{ folder: own, storage, jobs },
				);
				const run = await subject.run();
				runs.push({ archive: storage, ...run, ...(await subject.close()) });
			}
		}),
	);
	print(table(runs));
	for (const { archive, peakRssBytes } of runs)
		if (peakRssBytes > MOST_RSS_BYTES)
			throw new Error(
				`${archive}: ${formatMib(peakRssBytes)} held at most, and ${formatMib(MOST_RSS_BYTES)} are allowed`,
			);
	return { jobs, runs };
}

function table(runs: readonly StormResult[]): string {
	return tableText(
		[
			"",
			"jobs/s",
			"triggered in s",
			"waiting then",
			"CPU ms/job",
			"main thread",
			"in flight",
			"peak RSS",
			"loop p99 ms",
			"max",
		],
		runs.map((run) => [
			run.archive,
			format(run.jobs / run.seconds),
			format(run.triggerSeconds),
			String(run.waiting),
			format((run.cpuSeconds / run.jobs) * 1000),
			format(((run.threads?.mainCpuSeconds ?? 0) / run.jobs) * 1000),
			formatMib(run.peakBytesInFlight),
			formatMib(run.peakRssBytes),
			format(run.eventLoopDelayMs.p99),
			format(run.eventLoopDelayMs.max),
		]),
	);
}

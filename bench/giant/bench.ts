import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type JobKey, openArchive } from "../../lib/index.js";
import { type BenchOptions, print, withFolder } from "../support/bench.js";
import { summarizeDelay } from "../support/event-loop-delay.js";
import { alternate, withProcesses } from "../support/rounds.js";
import {
	format,
	formatMib,
	formatShare,
	median,
	spread,
} from "../support/statistics.js";
import { tableText } from "../support/table.js";
import { giantJob } from "./giant-source.js";
import type openGiant from "./subject.js";
import type { GiantRun } from "./subject.js";

const FULL = { nodes: 1024, warmups: 1, rounds: 5 };
const SHORT = { nodes: 128, warmups: 0, rounds: 1 };
const BUFFER_BYTES = 64 * 2 ** 20;
const CHECKED_METRIC = "metric_7";

/**
 * One job of 1,024 nodes, 24 h and 20 metrics: 236 MB of samples through a buffer of 64 MiB, with as many threads as an
 * embedding backend would have, and with one for every core.
 */
export async function benchGiant({ short }: BenchOptions): Promise<object> {
	const { nodes, ...rounds } = short ? SHORT : FULL;
	const cores = availableParallelism();
	const threadCounts = [...new Set([Math.max(1, cores - 1), cores])];
	print(
		`one job of ${nodes} nodes, 24 h, 20 metrics; medians of ${rounds.rounds} alternating rounds`,
	);
	return withFolder("giant", (folder) =>
		withProcesses(async (start) => {
			const subjects = await Promise.all(
				threadCounts.map(async (threads) => {
					const own = join(folder, String(threads));
					await mkdir(own);
					const subject = await start<typeof openGiant>(
						new URL("./subject.js", import.meta.url),
						{
							folder: own,
							nodes,
							options: {
								poolMinThreads: threads,
								poolMaxThreads: threads,
								bufferBytes: BUFFER_BYTES,
							},
						},
					);
					return { threads, own, subject };
				}),
			);
			const measured = await alternate<GiantRun>(
				subjects.map(({ threads, subject }) => ({
					name: String(threads),
					run: () => subject.run(),
				})),
				rounds,
			);
			const runs: GiantSummary[] = [];
			for (const { threads, own, subject } of subjects) {
				const ownRuns = measured.get(String(threads)) as GiantRun[];
				const { peakRssBytes } = await subject.close();
				for (const { key } of ownRuns)
					await checkGiant(join(own, "archive"), key, nodes);
				runs.push({ threads, ...summarize(ownRuns), peakRssBytes });
			}
			print(table(runs));
			return {
				nodes,
				samples: measured.values().next().value?.[0].samples,
				bufferBytes: BUFFER_BYTES,
				rounds: rounds.rounds,
				runs,
			};
		}),
	);
}

type GiantSummary = ReturnType<typeof summarize> & {
	threads: number;
	peakRssBytes: number;
};

/** Reads one metric back and compares every sample. */
async function checkGiant(
	path: string,
	key: JobKey,
	nodes: number,
): Promise<void> {
	const { source } = await giantJob(nodes);
	const archive = await openArchive(`file:${path}`, { readOnly: true });
	const data = await archive.loadJobData(key, { metrics: [CHECKED_METRIC] });
	await archive.close();
	const series = data[CHECKED_METRIC]?.node?.series ?? [];
	if (series.length !== nodes)
		throw new Error(`${series.length} series came back of ${nodes}`);
	for (const [host, { data }] of series.entries()) {
		const expected = source.seriesOf(host, CHECKED_METRIC);
		if (data.some((value, i) => !Object.is(value, expected[i])))
			throw new Error(`the series of host ${host} came back changed`);
	}
}

function summarize(runs: readonly GiantRun[]) {
	const of = (value: (run: GiantRun) => number) => median(runs.map(value));
	return {
		seconds: of(({ seconds }) => seconds),
		secondsSpread: spread(runs.map(({ seconds }) => seconds)),
		secondsPerRound: runs.map(({ seconds }) => seconds),
		samplesPerSecond: of(({ samples, seconds }) => samples / seconds),
		bytesPerSample: of(({ bytes, samples }) => bytes / samples),
		/** Of the least busy thread. */
		poolBusyShare: of(({ threads }) => Math.min(...(threads?.poolBusy ?? []))),
		mainThreadCpuShare: of(
			({ threads, cpuSeconds }) => (threads?.mainCpuSeconds ?? 0) / cpuSeconds,
		),
		mainThreadWaitedShare: of(
			({ threads, seconds }) => (threads?.mainWaitedSeconds ?? 0) / seconds,
		),
		...summarizeDelay(runs),
	};
}

function table(runs: readonly GiantSummary[]): string {
	return tableText(
		[
			"threads",
			"seconds",
			"shortest..longest",
			"samples/s",
			"B/sample",
			"least busy thread",
			"main's share",
			"loop p99 ms",
			"max",
			"peak RSS",
			"waited",
		],
		runs.map((run) => [
			String(run.threads),
			format(run.seconds),
			run.secondsSpread,
			format(run.samplesPerSecond),
			run.bytesPerSample.toFixed(3),
			formatShare(run.poolBusyShare),
			formatShare(run.mainThreadCpuShare),
			format(run.eventLoopDelayP99Ms),
			format(run.eventLoopDelayMaxMs),
			formatMib(run.peakRssBytes),
			formatShare(run.mainThreadWaitedShare),
		]),
	);
}

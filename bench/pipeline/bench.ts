import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type openYardstick from "../baseline/subject.js";
import type { YardstickRun } from "../baseline/subject.js";
import { type BenchOptions, print, withFolder } from "../support/bench.js";
import type { ArchivingRun } from "../support/bench-house.js";
import { loadLargeJob } from "../support/large-job.js";
import { alternate, withProcesses } from "../support/rounds.js";
import {
	format,
	formatMib,
	formatShare,
	median,
	medianDistribution,
	spread,
} from "../support/statistics.js";
import { tableText } from "../support/table.js";
import type openPipeline from "./subject.js";

const FULL = { jobs: 100, yardstickJobs: 10, warmups: 2, rounds: 7 };
const SHORT = { jobs: 10, yardstickJobs: 2, warmups: 1, rounds: 1 };

const YARDSTICK = "json-gzip";

/**
 * The large job from memory to a durable archive and database, a hundred times a run, with 1, 2, ... threads; and the same
 * without any writing. In every round the yardstick runs too, so that both see the same machine.
 */
export async function benchPipeline({ short }: BenchOptions): Promise<object> {
	const size = short ? SHORT : FULL;
	const { name, samples, columns } = await loadLargeJob();
	const most = Number(
		process.env.ARCHIVER_POOL_MAX_THREADS || availableParallelism(),
	);
	const settings = [true, false].flatMap((durable) =>
		Array.from({ length: most }, (_, i) => ({ threads: i + 1, durable })),
	);
	print(
		`${name}: ${columns.length} columns, ${samples} samples, ${size.jobs} times a run; medians of ${size.rounds} alternating rounds`,
	);
	return withFolder("pipeline", (folder) =>
		withProcesses(async (start) => {
			const yardstick = await start<typeof openYardstick>(
				new URL("../baseline/subject.js", import.meta.url),
				{ folder: join(folder, YARDSTICK), jobs: size.yardstickJobs },
			);
			const pipelines = await Promise.all(
				settings.map(async (setting) => {
					const place = join(folder, nameOf(setting));
					await mkdir(place);
					const subject = await start<typeof openPipeline>(
						new URL("./subject.js", import.meta.url),
						{ ...setting, folder: place, jobs: size.jobs },
					);
					return { setting, subject };
				}),
			);
			const runs = await alternate<ArchivingRun | YardstickRun>(
				[
					{ name: YARDSTICK, run: () => yardstick.run() },
					...pipelines.map(({ setting, subject }) => ({
						name: nameOf(setting),
						run: () => subject.run(),
					})),
				],
				size,
			);
			const baseline = runs.get(YARDSTICK) as YardstickRun[];
			const summaries: PipelineSummary[] = [];
			for (const { setting, subject } of pipelines) {
				const own = runs.get(nameOf(setting)) as ArchivingRun[];
				const { peakRssBytes } = await subject.close();
				summaries.push(summarize(setting, own, baseline, peakRssBytes));
			}
			await yardstick.close();
			const yardstickRates = baseline.map(rateOf);
			print(
				`json-gzip yardstick: ${format(median(yardstickRates))} samples/s (${spread(yardstickRates)}), ` +
					`${(baseline[0].bytes / baseline[0].samples).toFixed(3)} B/sample, ` +
					`event loop max ${format(median(baseline.map((run) => run.eventLoopDelayMs.max)))} ms`,
			);
			print(table(summaries));
			return {
				job: name,
				samples,
				rounds: size.rounds,
				yardstickSamplesPerSecond: median(yardstickRates),
				yardstickBytesPerSample: baseline[0].bytes / baseline[0].samples,
				runs: summaries,
			};
		}),
	);
}

interface Setting {
	threads: number;
	durable: boolean;
}

type PipelineSummary = ReturnType<typeof summarize>;

function nameOf({ threads, durable }: Setting): string {
	return `${durable ? "durable" : "discarded"}-${threads}`;
}

function rateOf({
	samples,
	seconds,
}: {
	samples: number;
	seconds: number;
}): number {
	return samples / seconds;
}

function summarize(
	setting: Setting,
	runs: readonly ArchivingRun[],
	yardstick: readonly YardstickRun[],
	peakRssBytes: number,
) {
	const of = (value: (run: ArchivingRun) => number) => median(runs.map(value));
	const delay = medianDistribution(runs.map((run) => run.eventLoopDelayMs));
	const { threads: _, ...first } = runs[0];
	return {
		...setting,
		jobsPerSecond: of(({ jobs, seconds }) => jobs / seconds),
		samplesPerSecond: of(rateOf),
		samplesPerSecondSpread: [
			Math.min(...runs.map(rateOf)),
			Math.max(...runs.map(rateOf)),
		],
		vsYardstick: median(
			runs.map((run, round) => rateOf(run) / rateOf(yardstick[round])),
		),
		cpuMsPerJob: of(({ cpuSeconds, jobs }) => (cpuSeconds / jobs) * 1000),
		mainThreadCpuMsPerJob: of(
			({ threads, jobs }) => ((threads?.mainCpuSeconds ?? NaN) / jobs) * 1000,
		),
		poolCpuMsPerJob: of(
			({ threads, jobs }) => ((threads?.poolCpuSeconds ?? NaN) / jobs) * 1000,
		),
		mainThreadCpuShare: of(
			({ threads, cpuSeconds }) =>
				(threads?.mainCpuSeconds ?? NaN) / cpuSeconds,
		),
		poolBusy: of(
			({ threads }) =>
				(threads?.poolBusy ?? []).reduce((sum, busy) => sum + busy, 0) /
				setting.threads,
		),
		mainThreadWaitedShare: of(
			({ threads, seconds }) => (threads?.mainWaitedSeconds ?? NaN) / seconds,
		),
		eventLoopDelayP50Ms: delay.p50,
		eventLoopDelayP99Ms: delay.p99,
		eventLoopDelayMaxMs: delay.max,
		eventLoopDelayMs: delay,
		peakRssBytes,
		bytesPerSample: first.bytes / first.samples,
	};
}

function table(summaries: readonly PipelineSummary[]): string {
	return tableText(
		[
			"",
			"threads",
			"samples/s",
			"lowest..highest",
			"x json-gzip",
			"B/sample",
			"CPU ms/job: main",
			"pool",
			"main's share",
			"loop p50 ms",
			"p99",
			"max",
			"peak RSS",
		],
		summaries.map((summary) => [
			summary.durable ? "durable" : "without writes",
			String(summary.threads),
			format(summary.samplesPerSecond),
			summary.samplesPerSecondSpread.map(format).join(".."),
			format(summary.vsYardstick),
			summary.bytesPerSample.toFixed(3),
			format(summary.mainThreadCpuMsPerJob),
			format(summary.poolCpuMsPerJob),
			formatShare(summary.mainThreadCpuShare),
			format(summary.eventLoopDelayP50Ms),
			format(summary.eventLoopDelayP99Ms),
			format(summary.eventLoopDelayMaxMs),
			formatMib(summary.peakRssBytes),
		]),
	);
}

import type { Measured } from "./archiving-bench.js";
import type { ArchivingRun } from "./bench-house.js";
import { type DelaySummary, summarizeDelay } from "./event-loop-delay.js";
import {
	format,
	formatMib,
	formatShare,
	median,
	spread,
} from "./statistics.js";
import { tableText } from "./table.js";

/** Medians over the rounds. */
export interface ArchivingSummary extends DelaySummary {
	jobsPerSecond: number;
	samplesPerSecond: number;
	/** Of the slowest and of the fastest round. */
	samplesPerSecondSpread: [number, number];
	samplesPerSecondPerRound: number[];
	/** Samples a second as a multiple of the yardstick's in the same round. */
	vsYardstick: number;
	vsYardstickPerRound: number[];
	bytesPerSample: number;
	cpuMsPerJob: number;
	/** Absent where the system does not tell threads apart, as are the others about threads. */
	mainThreadCpuMsPerJob?: number;
	poolCpuMsPerJob?: number;
	otherCpuMsPerJob?: number;
	mainThreadCpuShare?: number;
	/** Share of the time that the pool's threads were on a core. */
	poolBusyShare?: number;
	/** Share of the time that the main thread stood ready and others had the cores: above a few per cent, figures are noise. */
	mainThreadWaitedShare?: number;
	eventLoopDelayP50Ms: number;
	peakRssBytes: number;
}

export function summarizeArchiving({
	runs,
	yardstick,
	peakRssBytes,
}: Measured): ArchivingSummary {
	const of = (value: (run: ArchivingRun) => number) => median(runs.map(value));
	const rates = runs.map(rateOf);
	const ratios = rates.map((rate, round) => rate / rateOf(yardstick[round]));
	const delay = summarizeDelay(runs);
	return {
		jobsPerSecond: of(({ jobs, seconds }) => jobs / seconds),
		samplesPerSecond: median(rates),
		samplesPerSecondSpread: [Math.min(...rates), Math.max(...rates)],
		samplesPerSecondPerRound: rates,
		vsYardstick: median(ratios),
		vsYardstickPerRound: ratios,
		bytesPerSample: of(({ bytes, samples }) => bytes / samples),
		cpuMsPerJob: of(({ cpuSeconds, jobs }) => (cpuSeconds / jobs) * 1000),
		...summarizeThreads(runs),
		eventLoopDelayP50Ms: delay.eventLoopDelayMs.p50,
		...delay,
		peakRssBytes,
	};
}

/** What the yardstick did, as text and for the result. */
export function summarizeYardstick({ yardstick }: Measured): {
	text: string;
	samplesPerSecond: number;
	samplesPerSecondPerRound: number[];
	bytesPerSample: number;
} {
	const rates = yardstick.map(rateOf);
	const [{ bytes, samples }] = yardstick;
	const delayMaxMs = median(yardstick.map((run) => run.eventLoopDelayMs.max));
	return {
		text: `json-gzip yardstick: ${format(median(rates))} samples/s (${spread(rates)}), ${(bytes / samples).toFixed(3)} B/sample, event loop max ${format(delayMaxMs)} ms`,
		samplesPerSecond: median(rates),
		samplesPerSecondPerRound: rates,
		bytesPerSample: bytes / samples,
	};
}

export function archivingTable(
	summaries: readonly (ArchivingSummary & { name: string })[],
): string {
	return tableText(
		[
			"",
			"jobs/s",
			"samples/s",
			"slowest..fastest",
			"x json-gzip",
			"B/sample",
			"CPU ms/job: main",
			"pool",
			"other",
			"main's share",
			"loop p50 ms",
			"p99",
			"max",
			"peak RSS",
			"waited",
		],
		summaries.map((summary) => [
			summary.name,
			format(summary.jobsPerSecond),
			format(summary.samplesPerSecond),
			summary.samplesPerSecondSpread.map(format).join(".."),
			format(summary.vsYardstick),
			summary.bytesPerSample.toFixed(3),
			formatKnown(summary.mainThreadCpuMsPerJob, format),
			formatKnown(summary.poolCpuMsPerJob, format),
			formatKnown(summary.otherCpuMsPerJob, format),
			formatKnown(summary.mainThreadCpuShare, formatShare),
			format(summary.eventLoopDelayP50Ms),
			format(summary.eventLoopDelayP99Ms),
			format(summary.eventLoopDelayMaxMs),
			formatMib(summary.peakRssBytes),
			formatKnown(summary.mainThreadWaitedShare, formatShare),
		]),
	);
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

function summarizeThreads(
	runs: readonly ArchivingRun[],
): Partial<ArchivingSummary> {
	const known = runs.flatMap(({ threads, jobs, seconds, cpuSeconds }) =>
		threads === undefined ? [] : [{ ...threads, jobs, seconds, cpuSeconds }],
	);
	if (known.length === 0) return {};
	const of = (value: (run: (typeof known)[number]) => number) =>
		median(known.map(value));
	return {
		mainThreadCpuMsPerJob: of((run) => (run.mainCpuSeconds / run.jobs) * 1000),
		poolCpuMsPerJob: of((run) => (run.poolCpuSeconds / run.jobs) * 1000),
		otherCpuMsPerJob: of((run) => (run.otherCpuSeconds / run.jobs) * 1000),
		mainThreadCpuShare: of((run) => run.mainCpuSeconds / run.cpuSeconds),
		poolBusyShare: of(
			({ poolBusy }) =>
				poolBusy.reduce((sum, busy) => sum + busy, 0) / poolBusy.length,
		),
		mainThreadWaitedShare: of((run) => run.mainWaitedSeconds / run.seconds),
	};
}

function formatKnown(
	value: number | undefined,
	text: (value: number) => string,
): string {
	return value === undefined ? "-" : text(value);
}

import type { AllResults } from "../all/results.js";
import type { DelaySummary } from "../support/event-loop-delay.js";
import {
	highest,
	lowest,
	type Plot,
	quantilePlot,
	roundsPlot,
} from "./plot.js";
import { resultOf, type Shapes } from "./shapes.js";

type PlotsOf<Name extends keyof Shapes> = (result: Shapes[Name]) => Plot[];

const PLOTS: { [Name in keyof Shapes]: PlotsOf<Name> } = {
	codec: ({ shapes }) => [sizeAgainstSpeed(shapes)],
	pipeline: (result) => [throughput(result), ...delaysOf("pipeline", result)],
	mix: ({ runs }) => [
		delays(
			"the mix",
			runs.map((run) => ({ label: run.archive, ...run })),
		),
		ratesOf(runs.map((run) => ({ label: run.archive, ...run }))),
	],
	small: smallPlots,
	burst: burstPlots,
	storm: ({ runs }) => [
		delays(
			"the storm",
			runs.map((run) => ({
				label: `${run.archive}, ${run.waits ? "as slots are free" : "all at once"}`,
				eventLoopDelayMs: run.eventLoopDelayMs,
				eventLoopDelayMsPerRound: [run.eventLoopDelayMs],
			})),
		),
	],
	source: sourcePlots,
	growth: growthPlots,
	embed: embedPlots,
	giant: giantPlots,
	soak: soakPlots,
};

/** The plots of a bench; none for one that the page knows no plots of. */
export function plotsOf(results: AllResults, bench: string): Plot[] {
	if (!Object.hasOwn(PLOTS, bench)) return [];
	const name = bench as keyof Shapes;
	const result = resultOf(results, name);
	return result === undefined
		? []
		: (PLOTS[name] as PlotsOf<typeof name>)(result as never);
}

function sizeAgainstSpeed(shapes: Shapes["codec"]["shapes"]): Plot {
	const gzip = shapes
		.filter(({ level }) => level === shapes[0].level)
		.map(({ name, gzip }) => ({
			name,
			level: "json-gzip",
			bytes: gzip.bytesPerSample,
			rate: gzip.samplesPerSecond,
		}));
	const points = shapes
		.map((it) => ({
			name: it.name,
			level: it.level,
			bytes: it.bytesPerSample,
			rate: it.encodeSamplesPerSecond,
		}))
		.concat(gzip)
		.sort((a, b) => a.bytes - b.bytes);
	const levels = [...new Set(points.map(({ level }) => level))];
	return {
		title: "Size against speed",
		note: "Encoding on one thread, by kind of series; further up and to the left is better.",
		x: { label: "bytes a sample", log: true },
		y: { label: "samples/s", log: true },
		xs: points.map(({ bytes }) => bytes),
		series: levels.map((level) => ({
			label: level,
			kind: "points",
			values: points.map((it) => (it.level === level ? it.rate : null)),
		})),
		names: points.map(({ name }) => name),
		wide: true,
	};
}

function throughput({ runs, yardstick }: Shapes["pipeline"]): Plot {
	const xs = [...new Set(runs.map(({ threads }) => threads))].sort(
		(a, b) => a - b,
	);
	const of = (durable: boolean) => {
		const found = xs.map((threads) =>
			runs.find((run) => run.threads === threads && run.durable === durable),
		);
		return {
			values: found.map((run) => run?.samplesPerSecond ?? null),
			low: found.map((run) => run?.samplesPerSecondSpread[0] ?? null),
			high: found.map((run) => run?.samplesPerSecondSpread[1] ?? null),
		};
	};
	return {
		title: "Throughput against threads",
		note: "The large job, over and over; bands from the slowest round to the fastest.",
		x: {
			label: "pool threads",
			ticks: xs.map((value) => ({ value, label: String(value) })),
		},
		y: { label: "samples/s", fromZero: true },
		xs,
		series: [
			{ label: "without writes", ...of(false) },
			{ label: "durable", ...of(true) },
			{
				label: "json-gzip",
				kind: "dashed",
				values: xs.map(() => yardstick.samplesPerSecond),
			},
		],
	};
}

function delaysOf(bench: string, { runs }: Shapes["pipeline"]): Plot[] {
	return [
		delays(
			bench,
			runs
				.filter(({ durable }) => durable)
				.map((run) => ({ label: threadsText(run.threads), ...run })),
		),
	];
}

function smallPlots({ runs }: Shapes["small"]): Plot[] {
	return [
		roundsPlot(
			{
				title: "Small jobs",
				note: "Jobs of one node and ten samples, durable, against one job after the other.",
			},
			{ label: "jobs/s", log: true },
			runs.flatMap((run) => [
				{ label: run.archive, perRound: run.jobsPerSecondPerRound },
				{
					label: `${run.archive}, naive`,
					perRound: run.naiveJobsPerSecondPerRound,
				},
			]),
		),
		delays(
			"small jobs",
			runs.map((run) => ({ label: run.archive, ...run })),
		),
	];
}

function burstPlots(burst: Shapes["burst"]): Plot[] {
	return [
		quantilePlot(
			{
				title: "A burst of large jobs",
				note: "From the trigger to being durable and recorded, all triggered at once.",
			},
			"ms to durable",
			[
				{
					label: "trigger to durable",
					median: burst.triggerToDurableMs,
					perRound: burst.triggerToDurableMsPerRound,
				},
			],
		),
		delays("the burst", [{ label: "burst", ...burst }]),
	];
}

function sourcePlots({ ingest }: Shapes["source"]): Plot[] {
	return [
		roundsPlot(
			{
				title: "Ingest",
				note: "Samples taken in by the memory store, on one core.",
			},
			{ label: "samples/s", log: true },
			ingest.map(({ name, samplesPerSecondPerRound }) => ({
				label: name,
				perRound: samplesPerSecondPerRound,
			})),
		),
		delays(
			"ingest",
			ingest.map((it) => ({ label: it.name, ...it })),
		),
	];
}

function growthPlots({ archivedJobs, samples }: Shapes["growth"]): Plot[] {
	const xs = [...new Set(archivedJobs.map((it) => it.archivedJobs))];
	const archives = [...new Set(archivedJobs.map(({ archive }) => archive))];
	type Row = Shapes["growth"]["archivedJobs"][number];
	const lines = (
		quantities: readonly (readonly [
			string,
			(row: Row) => number,
			((row: Row) => readonly number[])?,
		])[],
	) =>
		archives.flatMap((archive) => {
			const rows = archivedJobs.filter((it) => it.archive === archive);
			return quantities.map(([label, value, perRound]) => ({
				label: `${archive}: ${label}`,
				values: rows.map(value),
				...(perRound && {
					low: rows.map((row) => lowest(perRound(row))),
					high: rows.map((row) => highest(perRound(row))),
				}),
			}));
		});
	const x = { label: "jobs in the archive", log: true };
	return [
		{
			title: "Archiving beside what is there",
			note: "Small jobs; it should not matter how many jobs there are already.",
			x,
			y: { label: "ms", unit: "ms", fromZero: true },
			xs,
			series: lines([
				[
					"one job alone",
					(row) => row.triggerToDurableMs,
					(row) => row.triggerToDurableMsPerRound,
				],
				[
					"a job of a full channel",
					(row) => row.groupedMs,
					(row) => row.groupedMsPerRound,
				],
			]),
		},
		{
			title: "Looking through what is there",
			note: "Opening, the look-up of pending jobs and recovery should not grow; info looks at every job.",
			x,
			y: { label: "ms", unit: "ms", log: true },
			xs,
			series: lines([
				["open", (row) => row.openMs],
				["pending", (row) => row.pendingMs],
				["recovery of 128", (row) => row.recoveryMs],
				["info", (row) => row.infoMs],
			]),
		},
		{
			title: "Memory beside what is there",
			note: "Peak RSS of the process.",
			x,
			y: { label: "peak RSS", unit: "bytes", fromZero: true },
			xs,
			series: lines([["peak RSS", (row) => row.peakRssBytes]]),
		},
		{
			title: "Growing jobs",
			note: "Time of a job against its samples, in a file archive.",
			x: { label: "samples a job", log: true },
			y: { label: "ms a job", unit: "ms", log: true },
			xs: samples.map(({ samplesPerJob }) => samplesPerJob),
			series: [
				{ label: "ms a job", values: samples.map(({ msPerJob }) => msPerJob) },
			],
		},
	];
}

function embedPlots({ runs }: Shapes["embed"]): Plot[] {
	return [
		quantilePlot(
			{
				title: "A server that archives beside serving",
				note: "How long a request takes, by what the same process does beside.",
			},
			"ms a request",
			runs.map(({ beside, latencyMs, latencyMsPerRound }) => ({
				label: beside,
				median: latencyMs,
				perRound: latencyMsPerRound,
			})),
		),
		delays(
			"serving",
			runs.map((run) => ({ label: run.beside, ...run })),
		),
	];
}

function giantPlots({ runs }: Shapes["giant"]): Plot[] {
	const labelled = runs.map((run) => ({
		label: threadsText(run.threads),
		...run,
	}));
	return [
		roundsPlot(
			{ title: "The giant job", note: "Seconds a job." },
			{ label: "s", fromZero: true },
			labelled.map(({ label, secondsPerRound }) => ({
				label,
				perRound: secondsPerRound,
			})),
		),
		delays("the giant job", labelled),
	];
}

function soakPlots({ memory }: Shapes["soak"]): Plot[] {
	return [
		{
			title: "Memory of the soak",
			note: "The mix in a loop.",
			x: { label: "minutes" },
			y: { label: "memory", unit: "bytes", fromZero: true },
			xs: memory.map(({ seconds }) => seconds / 60),
			series: [
				{ label: "RSS", values: memory.map(({ rssBytes }) => rssBytes) },
				{
					label: "heap used",
					values: memory.map(({ heapUsedBytes }) => heapUsedBytes),
				},
				{
					label: "array buffers",
					values: memory.map(({ arrayBuffersBytes }) => arrayBuffersBytes),
				},
			],
		},
	];
}

function delays(
	during: string,
	runs: readonly (Pick<
		DelaySummary,
		"eventLoopDelayMs" | "eventLoopDelayMsPerRound"
	> & { label: string })[],
): Plot {
	return quantilePlot(
		{
			title: `Event-loop delay during ${during}`,
			note: "From one turn to the next on the main thread; it is sampled every millisecond, so an idle one shows 1 ms.",
		},
		"ms",
		runs.map(({ label, eventLoopDelayMs, eventLoopDelayMsPerRound }) => ({
			label,
			median: eventLoopDelayMs,
			perRound: eventLoopDelayMsPerRound,
		})),
	);
}

function ratesOf(
	runs: readonly { label: string; samplesPerSecondPerRound: number[] }[],
): Plot {
	return roundsPlot(
		{ title: "Throughput", note: "Samples a second, round after round." },
		{ label: "samples/s", fromZero: true },
		runs.map(({ label, samplesPerSecondPerRound }) => ({
			label,
			perRound: samplesPerSecondPerRound,
		})),
	);
}

function threadsText(threads: number): string {
	return threads === 1 ? "1 thread" : `${threads} threads`;
}

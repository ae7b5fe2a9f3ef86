import type { AllResults } from "../all/results.js";
import { format, formatMib, formatShare } from "../support/statistics.js";
import { resultOf, type Shapes } from "./shapes.js";

/** A line about one thing that was measured. */
export interface SummaryRow {
	bench: string;
	what: string;
	result: string;
}

type Lines = (readonly [what: string, result: string])[];

const LINES: { [Name in keyof Shapes]: (result: Shapes[Name]) => Lines } = {
	pipeline: pipelineLines,
	mix: ({ runs }) =>
		runs.map((run) => [
			`jobs of two real clusters, ${archiveText(run.archive)}`,
			`${format(run.samplesPerSecond)} samples/s, ${format(run.vsYardstick)} × json-gzip, ${delayText(run)}`,
		]),
	small: ({ runs }) =>
		runs.map((run) => [
			`jobs of one node and ten samples, ${archiveText(run.archive)}`,
			`${format(run.jobsPerSecond)} jobs/s, ${format(run.vsNaive)} × one by one`,
		]),
	burst: (burst) => [
		[
			"large jobs all at once, from trigger to durable",
			`p50 ${format(burst.triggerToDurableMs.p50)} ms, p99 ${format(burst.triggerToDurableMs.p99)} ms, ${delayText(burst)}`,
		],
	],
	storm: ({ runs }) =>
		runs.map((run) => [
			`${run.jobs} tiny jobs triggered ${run.waits ? "as slots are free" : "all at once"}, ${archiveText(run.archive)}`,
			`${format(run.jobs / run.seconds)} jobs/s, peak RSS ${formatMib(run.peakRssBytes)}, loop p99 ${format(run.eventLoopDelayMs.p99)} ms`,
		]),
	giant: ({ samples, runs }) =>
		runs.map((run) => [
			`one job of ${format(samples)} samples, ${threadsText(run.threads)}`,
			`${format(run.seconds)} s, least busy thread ${formatShare(run.poolBusyShare)}, peak RSS ${formatMib(run.peakRssBytes)}`,
		]),
	embed: ({ runs }) =>
		runs
			.filter(({ beside }) => beside !== "nothing")
			.map((run) => [
				`p99 of a server's answers beside ${besideText(run.beside)}`,
				`${format(run.p99VsNothing)} × without (${format(run.latencyMs.p99)} ms)`,
			]),
	growth: growthLines,
	source: sourceLines,
	codec: ({ shapes }) =>
		shapes
			.filter(({ name }) => name === shapes[0].name)
			.map((shape) => [
				`encoding ${shape.name}, ${shape.level}`,
				`${shape.bytesPerSample.toFixed(3)} B/sample, ${format(shape.encodeSamplesPerSecond)} samples/s, ${format(shape.encodeVsGzip)} × JSON and gzip`,
			]),
	soak: ({ minutes, jobs, flatness, grown }) => [
		[
			`the mix in a loop for ${format(minutes)} minutes, ${jobs} jobs`,
			`RSS of minutes ${flatness.fromMinute} to ${flatness.toMinute} within ${formatShare(flatness.spreadShare)}, ${grown.length === 0 ? "no handle or listener more" : `${grown.length} kinds of handles grew`}`,
		],
	],
};

/** The most telling figures of each bench that was run. */
export function summaryRows(
	results: Pick<AllResults, "benches">,
): SummaryRow[] {
	return (Object.keys(LINES) as (keyof Shapes)[]).flatMap((bench) =>
		rowsOf(results, bench),
	);
}

function rowsOf<Name extends keyof Shapes>(
	results: Pick<AllResults, "benches">,
	bench: Name,
): SummaryRow[] {
	const result = resultOf(results, bench);
	if (result === undefined) return [];
	return LINES[bench](result).map(([what, result]) => ({
		bench,
		what,
		result,
	}));
}

function pipelineLines({ runs }: Shapes["pipeline"]): Lines {
	return runs.map((run) => [
		`large job, ${run.durable ? "durable on disk" : "without writes"}, ${threadsText(run.threads)}`,
		[
			`${format(run.samplesPerSecond)} samples/s`,
			`${format(run.vsYardstick)} × json-gzip`,
			...(run.durable && run.mainThreadCpuShare !== undefined
				? [`main thread ${formatShare(run.mainThreadCpuShare)} of the CPU time`]
				: []),
			...(run.durable ? [delayText(run)] : []),
		].join(", "),
	]);
}

function growthLines({ archivedJobs }: Shapes["growth"]): Lines {
	const archives = [...new Set(archivedJobs.map(({ archive }) => archive))];
	return archives.flatMap((archive): Lines => {
		const rows = archivedJobs.filter((it) => it.archive === archive);
		const [least] = rows;
		const most = rows[rows.length - 1];
		return [
			[
				`trigger to durable beside ${most.archivedJobs} jobs in a ${archiveText(archive)}`,
				`${format(most.triggerToDurableMs / least.triggerToDurableMs)} × that beside ${least.archivedJobs}`,
			],
		];
	});
}

function sourceLines({ ingest, takeOut }: Shapes["source"]): Lines {
	return [
		...ingest.map((it): Lines[number] => [
			`samples into the memory store, ${it.name}`,
			`${format(it.samplesPerSecond)} samples/s, loop p99 ${format(it.eventLoopDelayMs.p99)} ms`,
		]),
		...takeOut.map((it): Lines[number] => [
			`a job out of the memory store, ${it.name}`,
			`${format(it.milliseconds)} ms, ${format(it.ratio)} × TypedArray.set`,
		]),
	];
}

function delayText({
	eventLoopDelayP99Ms,
	eventLoopDelayMaxMs,
}: {
	eventLoopDelayP99Ms: number;
	eventLoopDelayMaxMs: number;
}): string {
	return `loop p99 ${format(eventLoopDelayP99Ms)} ms, max ${format(eventLoopDelayMaxMs)} ms`;
}

function archiveText(archive: string): string {
	return archive === "sqlite" ? "SQLite archive" : `${archive} archive`;
}

function besideText(beside: string): string {
	return beside === "archiver" ? "an archiver at full rate" : beside;
}

function threadsText(threads: number): string {
	return threads === 1 ? "1 thread" : `${threads} threads`;
}

import type { EventEmitter } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type BenchOptions, print, withFolder } from "../support/bench.js";
import {
	type ArchivingRun,
	BenchHouse,
	knownStorages,
} from "../support/bench-house.js";
import { checkArchived } from "../support/check.js";
import { summarizeDelay } from "../support/event-loop-delay.js";
import { loadJobMix, MIX_JOBS } from "../support/job-mix.js";
import {
	format,
	formatMib,
	formatShare,
	median,
} from "../support/statistics.js";
import { tableText } from "../support/table.js";
import type { Workload } from "../support/workload.js";
import { livingEmitters, watchEmitters } from "./emitters.js";
import {
	byMinute,
	type Flatness,
	flatness,
	type MemorySample,
	type MinuteOfMemory,
	memorySample,
} from "./memory.js";
import {
	countResources,
	type Growth,
	grownResources,
	type Resources,
} from "./resources.js";

const FULL = { minutes: 10, jobs: MIX_JOBS };
const SHORT = { minutes: 1 / 3, jobs: 34 };
/** Mixes to each archive before anything is counted: threads, statements and buffers are there then. */
const WARMUPS = 2;
const SAMPLE_EVERY_MS = 1000;
/** Memory must be flat over so many minutes at the end, and a shorter soak proves nothing. */
const FLAT_MINUTES = 5;
const MOST_SPREAD = 0.05;

/**
 * The mix again and again, always under new job ids, into a file and a SQLite archive in turn, in one process: memory must
 * stay where it is, and nothing may be left open or listened to more and more.
 */
export async function benchSoak({
	short,
	minutes,
}: BenchOptions): Promise<object> {
	const size = { ...(short ? SHORT : FULL), ...(minutes && { minutes }) };
	watchEmitters();
	const warnings: string[] = [];
	process.on("warning", ({ name, message }) =>
		warnings.push(`${name}: ${message}`),
	);
	const workload = await loadJobMix(size.jobs);
	print(`${workload.name}, for ${format(size.minutes)} minutes`);
	const soaked = await withFolder("soak", (folder) =>
		soak(folder, workload, size.minutes),
	);
	const result = summarize(soaked, size.minutes, warnings);
	print(minutesTable(result.rssPerMinute));
	print(
		`archived: ${result.jobs} jobs, ${format(result.jobsPerSecond)} jobs/s, ${format(result.samplesPerSecond)} samples/s, loop p99 ${format(result.eventLoopDelayP99Ms)} ms`,
	);
	for (const { ok, text } of result.checks)
		print(`${ok ? "as it should be" : "NOT AS IT SHOULD BE"}: ${text}`);
	if (result.checks.some(({ ok }) => !ok)) process.exitCode = 1;
	return { workload: workload.name, ...size, ...result };
}

interface Soaked {
	runs: ArchivingRun[];
	memory: MemorySample[];
	/** After each mix but the first. */
	resources: Resources[];
}

async function soak(
	folder: string,
	workload: Workload,
	minutes: number,
): Promise<Soaked> {
	const { clusters, source } = workload;
	const houses: BenchHouse[] = [];
	for (const storage of await knownStorages()) {
		const own = join(folder, storage);
		await mkdir(own);
		houses.push(
			await BenchHouse.open({ folder: own, storage, clusters, source }),
		);
	}
	const runs: ArchivingRun[] = [];
	const memory: MemorySample[] = [];
	const resources: Resources[] = [];
	let longLived: WeakRef<EventEmitter>[] = [];
	const startMs = performance.now();
	const secondsNow = () => (performance.now() - startMs) / 1000;
	const timer = setInterval(
		() => memory.push(memorySample(secondsNow())),
		SAMPLE_EVERY_MS,
	);
	for (let round = 1; secondsNow() < minutes * 60; round++) {
		for (const house of houses) {
			runs.push(await archiveMix(house, workload));
			if (round === WARMUPS) longLived = livingEmitters();
			if (round >= WARMUPS) resources.push(await countResources(longLived));
		}
	}
	clearInterval(timer);
	for (const house of houses) await house.close();
	return { runs, memory, resources };
}

async function archiveMix(
	house: BenchHouse,
	workload: Workload,
): Promise<ArchivingRun> {
	const jobs = await house.register(workload.nextJobs());
	const run = await house.archiveAll(jobs);
	const last = jobs[jobs.length - 1];
	await checkArchived(house.archive, last, await workload.columnsOf(last));
	return run;
}

interface Check {
	ok: boolean;
	text: string;
}

function summarize(
	{ runs, memory, resources }: Soaked,
	minutes: number,
	warnings: readonly string[],
) {
	const rssPerMinute = byMinute(memory);
	const flat = flatness(memory, rssPerMinute, FLAT_MINUTES);
	const grown = grownResources(resources);
	return {
		mixes: runs.length,
		jobs: runs.reduce((sum, { jobs }) => sum + jobs, 0),
		jobsPerSecond: median(runs.map(({ jobs, seconds }) => jobs / seconds)),
		samplesPerSecond: median(
			runs.map(({ samples, seconds }) => samples / seconds),
		),
		...summarizeDelay(runs),
		rssPerMinute,
		flatness: flat,
		grown,
		resources: { first: resources[0], last: resources.at(-1) },
		warnings,
		checks: [
			...(minutes >= 2 * FLAT_MINUTES ? [checkMemory(flat)] : []),
			checkGrowth(grown, resources.at(-1) ?? {}),
			{
				ok: warnings.length === 0,
				text: `warnings: ${warnings.join("; ") || "none"}`,
			},
		],
		memory,
	};
}

function checkMemory({
	fromMinute,
	toMinute,
	spreadShare,
	slopeBytesPerMinute,
}: Flatness): Check {
	return {
		ok: spreadShare <= MOST_SPREAD,
		text: `RSS of minutes ${fromMinute} to ${toMinute} lies within ${formatShare(spreadShare)}, slope ${(slopeBytesPerMinute / 2 ** 20).toFixed(2)} MiB a minute`,
	};
}

function checkGrowth(grown: readonly Growth[], last: Resources): Check {
	const counts = Object.entries(last)
		.map(([name, count]) => `${count} ${name}`)
		.join(", ");
	return grown.length === 0
		? { ok: true, text: `nothing was left open or listened to: ${counts}` }
		: {
				ok: false,
				text: `grew: ${grown.map(({ name, from, to }) => `${name} from ${from} to ${to}`).join(", ")}`,
			};
}

function minutesTable(minutes: readonly MinuteOfMemory[]): string {
	return tableText(
		["minute", "RSS min", "median", "max", "slope MiB/min"],
		minutes.map((it) => [
			String(it.minute),
			formatMib(it.rssMinBytes),
			formatMib(it.rssMedianBytes),
			formatMib(it.rssMaxBytes),
			(it.rssSlopeBytesPerMinute / 2 ** 20).toFixed(1),
		]),
	);
}

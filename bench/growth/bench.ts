import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Measured, measureArchiving } from "../support/archiving-bench.js";
import { summarizeArchiving } from "../support/archiving-summary.js";
import { type BenchOptions, print, withFolder } from "../support/bench.js";
import { knownStorages } from "../support/bench-house.js";
import { alternate, withProcesses } from "../support/rounds.js";
import { format, formatMib, median } from "../support/statistics.js";
import { tableText } from "../support/table.js";
import type openFilling from "./fill-subject.js";
import type openGrowth from "./subject.js";
import type { GrowthRun } from "./subject.js";

const FULL = {
	archivedJobs: [1e2, 1e3, 1e4, 1e5],
	samplesPerJob: [1e2, 1e3, 1e4, 1e5, 1e6],
	/** Samples a run in all, unless that would be very many jobs. */
	samples: 2e7,
	warmups: 1,
	rounds: 7,
};
const SHORT = {
	archivedJobs: [1e2, 1e3],
	samplesPerJob: [1e2, 1e4],
	samples: 1e5,
	warmups: 0,
	rounds: 1,
};
const MOST_JOBS = 1000;

type Size = typeof FULL;

/**
 * Time and memory against the jobs that lie in the archive and the database already, and against the samples of a job.
 */
export async function benchGrowth({ short }: BenchOptions): Promise<object> {
	const size = short ? SHORT : FULL;
	const byArchive: ByArchivedJobs[] = [];
	for (const storage of await knownStorages())
		byArchive.push(...(await growArchive(storage, size)));
	print(archiveTable(byArchive));
	const bySamples = await growJobs(size);
	print(samplesTable(bySamples));
	return { rounds: size.rounds, archivedJobs: byArchive, samples: bySamples };
}

interface ByArchivedJobs extends GrowthRun {
	archive: string;
	archivedJobs: number;
	peakRssBytes: number;
	triggerToDurableMsPerRound: number[];
	groupedMsPerRound: number[];
}

async function growArchive(
	storage: "file" | "sqlite",
	size: Size,
): Promise<ByArchivedJobs[]> {
	print(
		`small jobs beside ${size.archivedJobs.join(", ")} jobs in a ${storage} archive; medians of ${size.rounds} alternating rounds`,
	);
	return withFolder("growth", (folder) =>
		withProcesses(async (start) => {
			const subjects = [];
			for (const jobs of size.archivedJobs) {
				const own = join(folder, String(jobs));
				await mkdir(own);
				const filling = await start<typeof openFilling>(
					new URL("./fill-subject.js", import.meta.url),
					{ folder: own, storage },
				);
				await filling.run({ jobs });
				await filling.close();
				const subject = await start<typeof openGrowth>(
					new URL("./subject.js", import.meta.url),
					{ folder: own, storage },
				);
				subjects.push({ jobs, subject });
			}
			const measured = await alternate<GrowthRun>(
				subjects.map(({ jobs, subject }) => ({
					name: String(jobs),
					run: () => subject.run(),
				})),
				size,
			);
			const results: ByArchivedJobs[] = [];
			for (const { jobs, subject } of subjects) {
				const runs = measured.get(String(jobs)) as GrowthRun[];
				if (runs[0].jobs < jobs)
					throw new Error(`${runs[0].jobs} jobs were counted of ${jobs}`);
				const { peakRssBytes } = await subject.close();
				results.push({
					archive: storage,
					archivedJobs: jobs,
					...medians(runs),
					peakRssBytes,
					triggerToDurableMsPerRound: runs.map((run) => run.triggerToDurableMs),
					groupedMsPerRound: runs.map((run) => run.groupedMs),
				});
			}
			return results;
		}),
	);
}

function medians(runs: readonly GrowthRun[]): GrowthRun {
	const of = (key: keyof GrowthRun) => median(runs.map((run) => run[key]));
	return {
		openMs: of("openMs"),
		pendingMs: of("pendingMs"),
		recoveryMs: of("recoveryMs"),
		triggerToDurableMs: of("triggerToDurableMs"),
		groupedMs: of("groupedMs"),
		infoMs: of("infoMs"),
		jobs: of("jobs"),
		rssBytes: of("rssBytes"),
	};
}

interface BySamples {
	samplesPerJob: number;
	msPerJob: number;
	samplesPerSecond: number;
	bytesPerSample: number;
	vsYardstick: number;
	peakRssBytes: number;
}

async function growJobs(size: Size): Promise<BySamples[]> {
	print(
		`jobs of ${size.samplesPerJob.join(", ")} samples to a file archive; medians of ${size.rounds} alternating rounds`,
	);
	const results: BySamples[] = [];
	for (const samples of size.samplesPerJob) {
		const jobs = Math.min(MOST_JOBS, Math.ceil(size.samples / samples));
		const [measured] = await measureArchiving(
			"growth",
			[
				{
					name: String(samples),
					workload: { kind: "sized", jobs, samples },
					storage: "file",
				},
			],
			{ kind: "sized", jobs: Math.ceil(jobs / 10), samples },
			size,
		);
		results.push(summarizeSamples(measured));
	}
	return results;
}

function summarizeSamples(measured: Measured): BySamples {
	const [{ samples, jobs }] = measured.runs;
	const summary = summarizeArchiving(measured);
	return {
		samplesPerJob: samples / jobs,
		msPerJob: 1000 / summary.jobsPerSecond,
		samplesPerSecond: summary.samplesPerSecond,
		bytesPerSample: summary.bytesPerSample,
		vsYardstick: summary.vsYardstick,
		peakRssBytes: summary.peakRssBytes,
	};
}

function archiveTable(results: readonly ByArchivedJobs[]): string {
	return tableText(
		[
			"archive",
			"jobs in it",
			"open ms",
			"pending ms",
			"recovery ms",
			"trigger to durable ms",
			"ms a job in groups",
			"info ms",
			"peak RSS",
		],
		results.map((result) => [
			result.archive,
			String(result.archivedJobs),
			format(result.openMs),
			format(result.pendingMs),
			format(result.recoveryMs),
			format(result.triggerToDurableMs),
			format(result.groupedMs),
			format(result.infoMs),
			formatMib(result.peakRssBytes),
		]),
	);
}

function samplesTable(results: readonly BySamples[]): string {
	return tableText(
		[
			"samples a job",
			"ms a job",
			"samples/s",
			"B/sample",
			"x json-gzip",
			"peak RSS",
		],
		results.map((result) => [
			String(result.samplesPerJob),
			format(result.msPerJob),
			format(result.samplesPerSecond),
			result.bytesPerSample.toFixed(3),
			format(result.vsYardstick),
			formatMib(result.peakRssBytes),
		]),
	);
}

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type openYardstick from "../baseline/subject.js";
import type openArchiving from "../support/archiving-subject.js";
import { type BenchOptions, print, withFolder } from "../support/bench.js";
import { knownStorages } from "../support/bench-house.js";
import { summarizeDelay } from "../support/event-loop-delay.js";
import type { Cost } from "../support/measure.js";
import { alternate, withProcesses } from "../support/rounds.js";
import { format, median, spread } from "../support/statistics.js";
import { tableText } from "../support/table.js";
import { openWorkload } from "../support/workload.js";
import type openNaive from "./naive-subject.js";

const FULL = { jobs: 2000, naiveJobs: 200, warmups: 4, rounds: 7 };
const SHORT = { jobs: 100, naiveJobs: 20, warmups: 0, rounds: 1 };

type Run = Cost & { jobs: number };

/**
 * Jobs of one node and ten samples, durable, in archives of each kind: what archiving costs beside the samples, against
 * the naive way in the same rounds.
 */
export async function benchSmall({ short }: BenchOptions): Promise<object> {
	const size = short ? SHORT : FULL;
	const workload = { kind: "small", jobs: size.jobs } as const;
	const few = { kind: "small", jobs: size.naiveJobs } as const;
	const { name } = await openWorkload(workload);
	const storages = await knownStorages();
	print(
		`${name} a run, the naive way ${size.naiveJobs} times; medians of ${size.rounds} alternating rounds`,
	);
	const measured = await withFolder("small", (folder) =>
		withProcesses(async (start) => {
			const baseline = await start<typeof openYardstick>(
				new URL("../baseline/subject.js", import.meta.url),
				{ folder: join(folder, "json-gzip"), workload: few },
			);
			const contenders = [
				{ name: "json-gzip", run: (): Promise<Run> => baseline.run() },
			];
			for (const storage of storages) {
				const own = (way: string) => join(folder, `${way}-${storage}`);
				await mkdir(own("naive"));
				await mkdir(own("ours"));
				const naive = await start<typeof openNaive>(
					new URL("./naive-subject.js", import.meta.url),
					{ folder: own("naive"), workload: few, storage },
				);
				const ours = await start<typeof openArchiving>(
					new URL("../support/archiving-subject.js", import.meta.url),
					{ folder: own("ours"), workload, storage },
				);
				contenders.push({ name: `naive-${storage}`, run: () => naive.run() });
				contenders.push({ name: `ours-${storage}`, run: () => ours.run() });
			}
			return alternate<Run>(contenders, size);
		}),
	);
	const of = (contender: string) => measured.get(contender) as Run[];
	const runs = storages.map((storage) => ({
		archive: storage,
		...summarize(of(`ours-${storage}`), of(`naive-${storage}`)),
	}));
	const yardstickJobsPerSecond = median(of("json-gzip").map(rateOf));
	print(
		`json-gzip yardstick, which syncs nothing: ${format(yardstickJobsPerSecond)} jobs/s`,
	);
	print(table(runs));
	return { workload: name, rounds: size.rounds, yardstickJobsPerSecond, runs };
}

type SmallSummary = ReturnType<typeof summarize> & { archive: string };

function summarize(ours: readonly Run[], naive: readonly Run[]) {
	const rates = ours.map(rateOf);
	const naiveRates = naive.map(rateOf);
	const ratios = rates.map((rate, i) => rate / naiveRates[i]);
	return {
		jobsPerSecond: median(rates),
		jobsPerSecondSpread: spread(rates),
		jobsPerSecondPerRound: rates,
		naiveJobsPerSecond: median(naiveRates),
		naiveJobsPerSecondPerRound: naiveRates,
		vsNaive: median(ratios),
		vsNaivePerRound: ratios,
		cpuMsPerJob: median(
			ours.map(({ cpuSeconds, jobs }) => (cpuSeconds / jobs) * 1000),
		),
		mainThreadCpuMsPerJob: median(
			ours.map(
				({ threads, jobs }) => ((threads?.mainCpuSeconds ?? 0) / jobs) * 1000,
			),
		),
		...summarizeDelay(ours),
	};
}

function rateOf({ jobs, seconds }: Run): number {
	return jobs / seconds;
}

function table(runs: readonly SmallSummary[]): string {
	return tableText(
		[
			"",
			"jobs/s",
			"slowest..fastest",
			"naive jobs/s",
			"x naive",
			"CPU ms/job",
			"main thread",
			"loop p99 ms",
			"max",
		],
		runs.map((run) => [
			run.archive,
			format(run.jobsPerSecond),
			run.jobsPerSecondSpread,
			format(run.naiveJobsPerSecond),
			format(run.vsNaive),
			format(run.cpuMsPerJob),
			format(run.mainThreadCpuMsPerJob),
			format(run.eventLoopDelayP99Ms),
			format(run.eventLoopDelayMaxMs),
		]),
	);
}

import { type BenchOptions, print, withFolder } from "../support/bench.js";
import { summarizeDelay } from "../support/event-loop-delay.js";
import { alternate, withProcesses } from "../support/rounds.js";
import {
	type Distribution,
	distributionOf,
	format,
	formatShare,
	median,
	medianDistribution,
} from "../support/statistics.js";
import { tableText } from "../support/table.js";
import { Load } from "./load.js";
import type openEmbedded from "./server.js";
import type { Beside, EmbedRun } from "./server.js";

const FULL = { seconds: 10, warmups: 1, rounds: 5 };
const SHORT = { seconds: 1, warmups: 0, rounds: 1 };
const REQUESTS_PER_SECOND = 100;
const BESIDES: readonly Beside[] = ["nothing", "archiver", "json-gzip"];

interface LoadedRun extends EmbedRun {
	latencyMs: Distribution;
}

/**
 * A server whose handler computes for 1 ms and reads a small file, under load from this process: without archiving, with
 * an archiver at full rate in the same process, and with the yardstick in the same process.
 */
export async function benchEmbed({ short }: BenchOptions): Promise<object> {
	const { seconds, ...rounds } = short ? SHORT : FULL;
	print(
		`${REQUESTS_PER_SECOND} requests/s for ${seconds} s a run, 1 ms of computing and a small file each; medians of ${rounds.rounds} alternating rounds`,
	);
	const measured = await withFolder("embed", (folder) =>
		withProcesses(async (start) => {
			const server = await start<typeof openEmbedded>(
				new URL("./server.js", import.meta.url),
				{ folder },
			);
			const { port } = await server.run("port");
			const load = await Load.connect(port);
			const runs = await alternate<LoadedRun>(
				BESIDES.map((beside) => ({
					name: beside,
					async run() {
						await server.run({ begin: beside });
						const times = await load.send(REQUESTS_PER_SECOND, seconds);
						const { measured } = await server.run("end");
						if (measured === undefined)
							throw new Error("the server did not measure");
						if (beside !== "nothing" && measured.jobs === 0)
							throw new Error(`${beside}: nothing was archived`);
						return { ...measured, latencyMs: distributionOf(times) };
					},
				})),
				rounds,
			);
			await load.close();
			await server.close();
			return runs;
		}),
	);
	const quiet = measured.get("nothing") as LoadedRun[];
	const runs = BESIDES.map((beside) =>
		summarize(beside, measured.get(beside) as LoadedRun[], quiet),
	);
	print(table(runs));
	return { requestsPerSecond: REQUESTS_PER_SECOND, seconds, ...rounds, runs };
}

type EmbedSummary = ReturnType<typeof summarize>;

function summarize(
	beside: Beside,
	runs: readonly LoadedRun[],
	quiet: readonly LoadedRun[],
) {
	const latency = medianDistribution(runs.map(({ latencyMs }) => latencyMs));
	const ratios = runs.map(
		({ latencyMs }, i) => latencyMs.p99 / quiet[i].latencyMs.p99,
	);
	return {
		beside,
		p50Ms: latency.p50,
		p99Ms: latency.p99,
		maxMs: latency.max,
		latencyMs: latency,
		latencyMsPerRound: runs.map(({ latencyMs }) => latencyMs),
		/** p99 as a multiple of that without archiving in the same round. */
		p99VsNothing: median(ratios),
		p99VsNothingPerRound: ratios,
		samplesPerSecond: median(
			runs.map(({ samples, seconds }) => samples / seconds),
		),
		...summarizeDelay(runs),
		mainThreadWaitedShare: median(
			runs.map(
				({ threads, seconds }) => (threads?.mainWaitedSeconds ?? 0) / seconds,
			),
		),
	};
}

function table(runs: readonly EmbedSummary[]): string {
	return tableText(
		[
			"beside",
			"p50 ms",
			"p99 ms",
			"max ms",
			"p99 x without",
			"samples/s archived",
			"loop p99 ms",
			"max",
			"waited",
		],
		runs.map((run) => [
			run.beside,
			format(run.p50Ms),
			format(run.p99Ms),
			format(run.maxMs),
			format(run.p99VsNothing),
			format(run.samplesPerSecond),
			format(run.eventLoopDelayP99Ms),
			format(run.eventLoopDelayMaxMs),
			formatShare(run.mainThreadWaitedShare),
		]),
	);
}

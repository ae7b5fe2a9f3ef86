import { measureArchiving } from "../support/archiving-bench.js";
import {
	archivingTable,
	summarizeArchiving,
	summarizeYardstick,
} from "../support/archiving-summary.js";
import { type BenchOptions, print } from "../support/bench.js";
import {
	distributionOf,
	format,
	medianDistribution,
} from "../support/statistics.js";
import { openWorkload } from "../support/workload.js";

const FULL = { jobs: 128, yardstickJobs: 5, warmups: 1, rounds: 7 };
const SHORT = { jobs: 16, yardstickJobs: 1, warmups: 0, rounds: 1 };

/**
 * 128 large jobs at once, as when an array job ends: how long each takes from its trigger to being durable and recorded,
 * which must be in the order of the triggers.
 */
export async function benchBurst({ short }: BenchOptions): Promise<object> {
	const size = short ? SHORT : FULL;
	const workload = { kind: "large", jobs: size.jobs } as const;
	const { name } = await openWorkload(workload);
	print(`${name} at once; medians of ${size.rounds} alternating rounds`);
	const measured = await measureArchiving(
		"burst",
		[{ name: "burst", workload, storage: "file" }],
		{ kind: "large", jobs: size.yardstickJobs },
		size,
	);
	const [burst] = measured;
	const summary = summarizeArchiving(burst);
	const { text, ...yardstick } = summarizeYardstick(burst);
	const latencies = burst.runs.map(({ triggerToDurableMs }) =>
		distributionOf(triggerToDurableMs),
	);
	const latency = medianDistribution(latencies);
	print(text);
	print(archivingTable([{ name: "burst", ...summary }]));
	print(
		`from trigger to durable, all in order: p50 ${format(latency.p50)} ms, p99 ${format(latency.p99)} ms, max ${format(latency.max)} ms`,
	);
	return {
		workload: name,
		rounds: size.rounds,
		yardstick,
		triggerToDurableMs: latency,
		triggerToDurableMsPerRound: latencies,
		...summary,
	};
}

import { availableParallelism } from "node:os";
import {
	type Arrangement,
	measureArchiving,
} from "../support/archiving-bench.js";
import {
	archivingTable,
	summarizeArchiving,
	summarizeYardstick,
} from "../support/archiving-summary.js";
import { type BenchOptions, print } from "../support/bench.js";
import { openWorkload } from "../support/workload.js";

const FULL = { jobs: 100, yardstickJobs: 10, warmups: 8, rounds: 7 };
const SHORT = { jobs: 10, yardstickJobs: 2, warmups: 1, rounds: 1 };

/**
 * The large job from memory to a durable archive and database, a hundred times a run, with 1, 2, ... threads; and the same
 * without any writing, which is the computing alone.
 */
export async function benchPipeline({ short }: BenchOptions): Promise<object> {
	const size = short ? SHORT : FULL;
	const workload = { kind: "large", jobs: size.jobs } as const;
	const { name } = await openWorkload(workload);
	print(`${name} a run; medians of ${size.rounds} alternating rounds`);
	const settings = [true, false].flatMap((durable) =>
		Array.from({ length: mostThreads() }, (_, i) => ({
			threads: i + 1,
			durable,
		})),
	);
	const measured = await measureArchiving(
		"pipeline",
		settings.map(
			({ threads, durable }): Arrangement => ({
				name: `${durable ? "durable" : "without writes"}, ${threads} threads`,
				workload,
				storage: durable ? "file" : "none",
				options: { poolMinThreads: threads, poolMaxThreads: threads },
			}),
		),
		{ kind: "large", jobs: size.yardstickJobs },
		size,
	);
	const summaries = measured.map((one, i) => ({
		name: one.name,
		...settings[i],
		...summarizeArchiving(one),
	}));
	const { text, ...yardstick } = summarizeYardstick(measured[0]);
	print(text);
	print(archivingTable(summaries));
	return { workload: name, rounds: size.rounds, yardstick, runs: summaries };
}

function mostThreads(): number {
	return Number(
		process.env.ARCHIVER_POOL_MAX_THREADS || availableParallelism(),
	);
}

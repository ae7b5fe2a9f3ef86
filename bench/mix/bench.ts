import { measureArchiving } from "../support/archiving-bench.js";
import {
	archivingTable,
	summarizeArchiving,
	summarizeYardstick,
} from "../support/archiving-summary.js";
import { type BenchOptions, print } from "../support/bench.js";
import { knownStorages } from "../support/bench-house.js";
import { MIX_JOBS } from "../support/job-mix.js";
import { openWorkload } from "../support/workload.js";

const FULL = { jobs: MIX_JOBS, yardstickJobs: 17, warmups: 1, rounds: 5 };
const SHORT = { jobs: 34, yardstickJobs: 4, warmups: 0, rounds: 1 };

/**
 * The jobs of two real clusters with synthetic series, to archives of each kind, with as many threads as an embedding
 * backend would have. The series are made by the worker that encodes them, and by the yardstick as well.
 */
export async function benchMix({ short }: BenchOptions): Promise<object> {
	const size = short ? SHORT : FULL;
	const workload = { kind: "mix", jobs: size.jobs } as const;
	const { name } = await openWorkload(workload);
	print(`${name}; medians of ${size.rounds} alternating rounds`);
	const storages = await knownStorages();
	const measured = await measureArchiving(
		"mix",
		storages.map((storage) => ({ name: storage, workload, storage })),
		{ kind: "mix", jobs: size.yardstickJobs },
		size,
	);
	const summaries = measured.map((one) => ({
		name: one.name,
		...summarizeArchiving(one),
	}));
	const { text, ...yardstick } = summarizeYardstick(measured[0]);
	print(text);
	print(archivingTable(summaries));
	return {
		workload: name,
		rounds: size.rounds,
		yardstick,
		runs: summaries.map(({ name: archive, ...summary }) => ({
			archive,
			...summary,
		})),
	};
}

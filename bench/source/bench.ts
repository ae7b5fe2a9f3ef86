import { type BenchOptions, print } from "../support/bench.js";
import { benchHttpSource } from "./http.js";
import { benchIngest } from "./ingest.js";
import { benchTakeOut } from "./take-out.js";

/** Metric stores: how quickly the one in memory takes samples in and hands jobs out, and how quickly one answers over HTTP. */
export async function benchSource({
	short = false,
}: Partial<BenchOptions>): Promise<object> {
	const size = short
		? { warmups: 1, rounds: 1, ticks: 10 }
		: { warmups: 2, rounds: 7, ticks: 160 };
	print(`medians of ${size.rounds} alternating rounds, in one process`);
	const { ingest, control } = await benchIngest(size);
	const takeOut = await benchTakeOut(size);
	const http = await benchHttpSource(size);
	return { rounds: size.rounds, ingest, control, takeOut, http };
}

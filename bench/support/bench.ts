import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface BenchOptions {
	/** Whether the result will be printed as JSON. */
	json: boolean;
	/** Seconds instead of minutes: results are checked all the same, figures mean little. */
	short: boolean;
	/** How long the soak goes on. */
	minutes?: number;
}

/** Prints its tables for people on standard error, and resolves to what `--json` prints. */
export type Bench = (options: BenchOptions) => Promise<object>;

/** Every bench makes its data from this. */
export const SEED = 20_201_225;

/** Says something to people; standard output is for the result. */
export function print(text: string): void {
	process.stderr.write(`${text.trimEnd()}\n`);
}

/** In the environment of a bench whose folders are not its own to remove: where they go. */
export const BENCH_FOLDER = "BENCH_FOLDER";

/**
 * Gives `work` a folder for the length of a bench. Nothing is deleted before the end, and where several benches follow each
 * other before the end of the last: ext4 passes by every inode that was in use less than 35 seconds ago, one after the
 * other, which took half of the time that writing took.
 */
export async function withFolder<T>(
	name: string,
	work: (folder: string) => Promise<T>,
): Promise<T> {
	const given = process.env[BENCH_FOLDER];
	const folder = await mkdtemp(join(given ?? tmpdir(), `bench-${name}-`));
	try {
		return await work(folder);
	} finally {
		if (given === undefined) await rm(folder, { recursive: true, force: true });
	}
}

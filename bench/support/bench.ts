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

/**
 * Gives `work` a folder for the length of a bench. Nothing is deleted before its end: ext4 slows down on reused inodes.
 */
export async function withFolder<T>(
	name: string,
	work: (folder: string) => Promise<T>,
): Promise<T> {
	const folder = await mkdtemp(join(tmpdir(), `bench-${name}-`));
	try {
		return await work(folder);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

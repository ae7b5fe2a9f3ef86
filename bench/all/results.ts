import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Machine } from "../support/machine.js";
import { checkoutRoot } from "../support/shared-data.js";

/** What `--json` prints of any bench, beside the figures of its own. */
export interface BenchResult {
	bench: string;
	short: boolean;
	/** ISO 8601. */
	startedAt: string;
	machine: Machine;
}

/** One run of all benches. */
export interface AllResults {
	short: boolean;
	startedAt: string;
	seconds: number;
	/** In the order in which they ran. */
	benches: BenchResult[];
	/** Those that ended without a result. */
	failed: { bench: string; exitCode: number | null }[];
}

const LATEST = resultPath("latest.json");

/** A file in the folder of results, which git does not see. */
export function resultPath(name: string): string {
	return join(checkoutRoot, "bench", "results", name);
}

export async function writeResults(results: AllResults): Promise<string> {
	await writeResultFile(LATEST, `${JSON.stringify(results, null, "\t")}\n`);
	return LATEST;
}

/** What `all` measured last. */
export async function readResults(): Promise<AllResults> {
	try {
		return JSON.parse(await readFile(LATEST, "utf8")) as AllResults;
	} catch (cause) {
		throw new Error(
			`there is no ${LATEST} that can be read; npm run bench -- all makes it`,
			{ cause },
		);
	}
}

export async function writeResultFile(
	path: string,
	text: string,
): Promise<void> {
	await mkdir(resultPath("."), { recursive: true });
	await writeFile(path, text);
}

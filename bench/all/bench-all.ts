import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { writeReportOf } from "../report/report.js";
import { BENCH_FOLDER, print, withFolder } from "../support/bench.js";
import { type AllResults, type BenchResult, writeResults } from "./results.js";

const ENTRY = fileURLToPath(new URL("../main.js", import.meta.url));

/**
 * Runs benches one after the other, each in a process of its own, so that none finds compiled code, memory or threads of
 * another; writes their results and a page of them. One that fails does not keep the others from running.
 */
export async function benchAll(
	names: readonly string[],
	{ short }: { short: boolean },
): Promise<AllResults> {
	return withFolder("all", (folder) => runAll(names, { short, folder }));
}

async function runAll(
	names: readonly string[],
	{ short, folder }: { short: boolean; folder: string },
): Promise<AllResults> {
	const startedAt = new Date();
	const benches: BenchResult[] = [];
	const failed: AllResults["failed"] = [];
	for (const bench of names) {
		print(`\n=== ${bench}`);
		const { result, exitCode } = await runApart(bench, { short, folder });
		if (result === undefined) {
			print(`${bench} ended without a result: ${exitCode}`);
			process.exitCode = 1;
			failed.push({ bench, exitCode });
		} else benches.push(result);
	}
	const results: AllResults = {
		short,
		startedAt: startedAt.toISOString(),
		seconds: (Date.now() - startedAt.getTime()) / 1000,
		benches,
		failed,
	};
	print(`\n${await writeResults(results)}\n${await writeReportOf(results)}`);
	return results;
}

/** A bench's result is the last line of its standard output; one that fails its own checks may have one all the same. */
async function runApart(
	bench: string,
	{ short, folder }: { short: boolean; folder: string },
): Promise<{ result?: BenchResult; exitCode: number | null }> {
	const child = spawn(
		process.execPath,
		[
			...process.execArgv,
			ENTRY,
			bench,
			"--json",
			...(short ? ["--short"] : []),
		],
		{
			env: { ...process.env, [BENCH_FOLDER]: folder },
			stdio: ["ignore", "pipe", "inherit"],
		},
	);
	const ended = once(child, "close");
	const output = await text(child.stdout);
	const [exitCode] = (await ended) as [number | null];
	const line = output.trimEnd().split("\n").at(-1) ?? "";
	if (exitCode !== 0) process.exitCode = 1;
	return {
		result: line === "" ? undefined : (JSON.parse(line) as BenchResult),
		exitCode,
	};
}

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AllResults, readResults } from "../all/results.js";
import { print } from "../support/bench.js";
import { checkoutRoot } from "../support/shared-data.js";
import { format } from "../support/statistics.js";
import { summaryRows } from "./summary.js";

const README = join(checkoutRoot, "README.md");
const BEGIN = "<!-- Made by npm run bench -- readme -->\n";
const END = "<!-- Until here -->\n";

/** Puts what `all` measured last into the README. */
export async function writeReadmeTable(): Promise<void> {
	const readme = await readFile(README, "utf8");
	await writeFile(README, withTable(readme, readmeTable(await readResults())));
	print(README);
}

/** The README's table of figures, with what they were measured on. */
export function readmeTable(results: AllResults): string {
	const rows = summaryRows(results).map(
		({ bench, what, result }) => `| \`${bench}\` | ${what} | ${result} |`,
	);
	return [
		"| Bench | What | Result |",
		"|---|---|---|",
		...rows,
		"",
		machineText(results),
		"",
	].join("\n");
}

/**
 * What stands between the two marks in a README.
 *
 * @throws when a mark is missing.
 */
export function tableIn(readme: string): string {
	const { start, end } = placeIn(readme);
	return readme.slice(start, end);
}

/** @returns the README with another table between its marks. */
export function withTable(readme: string, table: string): string {
	const { start, end } = placeIn(readme);
	return readme.slice(0, start) + table + readme.slice(end);
}

function placeIn(readme: string): { start: number; end: number } {
	const begin = readme.indexOf(BEGIN);
	const end = readme.indexOf(END);
	if (begin < 0 || end < begin)
		throw new Error(`the README lacks its marks ${BEGIN}${END}`);
	return { start: begin + BEGIN.length, end };
}

function machineText({ benches, startedAt, short }: AllResults): string {
	const [{ machine }] = benches;
	const loads = benches.map(({ machine }) => machine.loadAverage);
	return [
		`Measured on ${startedAt.slice(0, 10)} with Node.js ${machine.node.slice(1)}`,
		`on ${machine.cores} cores (${machine.cpu})`,
		`and ${machine.fileSystem} with ${format(machine.fsyncMs)} ms a sync,`,
		`load average ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)} before the benches${short ? ", in short runs that mean little" : ""}.`,
	].join(" ");
}

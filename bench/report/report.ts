import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import {
	type AllResults,
	readResults,
	resultPath,
	writeResultFile,
} from "../all/results.js";
import { print } from "../support/bench.js";
import { checkoutRoot } from "../support/shared-data.js";
import { type PageParts, pageOf } from "./page.js";

const REPORT = resultPath("report.html");
const SOURCES = join(checkoutRoot, "bench", "report");

/** Makes the page of what `all` measured last. */
export async function writeReport(): Promise<void> {
	print(await writeReportOf(await readResults()));
}

/** @returns where the page is. */
export async function writeReportOf(results: AllResults): Promise<string> {
	await writeResultFile(REPORT, pageOf(results, await pageParts()));
	return REPORT;
}

/** What the page brings along, so that it can be opened anywhere, without a network. */
async function pageParts(): Promise<PageParts> {
	const require = createRequire(import.meta.url);
	const uplot = (name: string) =>
		readFile(require.resolve(`uplot/dist/${name}`), "utf8");
	const own = (name: string) => readFile(join(SOURCES, name), "utf8");
	return {
		styles: [await uplot("uPlot.min.css"), await own("page.css")],
		scripts: [await uplot("uPlot.iife.min.js"), await own("draw-plots.js")],
	};
}

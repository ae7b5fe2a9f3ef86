import type { AllResults, BenchResult } from "../all/results.js";
import { format } from "../support/statistics.js";
import { type FiguresTable, figuresOf } from "./figures.js";
import type { Plot } from "./plot.js";
import { plotsOf } from "./plots.js";
import { summaryRows } from "./summary.js";

/** Texts of the styles and scripts that are put into the page. */
export interface PageParts {
	styles: readonly string[];
	scripts: readonly string[];
}

/** From this load average on, by core, figures are as much about others as about us. */
const BUSY_LOAD = 0.5;

/** A page that needs nothing but itself. */
export function pageOf(results: AllResults, parts: PageParts): string {
	const plots: Plot[] = [];
	const sections = results.benches.map((result) => {
		const own = plotsOf(results, result.bench);
		const first = plots.length;
		plots.push(...own);
		return section(result, own, first);
	});
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>hpc-job-archiver: benches</title>
${parts.styles.map((text) => `<style>\n${text}\n</style>`).join("\n")}
</head>
<body>
${header(results)}
<main>
${glance(results)}
${sections.join("\n")}
</main>
<script type="application/json" id="plots">${jsonInHtml(plots)}</script>
${parts.scripts.map((text) => `<script>\n${text}\n</script>`).join("\n")}
</body>
</html>
`;
}

function header(results: AllResults): string {
	const [first] = results.benches;
	const { machine } = first ?? {};
	const facts = machine && [
		`Node.js ${machine.node}`,
		machine.platform,
		`${machine.cores} cores (${machine.cpu})`,
		`${format(machine.memoryBytes / 2 ** 30)} GiB of memory`,
		`${machine.fileSystem}, ${format(machine.fsyncMs)} ms a sync`,
		`${results.startedAt.slice(0, 16).replace("T", " ")} UTC, ${format(results.seconds / 60)} minutes`,
		...Object.entries(machine.settings).map(
			([name, value]) => `${name}=${value}`,
		),
	];
	const nav = results.benches.map(
		({ bench }) => `<a href="#${escaped(bench)}">${escaped(bench)}</a>`,
	);
	return `<header>
<h1>hpc-job-archiver <span>benches</span></h1>
<ul class="machine">${(facts ?? []).map((it) => `<li>${escaped(it)}</li>`).join("")}</ul>
${warnings(results)
	.map((it) => `<p class="warning">${escaped(it)}</p>`)
	.join("\n")}
<nav>${nav.join("")}</nav>
</header>`;
}

function warnings({ short, benches, failed }: AllResults): string[] {
	const busy = benches.filter(
		({ machine }) => machine.loadAverage > BUSY_LOAD * machine.cores,
	);
	const load = Math.max(...busy.map(({ machine }) => machine.loadAverage));
	return [
		...(short ? ["Short runs: results are checked, figures mean little."] : []),
		...(busy.length > 0
			? [
					`The machine was busy with other things before ${busy.length} of ${benches.length} benches, with a load average of up to ${format(load)}: ratios hold, rates and delays are worse than they would be.`,
				]
			: []),
		...failed.map(
			({ bench, exitCode }) => `${bench} ended without a result: ${exitCode}.`,
		),
	];
}

function glance(results: AllResults): string {
	const rows = summaryRows(results);
	if (rows.length === 0) return "";
	return `<section><h2>At a glance</h2>
${tableHtml({ title: "", columns: ["bench", "what", "result"], rows: rows.map((it) => [it.bench, it.what, it.result]) }, "glance")}
</section>`;
}

function section(
	result: BenchResult,
	plots: readonly Plot[],
	firstPlot: number,
): string {
	const { facts, tables } = figuresOf(result);
	return `<section id="${escaped(result.bench)}">
<h2>${escaped(result.bench)}</h2>
<div class="plots">
${plots.map((plot, i) => figure(plot, firstPlot + i)).join("\n")}
</div>
<details${plots.length === 0 ? " open" : ""}>
<summary>Figures</summary>
<dl>${facts.map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`).join("")}</dl>
${tables.map((table) => tableHtml(table)).join("\n")}
</details>
</section>`;
}

function figure({ title, note, wide }: Plot, number: number): string {
	return `<figure${wide ? ' class="wide"' : ""}>
<figcaption><strong>${escaped(title)}</strong> ${escaped(note)}</figcaption>
<div class="plot" data-plot="${number}"></div>
</figure>`;
}

function tableHtml(
	{ title, columns, rows }: FiguresTable,
	kind = "figures",
): string {
	const cells = (tag: "th" | "td", texts: readonly string[]) =>
		texts.map((text) => `<${tag}>${escaped(text)}</${tag}>`).join("");
	return `<div class="scrolled"><table class="${kind}">
${title === "" ? "" : `<caption>${escaped(title)}</caption>`}
<thead><tr>${cells("th", columns)}</tr></thead>
<tbody>${rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("\n")}</tbody>
</table></div>`;
}

function escaped(text: string): string {
	return text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll('"', "&quot;");
}

/** Nothing in it ends the script element that it stands in. */
function jsonInHtml(value: unknown): string {
	return JSON.stringify(value).replaceAll("<", "\\u003c");
}

import { createHash } from "node:crypto";
import type { Job } from "../schema/job.js";
import type { Assets } from "./assets.js";
import { Html, html, jsonInScript } from "./html.js";
import { footprintTable, headerOf, metaDataOf } from "./job-facts.js";
import type { MetricReport } from "./metric-report.js";
import { formatCount, formatValue } from "./text.js";

/** One page with everything that it needs: it loads nothing, and its policy forbids it to. */
export function pageOf(
	job: Job,
	metrics: readonly MetricReport[],
	{ styles, scripts }: Assets,
): string {
	const style = styles.join("\n");
	const title = `Job ${job.jobId} on ${job.cluster}`;
	const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyFor(style, scripts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
${headerOf(job)}
<main>
${overview(metrics)}
<section>
<h2>Over time</h2>
<div class="plots">
${metrics.map(figure)}</div>
</section>
${footprintTable(job)}
${metaDataOf(job)}
</main>
<footer>Times are UTC. Drag over a plot to zoom all of them, double-click to see everything again.</footer>
<script type="application/json" id="plots">${jsonInScript(metrics.map(({ plot }) => plot))}</script>
${scripts.map(({ type, text }) => html`<script type="${type}">${new Html(text)}</script>\n`)}
</body>
</html>
`;
	return page.markup;
}

/** Nothing is loaded or sent; of scripts and styles only those run that are these, to the byte. */
function policyFor(style: string, scripts: Assets["scripts"]): string {
	const sources = scripts.map(({ text }) => hashOf(text)).join(" ");
	return [
		"default-src 'none'",
		`script-src ${sources}`,
		`style-src ${hashOf(style)}`,
		"img-src data:",
		"base-uri 'none'",
		"form-action 'none'",
	].join("; ");
}

function hashOf(text: string): string {
	return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

function overview(metrics: readonly MetricReport[]): Html {
	return html`<section>
<h2>Metrics</h2>
<div class="wide"><table>
<thead><tr><th>metric</th><th>scope</th><th>unit</th><th class="number">series</th><th class="number">step</th>
<th class="number">min</th><th class="number">avg</th><th class="number">max</th><th class="number">samples there</th></tr></thead>
<tbody>
${metrics.map(overviewRow)}</tbody>
</table></div>
</section>`;
}

function overviewRow(report: MetricReport, index: number): Html {
	const { plot, unit, series, timestep, min, avg, max, samples } = report;
	return html`<tr><td><a href="#plot-${index}">${plot.metric}</a></td><td>${plot.scope}</td><td>${unit}</td>
<td class="number">${formatCount(series)}</td><td class="number">${timestep} s</td>
<td class="number">${formatValue(min)}</td><td class="number">${formatValue(avg)}</td><td class="number">${formatValue(max)}</td>
<td class="number ${samples.present < samples.all ? "lacking" : ""}">${percent(samples.present, samples.all)}</td></tr>
`;
}

function figure(report: MetricReport, index: number): Html {
	const { plot, series, samples } = report;
	return html`<figure id="plot-${index}">
<figcaption><strong>${plot.metric}</strong><span>${plot.scope}, ${shownSeries(report)}</span></figcaption>
<div class="plot" data-plot="${index}">${samples.present === 0 ? html`<p class="empty">no samples</p>` : undefined}</div>
${series > 0 ? silentSeries(report) : undefined}</figure>
`;
}

function shownSeries({ plot, series }: MetricReport): string {
	if (plot.band === undefined) return `${formatCount(series)} series`;
	const outliers = plot.lines.length > 0 ? ", and those that stand out" : "";
	return `min, median and max of ${formatCount(series)} series${outliers}`;
}

function silentSeries({ silent, samples }: MetricReport): Html | undefined {
	const { count, names } = silent;
	if (count === 0 || samples.present === 0) return undefined;
	const more =
		count > names.length
			? `, and ${formatCount(count - names.length)} more`
			: "";
	return html`<p class="lacking">Without samples: ${names.join(", ")}${more}</p>
`;
}

function percent(part: number, all: number): string {
	if (all === 0) return "-";
	// Rounded down: what lacks one sample of a million is not whole.
	return `${Math.floor((part / all) * 1000) / 10} %`;
}

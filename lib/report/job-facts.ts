import { DATA_FACTS_KEY, dataFactsOf } from "../archive/data-facts.js";
import type { Presence } from "../schema/completeness.js";
import { formatJobKey, type Job } from "../schema/job.js";
import { type Html, html } from "./html.js";
import {
	formatCount,
	formatDuration,
	formatTime,
	formatValue,
} from "./text.js";

const SECONDS_PER_HOUR = 3600;

/** What there is to know of a job before its metrics. */
export function headerOf(job: Job): Html {
	const { jobName } = job.metaData;
	return html`<header>
<p class="key">${formatJobKey(job)}</p>
<h1>Job ${job.jobId} <span class="cluster">on ${job.cluster}</span> <span class="state ${job.jobState}">${job.jobState.replaceAll("_", " ")}</span></h1>
${jobName ? html`<p class="name">${jobName}</p>` : undefined}
<dl>
${factsOf(job).map(([label, fact]) => html`<div><dt>${label}</dt><dd>${fact}</dd></div>\n`)}</dl>
${notesOf(job)}
<details><summary>${formatCount(job.resources.length)} ${job.resources.length === 1 ? "host" : "hosts"}</summary>
<p class="hosts">${job.resources.map(({ hostname }) => html`<span>${hostname}</span> `)}</p></details>
</header>`;
}

export function footprintTable({
	footprint = {},
	energyFootprint = {},
}: Job): Html | undefined {
	const rows = [
		...Object.entries(footprint).map(
			([name, value]) => [name, formatValue(value)] as const,
		),
		...Object.entries(energyFootprint).map(
			([name, value]) => [name, `${formatValue(value)} kWh`] as const,
		),
	];
	if (rows.length === 0) return undefined;
	return html`<section>
<h2>Footprint and energy</h2>
<table><tbody>
${rows.map(([name, value]) => html`<tr><td>${name}</td><td class="number">${value}</td></tr>\n`)}</tbody></table>
</section>`;
}

/** What the scheduler and the user left with the job. */
export function metaDataOf({ metaData }: Job): Html | undefined {
	const entries = Object.entries(metaData).filter(
		([key]) => key !== DATA_FACTS_KEY && key !== "jobName",
	);
	if (entries.length === 0) return undefined;
	return html`<section>
<h2>Metadata</h2>
${entries.map(([key, text]) => html`<details><summary>${key}</summary><pre>${text}</pre></details>\n`)}</section>`;
}

/** Facts that a job lacks are left out. */
function factsOf(job: Job): [label: string, fact: string][] {
	const { duration, walltime, numNodes, startTime } = job;
	const nodeHours = (numNodes * duration) / SECONDS_PER_HOUR;
	const facts: [string, string | 0 | undefined][] = [
		["user", job.user],
		["project", job.project],
		["subcluster", job.subCluster],
		["partition", job.partition],
		["started", people(formatTime(startTime))],
		["ended", people(formatTime(startTime + duration))],
		[
			"ran for",
			formatDuration(duration) +
				(walltime ? ` of ${formatDuration(walltime)}` : ""),
		],
		["waited", job.submitTime && formatDuration(startTime - job.submitTime)],
		["nodes", formatCount(numNodes)],
		["node hours", formatValue(nodeHours)],
		["hwthreads", job.numHwthreads && formatCount(job.numHwthreads)],
		["accelerators", job.numAcc && formatCount(job.numAcc)],
		[
			"shared",
			job.shared === "none" ? undefined : job.shared.replace("_", " "),
		],
		["energy", job.energy && `${formatValue(job.energy)} kWh`],
		["tags", job.tags.map(({ type, name }) => `${type}:${name}`).join(", ")],
		["completeness", completenessOf(job)],
	];
	return facts.flatMap(([label, fact]) => (fact ? [[label, fact]] : []));
}

/** Of the samples that the source should have had, which the archive cannot tell from its own alone. */
function completenessOf(job: Job): string | undefined {
	const completeness = dataFactsOf(job)?.completeness;
	if (completeness === undefined) return undefined;
	const { share, hosts, series } = completeness;
	const percent = Math.floor(share * 1000) / 10;
	const parts = [lacking("hosts", hosts), lacking("series", series)].filter(
		(part) => part !== undefined,
	);
	return [`${percent} %`, ...parts].join(", ");
}

function lacking(
	what: string,
	[present, expected]: Presence,
): string | undefined {
	return present === expected
		? undefined
		: `${formatCount(present)} of ${formatCount(expected)} ${what}`;
}

function notesOf(job: Job): Html | undefined {
	const notes = dataFactsOf(job)?.notes ?? [];
	if (notes.length === 0) return undefined;
	return html`<ul class="notes">
${notes.map((note) => html`<li>${note}</li>\n`)}</ul>`;
}

/** `2020-12-25T19:04:36Z` as `2020-12-25 19:04:36`. */
function people(time: string): string {
	return time.replace("T", " ").replace("Z", "");
}

import type { Command } from "commander";
import type { Archive } from "../archive/archive.js";
import { resolveOptions } from "../config.js";
import { WorkerPool } from "../dispatch/pool.js";
import { ArchiverError } from "../errors.js";
import { writeJobReport } from "../report/job-report.js";
import { formatJobKey, type Job, type JobKey } from "../schema/job.js";
import { serializeJob } from "../schema/job-json.js";
import type { JobData, JobMetric, MetricStatistics } from "../schema/metric.js";
import { METRIC_SCOPES } from "../schema/scope.js";
import { formatUnit } from "../schema/unit.js";
import { type JobReference, parseJobReference } from "./arguments.js";
import { Opened } from "./opened.js";
import {
	printJson,
	printResult,
	type TableColumn,
	tableText,
} from "./output.js";
import { printFacts } from "./report.js";
import { meanOfSeries, sparkline } from "./sparkline.js";
import {
	formatCount,
	formatDuration,
	formatTime,
	formatValue,
	plainText,
} from "./text.js";

const SPARKLINE_WIDTH = 40;
const HOSTS_SHOWN = 4;
const FACTS_SHOWN = 8;

const COLUMNS: readonly TableColumn[] = [
	{ title: "metric" },
	{ title: "scope" },
	{ title: "unit" },
	{ title: "series", align: "right" },
	{ title: "step", align: "right" },
	{ title: "min", align: "right" },
	{ title: "avg", align: "right" },
	{ title: "max", align: "right" },
	{ title: "mean of the series over time" },
];

interface ShowArguments {
	json?: boolean;
	html?: string;
	force?: boolean;
}

export function addShowCommand(program: Command): void {
	program
		.command("show")
		.description("show one archived job")
		.argument("<target>", "the archive: file:DIR or sqlite:FILE")
		.argument(
			"<job>",
			"CLUSTER/JOBID[/STARTTIME]; without a start time the latest job of that id",
		)
		.option(
			"--json",
			"print the job's meta and data as one line of JSON on standard output",
		)
		.option(
			"--html <file>",
			"write a page with the job's facts and every metric over time",
		)
		.option("--force", "replace the file if it is there")
		.action(show);
}

async function show(
	target: string,
	reference: string,
	{ json, html, force }: ShowArguments,
): Promise<void> {
	const wanted = parseJobReference(reference);
	await using opened = new Opened();
	const archive = await opened.readArchive(target);
	const key = await findKey(archive, wanted);
	if (html !== undefined) {
		const pool = await opened.add(new WorkerPool(resolveOptions()));
		await writeJobReport(archive, key, html, { pool, force });
		return json ? printJson({ html }) : printFacts([["page", html]]);
	}
	const job = await archive.loadJobMeta(key);
	const data = await archive.loadJobData(key);
	if (json) return printAsJson(job, data);
	printFacts(factsOf(job));
	printResult(`\n${tableText(COLUMNS, rowsOf(data))}`);
}

/** @throws ArchiverError JOB_UNKNOWN */
async function findKey(
	archive: Archive,
	{ cluster, jobId, startTime }: JobReference,
): Promise<JobKey> {
	if (startTime !== undefined) return { cluster, jobId, startTime };
	let latest: JobKey | undefined;
	for await (const { key } of archive.iterate({ cluster, jobId })) latest = key;
	if (latest !== undefined) return latest;
	throw new ArchiverError(
		"JOB_UNKNOWN",
		`there is no job ${cluster}/${jobId} in ${archive.target}`,
		{ cluster, jobId, path: archive.target },
	);
}

/** One JSON object, written column by column: as one text a large job could be longer than a string may be. */
function printAsJson(job: Job, data: JobData): void {
	printResult(`{"meta":${serializeJob(job)},"data":{`);
	for (const [i, metric] of Object.keys(data).entries()) {
		printResult(`${i > 0 ? "," : ""}${JSON.stringify(metric)}:{`);
		for (const [j, [scope, column]] of Object.entries(data[metric]).entries())
			printResult(
				`${j > 0 ? "," : ""}${JSON.stringify(scope)}:${JSON.stringify(column, plainArrays)}`,
			);
		printResult("}");
	}
	printResult("}}\n");
}

/** Samples as a list of numbers; JSON writes those that are NaN as null. */
function plainArrays(_key: string, value: unknown): unknown {
	return value instanceof Float64Array ? Array.from(value) : value;
}

/** Facts that a job lacks are left out. */
function factsOf(job: Job): [string, string][] {
	const hosts = job.resources.map(({ hostname }) => hostname);
	const tags = job.tags.map(({ type, name }) => `${type}:${name}`);
	const facts: [string, string | 0 | undefined][] = [
		["job", formatJobKey(job)],
		["name", job.metaData.jobName],
		["state", job.jobState],
		["started", formatTime(job.startTime)],
		["ran for", formatDuration(job.duration)],
		["user, project", `${job.user}, ${job.project}`],
		["subcluster", job.subCluster],
		["partition", job.partition],
		["nodes", `${formatCount(job.numNodes)}: ${listed(hosts, HOSTS_SHOWN)}`],
		["hwthreads", job.numHwthreads && formatCount(job.numHwthreads)],
		["accelerators", job.numAcc && formatCount(job.numAcc)],
		["tags", tags.join(", ")],
		["footprint", listed(footprintOf(job), FACTS_SHOWN)],
		["energy", job.energy && `${formatValue(job.energy)} kWh`],
	];
	return facts.flatMap(([label, fact]) =>
		fact ? [[label, plainText(fact)]] : [],
	);
}

function footprintOf({ footprint = {} }: Job): string[] {
	return Object.entries(footprint).map(
		([name, value]) => `${name} ${formatValue(value)}`,
	);
}

function listed(names: readonly string[], shown: number): string {
	const more = names.length - shown;
	const list = names.slice(0, shown).join(", ");
	return more > 0 ? `${list} and ${formatCount(more)} more` : list;
}

/** By metric's name, each from coarse to fine. */
function rowsOf(data: JobData): string[][] {
	return Object.keys(data)
		.sort()
		.flatMap((metric) =>
			METRIC_SCOPES.flatMap((scope) => {
				const column = data[metric][scope];
				return column ? [rowOf(metric, scope, column)] : [];
			}),
		);
}

function rowOf(metric: string, scope: string, column: JobMetric): string[] {
	const { unit, series, timestep } = column;
	const { min, avg, max } = statisticsOf(column);
	const mean = meanOfSeries(series.map(({ data }) => data));
	return [
		metric,
		scope,
		formatUnit(unit),
		formatCount(series.length),
		`${timestep} s`,
		formatValue(min),
		formatValue(avg),
		formatValue(max),
		sparkline(mean, SPARKLINE_WIDTH),
	];
}

/** Over all series that have samples; NaN where none has. The average is the mean of theirs. */
function statisticsOf({ series }: JobMetric): MetricStatistics {
	let min = Number.POSITIVE_INFINITY;
	let max = Number.NEGATIVE_INFINITY;
	let sum = 0;
	let count = 0;
	for (const { statistics } of series) {
		if (Number.isNaN(statistics.avg)) continue;
		min = Math.min(min, statistics.min);
		max = Math.max(max, statistics.max);
		sum += statistics.avg;
		count++;
	}
	return count === 0
		? { min: Number.NaN, avg: Number.NaN, max: Number.NaN }
		: { min, avg: sum / count, max };
}

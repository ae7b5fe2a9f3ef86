import { type Command, Option } from "commander";
import { resolveOptions } from "../config.js";
import { WorkerPool } from "../dispatch/pool.js";
import {
	exportParquet,
	type ParquetExportResult,
} from "../export/export-parquet.js";
import { METRIC_SCOPES, type MetricScope } from "../schema/scope.js";
import { JSON_OPTION } from "./arguments.js";
import { printFailures } from "./failures.js";
import { Interruption } from "./interruption.js";
import { Opened } from "./opened.js";
import { printJson } from "./output.js";
import { startJobProgress } from "./progress.js";
import { printFacts } from "./report.js";
import {
	addSelectionOptions,
	type SelectionArguments,
	selectionOf,
} from "./selection.js";
import { formatBytes, formatCount } from "./text.js";

interface ExportArguments extends SelectionArguments {
	metric?: string[];
	scope?: MetricScope[];
	force?: boolean;
	json?: boolean;
}

export function addExportCommand(program: Command): void {
	const command = program
		.command("export")
		.description("write an archive's series and jobs as Parquet files")
		.argument("<target>", "the archive: file:DIR, sqlite:FILE or s3://BUCKET")
		.argument(
			"<destination>",
			"FILE.parquet for the series, with the jobs beside it in FILE.jobs.parquet; or a folder for series.parquet and jobs.parquet",
		);
	addSelectionOptions(command)
		.option("--metric <name...>", "series of these metrics")
		.addOption(
			new Option("--scope <scope...>", "series at these scopes").choices(
				METRIC_SCOPES,
			),
		)
		.option("--force", "replace files that are there")
		.option(...JSON_OPTION)
		.action(exportJobs);
}

async function exportJobs(
	target: string,
	destination: string,
	{ metric, scope, force, json, ...given }: ExportArguments,
): Promise<void> {
	const selection = selectionOf(given);
	const options = resolveOptions();
	using interruption = new Interruption();
	await using opened = new Opened();
	const archive = await opened.readArchive(target);
	const pool = await opened.add(new WorkerPool(options));
	const progress = await startJobProgress(archive);
	const result = await exportParquet(archive, destination, {
		...selection,
		pool,
		metrics: metric,
		scopes: scope,
		force,
		signal: interruption.wished,
		onProgress: ({ jobs }) => progress.update(jobs),
	}).finally(() => progress.stop());
	printFailures(result.failed);
	if (json) printJson({ ...result, failed: result.failed.length });
	else printOutcome(result);
	if (result.failed.length > 0) process.exitCode = 1;
}

function printOutcome(result: ParquetExportResult): void {
	const { jobs, rows, bytes, failed, files, seconds } = result;
	printFacts([
		[
			"jobs exported",
			`${formatCount(jobs)} (${formatCount(failed.length)} failed)`,
		],
		["rows of series", formatCount(rows)],
		["written", formatBytes(bytes)],
		["series", files.series],
		["jobs", files.jobs],
		["time", `${seconds.toFixed(2)} s`],
	]);
}

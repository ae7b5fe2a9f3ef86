import type { Command } from "commander";
import type { Compression, DataFormat } from "../codec/column.js";
import { resolveOptions } from "../config.js";
import { WorkerPool } from "../dispatch/pool.js";
import {
	type ImportResult,
	importArchive,
} from "../maintenance/import-archive.js";
import { compressionOption, formatOption, JSON_OPTION } from "./arguments.js";
import { printFailures } from "./failures.js";
import { Interruption } from "./interruption.js";
import { Opened } from "./opened.js";
import { printJson } from "./output.js";
import { startJobProgress } from "./progress.js";
import { printFacts } from "./report.js";
import { formatBytes, formatCount } from "./text.js";

interface ImportArguments {
	format?: DataFormat;
	compression?: Compression;
	json?: boolean;
}

export function addImportCommand(program: Command): void {
	program
		.command("import")
		.description("copy every job of an archive into another one")
		.argument(
			"<source>",
			"the archive that is read: file:DIR, sqlite:FILE or s3://BUCKET",
		)
		.argument(
			"<target>",
			"the archive that jobs go to: file:DIR, sqlite:FILE or s3://BUCKET",
		)
		.addOption(formatOption())
		.addOption(compressionOption("fast"))
		.option(...JSON_OPTION)
		.action(importJobs);
}

async function importJobs(
	sourceTarget: string,
	destination: string,
	{ json, ...given }: ImportArguments,
): Promise<void> {
	const options = resolveOptions(given);
	using interruption = new Interruption();
	await using opened = new Opened();
	const source = await opened.readArchive(sourceTarget);
	const target = await opened.writeArchive(destination, options);
	const pool = await opened.add(new WorkerPool(options));
	const progress = await startJobProgress(source);
	const result = await importArchive(source, target, {
		pool,
		compression: options.compression,
		signal: interruption.wished,
		onProgress: ({ jobs }) => progress.update(jobs),
	}).finally(() => progress.stop());
	printFailures(result.failed);
	if (json) printJson({ ...result, failed: result.failed.length });
	else printOutcome(result);
	if (result.failed.length > 0 || interruption.wished.aborted)
		process.exitCode = 1;
}

function printOutcome(result: ImportResult): void {
	const { imported, skipped, failed, samples, bytes, seconds } = result;
	printFacts([
		[
			"jobs imported",
			`${formatCount(imported)} (${formatCount(failed.length)} failed, ${formatCount(skipped)} were there already)`,
		],
		["samples", formatCount(samples)],
		["data stored", formatBytes(bytes)],
		["time", `${seconds.toFixed(2)} s`],
	]);
}

import type { Command } from "commander";
import type { Compression, DataFormat } from "../codec/column.js";
import { resolveOptions } from "../config.js";
import { WorkerPool } from "../dispatch/pool.js";
import {
	type CompressResult,
	compressArchive,
} from "../maintenance/compress-archive.js";
import { compressionOption, formatOption, JSON_OPTION } from "./arguments.js";
import { printFailures } from "./failures.js";
import { Interruption } from "./interruption.js";
import { Opened } from "./opened.js";
import { printJson, printNote } from "./output.js";
import { startJobProgress } from "./progress.js";
import { printFacts } from "./report.js";
import {
	addSelectionOptions,
	type SelectionArguments,
	selectionOf,
} from "./selection.js";
import { formatBytes, formatCount } from "./text.js";

const JSON_STAYS =
	"json stays as it is here; --format columnar makes columns of it, which ClusterCockpit's tools do not read";

interface CompressArguments extends SelectionArguments {
	format?: DataFormat;
	compression?: Compression;
	json?: boolean;
}

export function addCompressCommand(program: Command): void {
	const command = program
		.command("compress")
		.description("make the jobs of an archive smaller, in place")
		.argument("<target>", "the archive: file:DIR, sqlite:FILE or s3://BUCKET")
		.addOption(compressionOption("small"))
		.addOption(formatOption());
	addSelectionOptions(command)
		.option(...JSON_OPTION)
		.action(compress);
}

async function compress(
	target: string,
	{ format, compression, json, ...given }: CompressArguments,
): Promise<void> {
	const selection = selectionOf(given);
	const options = resolveOptions({ format });
	using interruption = new Interruption();
	await using opened = new Opened();
	const archive = await opened.changeArchive(target, options);
	const pool = await opened.add(new WorkerPool(options));
	const progress = await startJobProgress(archive);
	const result = await compressArchive(archive, {
		...selection,
		pool,
		compression,
		signal: interruption.wished,
		onProgress: ({ jobs }) => progress.update(jobs),
	}).finally(() => progress.stop());
	printFailures(result.failed);
	if (json) printJson({ ...result, failed: result.failed.length });
	else printOutcome(result);
	if (archive.format === "json") printNote(JSON_STAYS);
	if (result.failed.length > 0 || interruption.wished.aborted)
		process.exitCode = 1;
}

function printOutcome(result: CompressResult): void {
	const { compressed, skipped, failed, bytesBefore, bytes, seconds } = result;
	printFacts([
		[
			"jobs compressed",
			`${formatCount(compressed)} (${formatCount(failed.length)} failed, ${formatCount(skipped)} left as they are)`,
		],
		["their data", `${formatBytes(bytes)}, ${formatBytes(bytesBefore)} before`],
		["time", `${seconds.toFixed(2)} s`],
	]);
}

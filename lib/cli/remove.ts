import type { Command } from "commander";
import type { Archive } from "../archive/archive.js";
import { resolveOptions } from "../config.js";
import { ArchiverError } from "../errors.js";
import {
	type RemoveOptions,
	type RemoveResult,
	removeJobs,
} from "../maintenance/remove-jobs.js";
import { JSON_OPTION } from "./arguments.js";
import { confirm, expectTerminal } from "./confirm.js";
import { printFailures } from "./failures.js";
import { Interruption } from "./interruption.js";
import { Opened } from "./opened.js";
import { printJson, printNote } from "./output.js";
import { startJobProgress } from "./progress.js";
import { printFacts } from "./report.js";
import {
	addSelectionOptions,
	type Selection,
	type SelectionArguments,
	selectionOf,
} from "./selection.js";
import { formatCount, formatTime, plainText } from "./text.js";

interface RemoveArguments extends SelectionArguments {
	db?: string;
	dryRun?: boolean;
	yes?: boolean;
	json?: boolean;
}

export function addRemoveCommand(program: Command): void {
	const command = program
		.command("remove")
		.description("remove old jobs from an archive, and from the job database")
		.argument("<target>", "the archive: file:DIR, sqlite:FILE or s3://BUCKET");
	addSelectionOptions(command)
		.option("--db <file>", "the job database that they are removed from too")
		.option("--dry-run", "change nothing, and count what would be removed")
		.option("--yes", "do not ask")
		.option(...JSON_OPTION)
		.action(remove);
}

async function remove(
	target: string,
	{ db, dryRun = false, yes = false, json, ...given }: RemoveArguments,
): Promise<void> {
	const selection = selectionOf(given);
	expectTimes(selection);
	if (!yes && !dryRun) expectTerminal();
	const options = resolveOptions();
	using interruption = new Interruption();
	await using opened = new Opened();
	const archive = dryRun
		? await opened.readArchive(target)
		: await opened.changeArchive(target, options);
	const repository =
		db === undefined ? undefined : await opened.changeDatabase(db, options);
	const chosen = { ...selection, repository, signal: interruption.wished };
	const isSure =
		yes || dryRun || (await askFor(archive, chosen, interruption.wished));
	if (!isSure) {
		printNote("nothing was removed");
		process.exitCode = 1;
		return;
	}
	const result = await runWithProgress(archive, { ...chosen, dryRun });
	printFailures(result.failed);
	if (json) printJson({ ...result, failed: result.failed.length, dryRun });
	else printOutcome(result, dryRun);
	if (result.failed.length > 0 || interruption.wished.aborted)
		process.exitCode = 1;
}

/** Whoever means every job says so, with a time in the future. */
function expectTimes({ from, to }: Selection): void {
	if (from !== undefined || to !== undefined) return;
	throw new ArchiverError(
		"INVALID_OPTION",
		"which jobs are to be removed? Give --before, --after or both",
		{ field: "before" },
	);
}

async function askFor(
	archive: Archive,
	chosen: RemoveOptions,
	signal: AbortSignal,
): Promise<boolean> {
	const { removed, rows } = await runWithProgress(archive, {
		...chosen,
		dryRun: true,
	});
	if (signal.aborted) return false;
	const things = [
		`${formatCount(removed)} jobs of ${plainText(archive.target)}`,
		...(chosen.repository === undefined
			? []
			: [`${formatCount(rows)} rows of the job database`]),
	];
	return confirm(
		`Remove ${things.join(" and ")}, ${describe(chosen)}?`,
		signal,
	);
}

function describe({ from, to, cluster }: Selection): string {
	const parts = [
		...(cluster === undefined ? [] : [`of ${plainText(cluster)}`]),
		...(from === undefined ? [] : [`started from ${formatTime(from)} on`]),
		...(to === undefined ? [] : [`started before ${formatTime(to)}`]),
	];
	return parts.join(", ");
}

async function runWithProgress(
	archive: Archive,
	options: RemoveOptions,
): Promise<RemoveResult> {
	const progress = await startJobProgress(archive);
	return removeJobs(archive, {
		...options,
		onProgress: ({ jobs }) => progress.update(jobs),
	}).finally(() => progress.stop());
}

function printOutcome(result: RemoveResult, dryRun: boolean): void {
	const { removed, rows, spared, failed, seconds } = result;
	printFacts([
		[
			dryRun ? "jobs to remove" : "jobs removed",
			`${formatCount(removed)} (${formatCount(failed.length)} failed, ${formatCount(spared)} not finished)`,
		],
		[dryRun ? "rows to remove" : "rows removed", formatCount(rows)],
		["time", `${seconds.toFixed(2)} s`],
	]);
}

import type { Command } from "commander";
import { resolveOptions } from "../config.js";
import { WorkerPool } from "../dispatch/pool.js";
import {
	type ArchiveProblem,
	type VerifyResult,
	verifyArchive,
} from "../maintenance/verify-archive.js";
import { JSON_OPTION } from "./arguments.js";
import { Interruption } from "./interruption.js";
import { Opened } from "./opened.js";
import {
	moreLine,
	printJson,
	printResult,
	shortened,
	type TableColumn,
	tableText,
} from "./output.js";
import { startJobProgress } from "./progress.js";
import { formatCount } from "./text.js";

const COLUMNS: readonly TableColumn[] = [
	{ title: "job" },
	{ title: "column" },
	{ title: "offset", align: "right" },
	{ title: "reason" },
];

export function addVerifyCommand(program: Command): void {
	program
		.command("verify")
		.description("check every byte of an archive")
		.argument("<target>", "the archive: file:DIR or sqlite:FILE")
		.option(...JSON_OPTION)
		.action(verify);
}

async function verify(
	target: string,
	{ json }: { json?: boolean },
): Promise<void> {
	const options = resolveOptions();
	using interruption = new Interruption();
	await using opened = new Opened();
	const archive = await opened.readArchive(target);
	const pool = await opened.add(new WorkerPool(options));
	const progress = await startJobProgress(archive);
	const result = await verifyArchive(archive, {
		pool,
		signal: interruption.wished,
		onProgress: ({ jobs }) => progress.update(jobs),
	}).finally(() => progress.stop());
	if (json) printJson(result);
	else printFindings(result);
	if (result.faults.length > 0 || interruption.wished.aborted)
		process.exitCode = 1;
}

function printFindings({ jobs, faults, notes }: VerifyResult): void {
	printProblems("faults", faults);
	printProblems("notes", notes);
	const counts = [
		`${formatCount(jobs)} jobs`,
		`${formatCount(faults.length)} faults`,
		`${formatCount(notes.length)} notes`,
	];
	printResult(`${counts.join(", ")}\n`);
}

function printProblems(title: string, problems: ArchiveProblem[]): void {
	if (problems.length === 0) return;
	printResult(`${title}:\n`);
	printResult(tableText(COLUMNS, shortened(problems).map(rowOf)));
	printResult(`${moreLine(problems.length)}\n`);
}

function rowOf(problem: ArchiveProblem): string[] {
	const { cluster, jobId, startTime, column, offset, path, reason } = problem;
	const job = [cluster, jobId, startTime].filter((part) => part !== undefined);
	const place = path === undefined || reason.includes(path) ? "" : `${path}: `;
	return [job.join("/"), column ?? "", String(offset ?? ""), place + reason];
}

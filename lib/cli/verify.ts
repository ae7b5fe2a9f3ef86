import type { Command } from "commander";
import { resolveOptions } from "../config.js";
import { WorkerPool } from "../dispatch/pool.js";
import type { ArchiveProblem } from "../maintenance/findings.js";
import {
	PROBLEM_CODES,
	type ProblemCode,
} from "../maintenance/problem-codes.js";
import {
	type VerifyResult,
	verifyArchive,
} from "../maintenance/verify-archive.js";
import { SqliteJobRepository } from "../repository/sqlite.js";
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
	{ title: "code" },
	{ title: "column" },
	{ title: "offset", align: "right" },
	{ title: "reason" },
];

interface VerifyArguments {
	db?: string;
	cluster?: string;
	schema?: boolean;
	json?: boolean;
}

export function addVerifyCommand(program: Command): void {
	program
		.command("verify")
		.description("check every byte of an archive, and what lies in it")
		.argument("<target>", "the archive: file:DIR, sqlite:FILE or s3://BUCKET")
		.option(
			"--db <file>",
			"the job database, to compare its rows with the jobs",
		)
		.option("--cluster <name>", "only this cluster")
		.option("--schema", "hold meta and data against ClusterCockpit's schemas")
		.option(...JSON_OPTION)
		.action(verify);
}

async function verify(
	target: string,
	{ db, cluster, schema, json }: VerifyArguments,
): Promise<void> {
	const options = resolveOptions();
	using interruption = new Interruption();
	await using opened = new Opened();
	const archive = await opened.readArchive(target);
	const repository =
		db === undefined
			? undefined
			: await opened.add(SqliteJobRepository.open(db, { readOnly: true }));
	const pool = await opened.add(new WorkerPool(options));
	const progress = await startJobProgress(archive);
	const result = await verifyArchive(archive, {
		pool,
		cluster,
		repository,
		schema,
		signal: interruption.wished,
		onProgress: ({ jobs }) => progress.update(jobs),
	}).finally(() => progress.stop());
	if (json) printJson(result);
	else printFindings(result);
	if (result.faults.length > 0 || interruption.wished.aborted)
		process.exitCode = 1;
}

function printFindings({ jobs, faults, notes, counts }: VerifyResult): void {
	const found = { fault: 0, note: 0 };
	for (const [code, count] of codesOf(counts))
		found[PROBLEM_CODES[code].severity] += count;
	printProblems("faults", faults, found.fault);
	printProblems("notes", notes, found.note);
	printAdvice(counts);
	const totals = [
		`${formatCount(jobs)} jobs`,
		`${formatCount(found.fault)} faults`,
		`${formatCount(found.note)} notes`,
	];
	printResult(`${totals.join(", ")}\n`);
}

function printProblems(
	title: string,
	problems: ArchiveProblem[],
	total: number,
): void {
	if (problems.length === 0) return;
	printResult(`${title}:\n`);
	printResult(tableText(COLUMNS, shortened(problems).map(rowOf)));
	printResult(`${moreLine(total)}\n`);
}

/** What is to be done, once a kind. */
function printAdvice(counts: VerifyResult["counts"]): void {
	const rows = codesOf(counts).map(([code, count]) => {
		const { meaning, advice } = PROBLEM_CODES[code];
		return [code, formatCount(count), `${meaning}: ${advice}`];
	});
	if (rows.length === 0) return;
	const columns: TableColumn[] = [
		{ title: "code" },
		{ title: "found", align: "right" },
		{ title: "what to do" },
	];
	printResult(`${tableText(columns, rows)}\n`);
}

function codesOf(counts: VerifyResult["counts"]): [ProblemCode, number][] {
	return Object.entries(counts) as [ProblemCode, number][];
}

function rowOf(problem: ArchiveProblem): string[] {
	const { cluster, jobId, startTime, path, reason } = problem;
	const { code, column = "", offset = "" } = problem;
	const job = [cluster, jobId, startTime].filter((part) => part !== undefined);
	const place = path === undefined || reason.includes(path) ? "" : `${path}: `;
	return [job.join("/"), code, column, String(offset), place + reason];
}

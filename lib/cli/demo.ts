import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { type Options, resolveOptions } from "../config.js";
import { ArchiverError, toArchiverError } from "../errors.js";
import type { JobRepository } from "../repository/repository.js";
import { SqliteJobRepository } from "../repository/sqlite.js";
import type { Job } from "../schema/job.js";
import { SyntheticSource } from "../source/synthetic.js";
import { archiveJobs } from "./archive-run.js";
import { JSON_OPTION, parseCount } from "./arguments.js";
import { DEMO_CLUSTER, demoCluster } from "./demo-cluster.js";
import { demoJob } from "./demo-jobs.js";
import { Failures } from "./failures.js";
import { Interruption } from "./interruption.js";
import { jobPages } from "./job-pages.js";
import { Opened } from "./opened.js";
import { printJson, printNote, printResult } from "./output.js";
import { printReport } from "./report.js";

const DEFAULT_JOBS = 24;
const DEFAULT_FOLDER = "./job-archive-demo";
const SEED = 1;
const BATCH_JOBS = 200;

interface DemoArguments {
	jobs: number;
	out: string;
	json?: boolean;
}

export function addDemoCommand(program: Command): void {
	program
		.command("demo")
		.description("make a cluster with finished jobs, and archive them")
		.option("--jobs <count>", "jobs to make", parseCount, DEFAULT_JOBS)
		.option(
			"--out <dir>",
			"folder for the job database and the archive; a second run adds to them",
			DEFAULT_FOLDER,
		)
		.option(...JSON_OPTION)
		.action(demo);
}

async function demo({ jobs, out, json }: DemoArguments): Promise<void> {
	const options = resolveOptions();
	using interruption = new Interruption(2);
	await using opened = new Opened();
	const repository = await openDatabase(out, options, opened);
	const target = `file:${join(out, "archive")}`;
	const archive = await opened.writeArchive(target, options);
	const before = await countJobs(repository);
	await registerJobs(repository, before, jobs);
	if (before > 0)
		printNote(`${out} holds ${before} jobs of an earlier run: adding ${jobs}`);
	const failures = new Failures();
	const report = await archiveJobs({
		repository,
		archive,
		source: new SyntheticSource(SEED),
		clusters: { loadClusterConfig: async () => demoCluster() },
		options,
		jobs: pendingJobs(repository),
		expectedJobs: jobs,
		failures,
		interruption,
	});
	failures.print();
	if (json) printJson(report);
	else {
		printReport(report);
		printWhereToLook(target, demoJob(before));
	}
	if (report.failed > 0 || interruption.wished.aborted) process.exitCode = 1;
}

/**
 * @throws ArchiverError INVALID_OPTION when there is a job database that the demo must not add made-up jobs to;
 * and why it cannot be opened
 */
async function openDatabase(
	folder: string,
	options: Readonly<Options>,
	opened: Opened,
): Promise<SqliteJobRepository> {
	await mkdir(folder, { recursive: true }).catch((error) => {
		throw toArchiverError(error, "ARCHIVE_WRITE_FAILED", { path: folder });
	});
	const path = join(folder, "job.db");
	const repository = await opened.add(
		SqliteJobRepository.open(path, { fsync: options.fsync }),
	);
	if (repository.ours) return repository;
	throw new ArchiverError(
		"INVALID_OPTION",
		`${path} is ClusterCockpit's job database; the demo adds made-up jobs to its own only`,
		{ path, field: "out", received: folder },
	);
}

async function countJobs(repository: JobRepository): Promise<number> {
	let count = 0;
	const jobs = jobPages((query) =>
		repository.findByTime({ ...query, cluster: DEMO_CLUSTER }),
	);
	for await (const _ of jobs) count++;
	return count;
}

async function registerJobs(
	repository: JobRepository,
	from: number,
	count: number,
): Promise<void> {
	for (let index = from; index < from + count; index += BATCH_JOBS) {
		const length = Math.min(BATCH_JOBS, from + count - index);
		await repository.registerJobs(
			Array.from({ length }, (_, i) => demoJob(index + i)),
		);
	}
}

function pendingJobs(repository: JobRepository): AsyncIterable<Job> {
	return jobPages((query) =>
		repository.findPending({ ...query, cluster: DEMO_CLUSTER }),
	);
}

function printWhereToLook(target: string, { cluster, jobId }: Job): void {
	const archive = quoted(target);
	printResult("\nWhere to look next:\n");
	for (const rest of [
		`info ${archive}`,
		`show ${archive} ${cluster}/${jobId}`,
		`verify ${archive}`,
	])
		printResult(`  ${commandPrefix()} ${rest}\n`);
}

/** How this command line was called, as far as npm tells. */
function commandPrefix(env = process.env): string {
	if (env.npm_lifecycle_event === "npx") return "npx hpc-job-archiver";
	return env.npm_lifecycle_event && env.npm_package_name === "hpc-job-archiver"
		? "npm run --silent archiver --"
		: "hpc-job-archiver";
}

/** A word for a POSIX shell. */
function quoted(word: string): string {
	return /^[\w@%+=:,./-]+$/.test(word)
		? word
		: `'${word.replaceAll("'", "'\\''")}'`;
}

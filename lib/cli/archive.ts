import { type Command, Option } from "commander";
import type { Archive } from "../archive/archive.js";
import type { DataFormat } from "../codec/column.js";
import { type Options, resolveOptions } from "../config.js";
import type { ClusterProvider } from "../dispatch/clusters.js";
import { ArchiverError } from "../errors.js";
import type { JobRepository } from "../repository/repository.js";
import { SqliteJobRepository } from "../repository/sqlite.js";
import type { Job } from "../schema/job.js";
import { openSource } from "../source/open.js";
import type { MetricSource } from "../source/source.js";
import { archiveJobs } from "./archive-run.js";
import { formatOption, JSON_OPTION, parseCount } from "./arguments.js";
import { Failures } from "./failures.js";
import { Interruption } from "./interruption.js";
import { jobPages } from "./job-pages.js";
import { Opened } from "./opened.js";
import { printJson, printNote } from "./output.js";
import { registerArchivedJobs } from "./register.js";
import { printReport } from "./report.js";

interface ArchiveArguments {
	db: string;
	source: string;
	archive: string;
	pending?: boolean;
	failed?: boolean;
	all?: boolean;
	clusters?: string;
	register?: boolean;
	format?: DataFormat;
	limit?: number;
	json?: boolean;
}

export function addArchiveCommand(program: Command): void {
	program
		.command("archive")
		.description("archive finished jobs of a job database")
		.requiredOption("--db <file>", "the job database")
		.requiredOption(
			"--source <source>",
			"where series come from: replay:TARGET, http://HOST or synthetic:SEED",
		)
		.requiredOption(
			"--archive <target>",
			"where jobs go: file:DIR, sqlite:FILE or s3://BUCKET",
		)
		.addOption(
			new Option(
				"--pending",
				"jobs that were not archived yet (default)",
			).conflicts(["failed", "all"]),
		)
		.addOption(
			new Option("--failed", "jobs whose archiving failed").conflicts("all"),
		)
		.option("--all", "every stopped job, those archived before included")
		.option(
			"--clusters <target>",
			"archive that cluster configurations come from when the target lacks them",
		)
		.option(
			"--register",
			"enter the jobs of the replayed archive into the job database first",
		)
		.addOption(formatOption())
		.option("--limit <jobs>", "at most so many jobs", parseCount)
		.option(...JSON_OPTION)
		.action(archive);
}

async function archive(given: ArchiveArguments): Promise<void> {
	const options = resolveOptions({ format: given.format });
	using interruption = new Interruption(2);
	await using opened = new Opened();
	const { source, replayed } = await openGivenSource(given, opened);
	const clusters = await openClusters(given, replayed, opened);
	const repository = await openDatabase(given, options, opened);
	const target = await opened.writeArchive(given.archive, options);
	const failures = new Failures();
	if (given.register && replayed !== undefined) {
		const count = await registerArchivedJobs(
			replayed,
			repository,
			failures,
			interruption.wished,
		);
		printNote(`${count} jobs registered in ${given.db}`);
	}
	const report = await archiveJobs({
		repository,
		archive: target,
		source,
		clusters,
		options,
		jobs: selectedJobs(repository, given),
		expectedJobs: await countSelected(repository, given),
		limit: given.limit,
		failures,
		interruption,
	});
	failures.print();
	if (given.json) printJson(report);
	else printReport(report);
	if (report.failed > 0 || interruption.wished.aborted) process.exitCode = 1;
}

/** Opens the source, and tells the archive that it replays, if it does. */
async function openGivenSource(
	{ source: text, register }: ArchiveArguments,
	opened: Opened,
): Promise<{ source: MetricSource; replayed?: Archive }> {
	let replayed: Archive | undefined;
	const openArchive = async (target: string) => {
		replayed = await opened.readArchive(target);
		return replayed;
	};
	const source = await opened.add(openSource(text, { openArchive }));
	if (register && replayed === undefined)
		throw new ArchiverError(
			"INVALID_OPTION",
			`--register enters the jobs of a replayed archive, which --source ${text} is not`,
			{ field: "register" },
		);
	return { source, replayed };
}

/** A replayed archive knows the clusters of its jobs. */
async function openClusters(
	{ clusters: target }: ArchiveArguments,
	replayed: Archive | undefined,
	opened: Opened,
): Promise<ClusterProvider | undefined> {
	return target === undefined ? replayed : opened.readArchive(target);
}

/** Only `--register` makes a new one. */
function openDatabase(
	{ db, register }: ArchiveArguments,
	{ fsync }: Pick<Options, "fsync">,
	opened: Opened,
): Promise<JobRepository> {
	return register
		? opened.add(SqliteJobRepository.open(db, { fsync }))
		: opened.changeDatabase(db, { fsync });
}

function selectedJobs(
	repository: JobRepository,
	{ all, failed }: ArchiveArguments,
): AsyncIterable<Job> {
	if (all) return jobPages((query) => repository.findByTime(query));
	if (failed) return jobPages((query) => repository.findFailed(query));
	return jobPages((query) => repository.findPending(query));
}

/** Running jobs count too: an estimate. */
async function countSelected(
	repository: JobRepository,
	{ all, failed, limit = Number.POSITIVE_INFINITY }: ArchiveArguments,
): Promise<number> {
	const counts = await repository.countByStatus();
	const selected = failed ? counts[2] : counts[1];
	const every = counts[1] + counts[2] + counts[3];
	return Math.min(all ? every : selected, limit);
}

import { type Command, Option } from "commander";
import type { Archive } from "../archive/archive.js";
import { type Options, resolveOptions } from "../config.js";
import { WorkerPool } from "../dispatch/pool.js";
import { ArchiverError } from "../errors.js";
import {
	type RetainResult,
	type RetentionPolicy,
	retain,
} from "../maintenance/retain.js";
import type { OmitTagged } from "../maintenance/spared-jobs.js";
import { JSON_OPTION, parseCount } from "./arguments.js";
import { printFailures } from "./failures.js";
import { Interruption } from "./interruption.js";
import { Opened } from "./opened.js";
import { printJson } from "./output.js";
import { startJobProgress } from "./progress.js";
import { printFacts } from "./report.js";
import { formatBytes, formatCount } from "./text.js";

interface RetainArguments {
	policy: RetentionPolicy["kind"];
	age: number;
	to?: string;
	resolution?: number;
	dropSeries?: boolean;
	omitTagged: OmitTagged;
	cluster?: string;
	db?: string;
	dryRun?: boolean;
	json?: boolean;
}

/** Which policies take an option, all of which need it. */
const POLICIES_WITH = { to: ["copy", "move"], series: ["thin"] };
const PAST: Record<RetentionPolicy["kind"], string> = {
	delete: "deleted",
	copy: "copied",
	move: "moved",
	thin: "thinned",
};

export function addRetainCommand(program: Command): void {
	program
		.command("retain")
		.description("delete, copy, move or thin the old jobs of an archive")
		.argument("<target>", "the archive: file:DIR, sqlite:FILE or s3://BUCKET")
		.addOption(
			new Option("--policy <policy>", "what becomes of old jobs")
				.choices(Object.keys(PAST))
				.makeOptionMandatory(),
		)
		.requiredOption(
			"--age <days>",
			"days since a job's start, from which on it is old",
			parseCount,
		)
		.option("--to <target>", "copy, move: the archive that jobs go to")
		.addOption(
			new Option("--resolution <seconds>", "thin: keep samples so far apart")
				.argParser(parseCount)
				.conflicts("dropSeries"),
		)
		.option("--drop-series", "thin: keep the meta and its statistics only")
		.addOption(
			new Option("--omit-tagged <which>", "tagged jobs that are left alone")
				.choices(["none", "all", "user"])
				.default("none"),
		)
		.option("--cluster <name>", "jobs of this cluster")
		.option(
			"--db <file>",
			"the job database: jobs that are not archived are left alone, those deleted or moved go from it too",
		)
		.option("--dry-run", "change nothing, and count the jobs")
		.option(...JSON_OPTION)
		.action(retainJobs);
}

async function retainJobs(
	target: string,
	given: RetainArguments,
): Promise<void> {
	checkCombination(given);
	const { policy: kind, db, dryRun = false, json } = given;
	const options = resolveOptions();
	using interruption = new Interruption();
	await using opened = new Opened();
	const archive =
		dryRun || kind === "copy"
			? await opened.readArchive(target)
			: await opened.changeArchive(target, options);
	const repository =
		db === undefined ? undefined : await opened.changeDatabase(db, options);
	const policy = await policyOf(given, archive, options, opened);
	const pool = await opened.add(new WorkerPool(options));
	const progress = await startJobProgress(archive);
	const result = await retain(archive, {
		pool,
		policy,
		ageDays: given.age,
		omitTagged: given.omitTagged,
		cluster: given.cluster,
		repository,
		dryRun,
		signal: interruption.wished,
		onProgress: ({ jobs }) => progress.update(jobs),
	}).finally(() => progress.stop());
	printFailures(result.failed);
	if (json)
		printJson({
			policy: kind,
			...result,
			failed: result.failed.length,
			dryRun,
		});
	else printOutcome(result, dryRun ? `to ${kind}` : PAST[kind]);
	if (result.failed.length > 0 || interruption.wished.aborted)
		process.exitCode = 1;
}

/** Each policy has what it needs, and nothing that it would not heed. */
function checkCombination({
	policy,
	to,
	resolution,
	dropSeries,
}: RetainArguments): void {
	const isGiven = {
		to: to !== undefined,
		series: resolution !== undefined || dropSeries === true,
	};
	const names = { to: "--to", series: "--resolution or --drop-series" };
	for (const option of ["to", "series"] as const) {
		const isNeeded = POLICIES_WITH[option].includes(policy);
		if (isGiven[option] !== isNeeded)
			throw new ArchiverError(
				"INVALID_OPTION",
				`--policy ${policy} ${isNeeded ? "needs" : "does not go with"} ${names[option]}`,
				{ field: option },
			);
	}
}

async function policyOf(
	{ policy: kind, to = "", resolution, dryRun }: RetainArguments,
	archive: Archive,
	options: Readonly<Options>,
	opened: Opened,
): Promise<RetentionPolicy> {
	switch (kind) {
		case "delete":
			return { kind };
		case "thin":
			return {
				kind,
				series:
					resolution === undefined ? "drop" : { resolutionSeconds: resolution },
			};
		case "copy":
		case "move": {
			// Counting asks nothing of a target, which need not be there yet.
			if (dryRun) return { kind: "delete" };
			// Jobs stay in their format; a new archive is made for the one that this one writes.
			const { format } = archive;
			const target = await opened.writeArchive(to, { ...options, format });
			return { kind, target };
		}
	}
}

function printOutcome(result: RetainResult, done: string): void {
	const { skipped, spared, failed, rows, bytesBefore, bytes } = result;
	printFacts([
		[
			`jobs ${done}`,
			`${formatCount(result.done)} (${formatCount(failed.length)} failed, ${formatCount(skipped)} were before, ${formatCount(spared)} left alone)`,
		],
		...(rows === 0 ? [] : [["rows removed", formatCount(rows)] as const]),
		...(bytesBefore === 0
			? []
			: [
					[
						"their data",
						`${formatBytes(bytes)}, ${formatBytes(bytesBefore)} before`,
					] as const,
				]),
		["time", `${result.seconds.toFixed(2)} s`],
	]);
}

import type { Archive } from "../archive/archive.js";
import { isSamePlace } from "../archive/same-place.js";
import type { WorkerPool } from "../dispatch/pool.js";
import { ArchiverError } from "../errors.js";
import type { JobRepository } from "../repository/repository.js";
import { invalidInput } from "../schema/invalid-input.js";
import type { Job, JobKey } from "../schema/job.js";
import { isCount } from "../schema/shapes.js";
import { copyClusters } from "./copy-clusters.js";
import { JobCopier } from "./copy-job.js";
import { JobRemoval } from "./job-removal.js";
import {
	isActive,
	isKeptForTags,
	isUnarchived,
	type OmitTagged,
} from "./spared-jobs.js";
import { JobThinner, type Thinning } from "./thin-job.js";
import {
	type JobFailure,
	type JobOutcome,
	type JobVisitor,
	type JobWork,
	type WalkOptions,
	walkJobs,
} from "./walk-jobs.js";

const SECONDS_PER_DAY = 86_400;

/** What becomes of old jobs. */
export type RetentionPolicy =
	| { kind: "delete" }
	/** To another archive, as they are stored. */
	| { kind: "copy" | "move"; target: Archive }
	/** Their series are resampled or dropped. */
	| { kind: "thin"; series: Thinning };

export interface RetainOptions
	extends Pick<
		WalkOptions,
		"cluster" | "bufferBytes" | "onProgress" | "signal"
	> {
	/** Its threads check what is copied, and thin. */
	pool: Pick<WorkerPool, "run">;
	policy: RetentionPolicy;
	/** Days since a job's start, from which on it is old. */
	ageDays: number;
	/** Jobs that are left alone for their tags; `none` unless told. */
	omitTagged?: OmitTagged;
	/** Says what is running, not archived, or tagged; jobs that are deleted or moved are removed from it too. */
	repository?: Pick<JobRepository, "findJob" | "removeJobs">;
	/** Change nothing, and count the jobs that the policy would be applied to. */
	dryRun?: boolean;
	/** Unix seconds that ages are counted to; the present unless told. */
	now?: number;
}

export interface RetainResult {
	/** Jobs deleted, copied, moved or thinned. */
	done: number;
	/** Old jobs that are as the policy wants them. */
	skipped: number;
	/** Old jobs that are running, not archived, or kept for their tags. */
	spared: number;
	/** Jobs that stay as they were. */
	failed: JobFailure[];
	/** Rows removed from the job database. */
	rows: number;
	/** Bytes of the data of jobs that were copied, moved or thinned, and of what they became. */
	bytesBefore: number;
	bytes: number;
	seconds: number;
}

/**
 * Applies a policy to the old jobs of an archive. A job is removed only when its copy has been read back and is right, and
 * from the job database first. Several jobs are worked on at a time; one that fails stays where it is, and the rest goes
 * on. A run that was interrupted is finished by another one.
 *
 * @throws ArchiverError INVALID_INPUT; ARCHIVE_UNREADABLE when the archive cannot be listed; ARCHIVER_CLOSED when the pool
 * closes
 */
export async function retain(
	archive: Archive,
	options: RetainOptions,
): Promise<RetainResult> {
	const startedMs = performance.now();
	await checkOptions(archive, options);
	const { policy, cluster, dryRun, ageDays } = options;
	const { now = Math.floor(Date.now() / 1000) } = options;
	const removal = new JobRemoval(archive, options.repository);
	const application = applicationOf(archive, options, removal);
	const clusterFailures =
		"target" in policy && !dryRun
			? await copyClusters(archive, policy.target, cluster)
			: [];
	const visitor = new OldJobs(options, application, removal);
	const { failed, ...counts } = await walkJobs(archive, visitor, {
		...options,
		to: now - ageDays * SECONDS_PER_DAY,
		halfRemoved: visitor.removes,
	});
	const { bytes = 0, bytesBefore = bytes } = application;
	return {
		...counts,
		failed: [...clusterFailures, ...failed],
		rows: removal.rows,
		bytesBefore,
		bytes,
		seconds: (performance.now() - startedMs) / 1000,
	};
}

/** A policy at work. */
interface Application extends Pick<JobVisitor, "visit"> {
	readonly bytesBefore?: number;
	readonly bytes?: number;
}

function applicationOf(
	archive: Archive,
	{ policy, pool }: RetainOptions,
	removal: JobRemoval,
): Application {
	switch (policy.kind) {
		case "delete":
			return { visit: async (job) => removing(removal, job) };
		case "copy":
			return new JobCopier({ source: archive, target: policy.target, pool });
		case "move":
			return new JobCopier({
				source: archive,
				target: policy.target,
				pool,
				removal,
			});
		case "thin":
			return new JobThinner(archive, pool, policy.series);
	}
}

/** Leaves out those that are to be spared. */
class OldJobs implements JobVisitor {
	/** Whether jobs are removed, so that a removal may have been cut short. */
	readonly removes: boolean;
	readonly #options: RetainOptions;
	readonly #application: Application;
	readonly #removal: JobRemoval;

	constructor(
		options: RetainOptions,
		application: Application,
		removal: JobRemoval,
	) {
		const { kind } = options.policy;
		this.removes = kind === "delete" || kind === "move";
		this.#options = options;
		this.#application = application;
		this.#removal = removal;
	}

	async visit(job: Job): Promise<JobOutcome | JobWork> {
		const { repository, omitTagged = "none", dryRun } = this.#options;
		if (isActive(job)) return "spared";
		const row = await repository?.findJob(job);
		if (row !== undefined && isUnarchived(row)) return "spared";
		const tags = [...job.tags, ...(row?.tags ?? [])];
		if (isKeptForTags(tags, omitTagged)) return "spared";
		return dryRun ? "done" : this.#application.visit(job);
	}

	/** What an interrupted run has half removed goes; nothing can be told of a job whose meta is damaged. */
	async visitUnreadable(
		key: JobKey,
		error: ArchiverError,
	): Promise<JobOutcome | JobWork> {
		if (error.code !== "JOB_UNKNOWN") throw error;
		const { policy, repository, dryRun } = this.#options;
		if (policy.kind === "move" && !(await policy.target.exists(key)))
			return "spared";
		const row = await repository?.findJob(key);
		if (row !== undefined && isUnarchived(row)) return "spared";
		return dryRun ? "done" : removing(this.#removal, key);
	}
}

async function checkOptions(
	archive: Archive,
	{ policy, ageDays }: RetainOptions,
): Promise<void> {
	if (!(Number.isFinite(ageDays) && ageDays >= 0))
		throw invalidInput("ageDays", "a number of days, 0 or more", ageDays);
	if (policy.kind === "thin" && policy.series !== "drop") {
		const { resolutionSeconds } = policy.series;
		if (!isCount(resolutionSeconds) || resolutionSeconds === 0)
			throw invalidInput(
				"resolutionSeconds",
				"a whole number of seconds above 0",
				resolutionSeconds,
			);
	}
	if ("target" in policy && (await isSamePlace(archive, policy.target)))
		throw new ArchiverError(
			"INVALID_INPUT",
			`jobs of ${archive.target} cannot be kept by copying them to where they are`,
			{ field: "target" },
		);
}

function removing(removal: JobRemoval, key: JobKey): JobWork {
	return {
		bytes: 0,
		run: async () => {
			await removal.remove(key);
			return "done";
		},
	};
}

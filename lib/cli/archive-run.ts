import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Archive } from "../archive/archive.js";
import { Archiver } from "../archiver.js";
import type { Options } from "../config.js";
import type { ArchivedJob } from "../dispatch/accepted-job.js";
import type { ClusterProvider } from "../dispatch/clusters.js";
import { isArchiverError } from "../errors.js";
import type { JobRepository } from "../repository/repository.js";
import {
	ACTIVE_JOB_STATES,
	type Job,
	MONITORING_STATUS,
} from "../schema/job.js";
import type { MetricSource } from "../source/source.js";
import type { Failures } from "./failures.js";
import type { Interruption } from "./interruption.js";
import { openLogger } from "./logger.js";
import { type Progress, startProgress } from "./progress.js";

const NANOSECONDS_PER_MS = 1e6;
const BYTES_PER_RSS_UNIT = 1024;

/** What `archive` and `demo` say with `--json`. */
export interface ArchiveReport {
	archived: number;
	failed: number;
	/** Jobs left as they are: still running, not monitored, or cancelled by a signal. */
	skipped: number;
	/** Samples of the archived jobs, gaps included. */
	samples: number;
	/** Bytes of their data as stored. */
	bytes: number;
	/** From the first trigger to the last commit, as are the delays of the event loop. */
	seconds: number;
	samplesPerSecond: number;
	bytesPerSample: number;
	eventLoopDelayP99Ms: number;
	eventLoopDelayMaxMs: number;
	peakRssBytes: number;
}

export interface ArchiveRunParts {
	repository: JobRepository;
	archive: Archive;
	source: MetricSource;
	clusters?: ClusterProvider;
	options: Readonly<Options>;
	jobs: AsyncIterable<Job>;
	/** Jobs to come, for the progress bar: an estimate will do. */
	expectedJobs: number;
	/** Most jobs to trigger. */
	limit?: number;
	failures: Failures;
	interruption: Interruption;
}

/** Sends jobs through an archiver in their order, as many at a time as its channel has slots, and measures that. */
export async function archiveJobs(
	parts: ArchiveRunParts,
): Promise<ArchiveReport> {
	const { repository, archive, source, clusters, options } = parts;
	const { logger, flush } = openLogger(options);
	const archiver = await Archiver.start({
		repository,
		archive,
		source,
		clusters,
		logger,
		// What is archived is what was asked for.
		recover: false,
	});
	const progress = startProgress(parts.expectedJobs);
	const run = new ArchiveRun(parts, archiver, progress);
	try {
		await run.work();
	} finally {
		progress.stop();
		// Everything has ended: what is left is to end the threads.
		await archiver.shutdown().catch(() => {});
		await flush();
	}
	return run.report();
}

class ArchiveRun {
	readonly #parts: ArchiveRunParts;
	readonly #archiver: Archiver;
	readonly #progress: Progress;
	readonly #underWay = new Set<Promise<void>>();
	readonly #delay = monitorEventLoopDelay({ resolution: 1 });
	readonly #failedBefore: number;
	#tellEnd: () => void = () => {};
	#firstTriggerMs: number | undefined;
	#lastCommitMs = 0;
	#archived = 0;
	#skipped = 0;
	#samples = 0;
	#bytes = 0;

	constructor(parts: ArchiveRunParts, archiver: Archiver, progress: Progress) {
		this.#parts = parts;
		this.#archiver = archiver;
		this.#progress = progress;
		this.#failedBefore = parts.failures.count;
	}

	async work(): Promise<void> {
		const release = this.#cancelWhenInterrupted();
		try {
			await this.#triggerAll();
		} finally {
			await Promise.all(this.#underWay);
			this.#delay.disable();
			release();
		}
	}

	report(): ArchiveReport {
		const seconds =
			this.#archived === 0
				? 0
				: (this.#lastCommitMs - (this.#firstTriggerMs ?? 0)) / 1000;
		return {
			archived: this.#archived,
			failed: this.#parts.failures.count,
			skipped: this.#skipped,
			samples: this.#samples,
			bytes: this.#bytes,
			seconds,
			samplesPerSecond: ratio(this.#samples, seconds),
			bytesPerSample: ratio(this.#bytes, this.#samples),
			// An empty histogram has percentiles all the same.
			eventLoopDelayP99Ms:
				this.#delay.count === 0
					? 0
					: this.#delay.percentile(99) / NANOSECONDS_PER_MS,
			eventLoopDelayMaxMs: this.#delay.max / NANOSECONDS_PER_MS,
			peakRssBytes: process.resourceUsage().maxRSS * BYTES_PER_RSS_UNIT,
		};
	}

	async #triggerAll(): Promise<void> {
		const { jobs, limit = Number.POSITIVE_INFINITY, options } = this.#parts;
		const { wished } = this.#parts.interruption;
		let triggered = 0;
		for await (const job of jobs) {
			if (wished.aborted) return;
			if (!isArchivable(job)) {
				this.#skipped++;
				continue;
			}
			this.#trigger(job);
			triggered++;
			if (triggered === limit) return;
			while (this.#underWay.size >= options.channelCapacity)
				await this.#nextEnd();
		}
	}

	#trigger(job: Job): void {
		if (this.#firstTriggerMs === undefined) {
			this.#firstTriggerMs = performance.now();
			this.#delay.enable();
		}
		const ended = this.#archiver
			.archiveJob(job)
			.then(
				(archived) => this.#count(archived),
				(error) => this.#countFailure(job, error),
			)
			.finally(() => {
				this.#underWay.delete(ended);
				this.#progress.update(
					this.#archived + this.#parts.failures.count - this.#failedBefore,
				);
				this.#tellEnd();
			});
		this.#underWay.add(ended);
	}

	#nextEnd(): Promise<void> {
		return new Promise((resolve) => {
			this.#tellEnd = resolve;
		});
	}

	#count({ samples, bytes }: ArchivedJob): void {
		this.#lastCommitMs = performance.now();
		this.#archived++;
		this.#samples += samples;
		this.#bytes += bytes;
	}

	#countFailure(job: Job, error: unknown): void {
		// Cancelled by a signal: the job stays pending.
		if (isArchiverError(error) && error.code === "ARCHIVER_CLOSED")
			this.#skipped++;
		else this.#parts.failures.add(job, error);
	}

	/** After a signal the jobs under way have the time that a shutdown has; a second signal takes it from them. */
	#cancelWhenInterrupted(): () => void {
		const { wished, demanded } = this.#parts.interruption;
		const cancel = () => void this.#archiver.shutdown(0).catch(() => {});
		let timer: NodeJS.Timeout | undefined;
		const startTimer = () => {
			timer = setTimeout(cancel, this.#parts.options.shutdownTimeoutMs);
		};
		wished.addEventListener("abort", startTimer, { once: true });
		demanded.addEventListener("abort", cancel, { once: true });
		return () => {
			clearTimeout(timer);
			wished.removeEventListener("abort", startTimer);
			demanded.removeEventListener("abort", cancel);
		};
	}
}

/** A stopped job whose monitoring was not switched off. */
function isArchivable({ jobState, monitoringStatus }: Job): boolean {
	return (
		!ACTIVE_JOB_STATES.includes(jobState) &&
		monitoringStatus !== MONITORING_STATUS.disabled
	);
}

function ratio(amount: number, per: number): number {
	return per === 0 ? 0 : amount / per;
}

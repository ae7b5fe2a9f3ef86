import { type Logger, pino } from "pino";
import type { Archive } from "./archive/archive.js";
import {
	type ArchiverOptions,
	type Environment,
	resolveArchiverOptions,
} from "./config.js";
import type {
	AcceptedJob,
	ArchivedJob,
	JobOutcome,
} from "./dispatch/accepted-job.js";
import { Budget } from "./dispatch/budget.js";
import { BufferRecycler } from "./dispatch/buffers.js";
import { ClusterCatalog, type ClusterProvider } from "./dispatch/clusters.js";
import { Deadline } from "./dispatch/deadline.js";
import { Dispatcher } from "./dispatch/dispatcher.js";
import { chunkBytesOf } from "./dispatch/encode-job.js";
import { type ArchiverHooks, HookRunner } from "./dispatch/hooks.js";
import { Intake, type Ticket } from "./dispatch/intake.js";
import { Meter } from "./dispatch/meter.js";
import { WorkerPool } from "./dispatch/pool.js";
import { Recovery } from "./dispatch/recovery.js";
import { OrderedWriter } from "./dispatch/writer.js";
import { ArchiverError } from "./errors.js";
import type { JobRepository, NewJob } from "./repository/repository.js";
import {
	formatJobKey,
	type Job,
	type JobKey,
	type JobState,
	MONITORING_STATUS,
} from "./schema/job.js";
import { assertJobKey } from "./schema/names.js";
import type { MetricSource } from "./source/source.js";
import type { ArchiverStats, ArchiverStatus } from "./stats.js";

/** What an archiver is made of. All of it stays the caller's: close it after the archiver's shutdown. */
export interface ArchiverParts {
	repository: JobRepository;
	archive: Archive;
	source: MetricSource;
	/** Asked for the configuration of clusters that the archive lacks. */
	clusters?: ClusterProvider;
	/** Told in this order. */
	hooks?: readonly ArchiverHooks[];
	/** The host's pino logger, or one of the same shape; none: silent. */
	logger?: Logger;
	/** Threads to share with others, such as a metric store; they outlive the archiver. None: threads of its own. */
	pool?: WorkerPool;
	/** Aborting it shuts the archiver down without waiting. */
	signal?: AbortSignal;
	/**
	 * Takes up, in the background, what an archiver before this one left: archives every stopped job that is still
	 * pending, oldest first, and tells hooks what they were not told. Default: whether this library made the database;
	 * in a live ClusterCockpit's database pending jobs may be in its hands.
	 */
	recover?: boolean;
	/** Beat the environment, which beats the defaults. */
	options?: Partial<ArchiverOptions>;
	/** Read instead of `process.env`. */
	env?: Environment;
}

const FAILED_PAGE_JOBS = 500;
/** What is left of the second within which a timed-out shutdown must be over. */
const CANCEL_GRACE_MS = 500;

/**
 * Archives finished jobs beside a running backend. One dispatcher owns the channel and the ordered writer; samples
 * are touched on worker threads only. See the README for what is guaranteed when a call resolves.
 */
export class Archiver {
	readonly #repository: JobRepository;
	readonly #logger: Logger;
	readonly #options: Readonly<ArchiverOptions>;
	readonly #pool: WorkerPool;
	readonly #ownsPool: boolean;
	readonly #budget: Budget;
	readonly #writer: OrderedWriter;
	readonly #dispatcher: Dispatcher;
	readonly #intake: Intake;
	readonly #hooks: HookRunner;
	readonly #recovery: Recovery | undefined;
	readonly #meter = new Meter();
	readonly #releaseSignal: () => void;
	#status: ArchiverStatus = "running";
	#shutdown: { deadline: Deadline; done: Promise<void> } | undefined;

	/**
	 * Starts an archiver: its threads start now, so that they are warm before the first job.
	 *
	 * @throws ArchiverError INVALID_OPTION, listing every problem; ABORTED when `signal` is aborted already.
	 */
	static async start(parts: ArchiverParts): Promise<Archiver> {
		if (parts.signal?.aborted) {
			throw new ArchiverError(
				"ABORTED",
				"cancelled before the archiver started",
				{},
				{ cause: parts.signal.reason },
			);
		}
		const archiver = new Archiver(
			parts,
			resolveArchiverOptions(parts.options, parts.env),
		);
		archiver.#recovery?.start();
		return archiver;
	}

	private constructor(
		parts: ArchiverParts,
		options: Readonly<ArchiverOptions>,
	) {
		const { repository, archive, source, clusters, hooks = [], signal } = parts;
		const logger = parts.logger ?? pino({ enabled: false });
		const chunkBytes = chunkBytesOf(options);
		this.#repository = repository;
		this.#logger = logger;
		this.#options = options;
		this.#pool = parts.pool ?? new WorkerPool(options);
		this.#ownsPool = parts.pool === undefined;
		this.#budget = new Budget(options.bufferBytes, chunkBytes);
		this.#hooks = new HookRunner({
			hooks,
			logger,
			timeoutMs: options.hookTimeoutMs,
			markTold: (jobs) => repository.markTold(jobs),
		});
		const toTell = this.#hooks.listens("onJobStop");
		this.#writer = new OrderedWriter({
			archive,
			repository,
			logger,
			groupJobs: options.writerGroupJobs,
			groupDelayMs: options.writerGroupDelayMs,
			toTell,
			ready: () => this.#hooks.keepUp(),
			mayRetry: (accepted, error) => this.#intake.mayRetry(accepted, error),
			onSettled: (accepted, outcome) => this.#settle(accepted, outcome),
			onHead: (order) => this.#budget.setHead(order),
		});
		this.#dispatcher = new Dispatcher(
			{
				archive,
				source,
				repository,
				options,
				chunkBytes,
				clusters: new ClusterCatalog(archive, clusters),
				pool: this.#pool,
				budget: this.#budget,
				buffers: new BufferRecycler(options.bufferBytes),
			},
			this.#writer,
		);
		this.#intake = new Intake({
			...options,
			accept: (ticket) => this.#dispatcher.accept(ticket.job, ticket),
			cancel: (accepted, reason) => this.#dispatcher.cancel(accepted, reason),
		});
		if (parts.recover ?? repository.ours) {
			this.#recovery = new Recovery({
				repository,
				archive,
				hooks: this.#hooks,
				logger,
				send: (job) => this.#intake.send(job, { recovered: true }),
			});
		}
		const onAbort = () => void this.shutdown(0).catch(() => {});
		signal?.addEventListener("abort", onAbort, { once: true });
		this.#releaseSignal = () => signal?.removeEventListener("abort", onAbort);
		logger.info(
			{ archive: archive.target, database: repository.path, options },
			"archiver started",
		);
	}

	get status(): ArchiverStatus {
		return this.#status;
	}

	/**
	 * Records the start of a job and tells `onJobStart`.
	 *
	 * @throws ArchiverError INVALID_INPUT, JOB_EXISTS, DATABASE_*, ARCHIVER_CLOSED.
	 */
	async startJob(newJob: NewJob): Promise<Job> {
		this.#assertOpen();
		assertJobKey(newJob);
		const job = await this.#repository.startJob(newJob);
		void this.#hooks.tell("onJobStart", job);
		return job;
	}

	/**
	 * Records the end of a job, then triggers its archiving unless its monitoring status is 0. Resolves with the job
	 * once it has its slot.
	 *
	 * @throws ArchiverError INVALID_INPUT, JOB_UNKNOWN, DATABASE_*, ARCHIVER_CLOSED.
	 */
	async stopJob(
		key: JobKey,
		end: { state: JobState; stopTime: number },
	): Promise<Job> {
		this.#assertOpen();
		assertJobKey(key);
		const job = await this.#repository.stopJob(key, end);
		if (job.monitoringStatus !== MONITORING_STATUS.disabled)
			await this.triggerArchiving(job);
		return job;
	}

	/**
	 * Hands in a stopped job. Resolves when it has its slot, in the order of the calls; waits while all are taken.
	 * How it ends is told by the database, the log, the hooks and {@link Archiver.stats}.
	 *
	 * @param options.signal - Cancels the wait for a slot, and nothing after it.
	 * @throws ArchiverError INVALID_INPUT, JOB_NOT_STOPPED, ABORTED, ARCHIVER_CLOSED.
	 */
	triggerArchiving(
		job: Job,
		options: { signal?: AbortSignal } = {},
	): Promise<void> {
		return this.#send(job, options.signal).then(noAnswer);
	}

	/**
	 * As {@link Archiver.triggerArchiving}, but resolves when the job is durable in the archive and recorded.
	 *
	 * @param options.signal - Cancels the job too, until it is being committed: it fails with ABORTED then.
	 * @throws ArchiverError the job's failure, which is recorded with it; or as `triggerArchiving`.
	 */
	async archiveJob(
		job: Job,
		options: { signal?: AbortSignal } = {},
	): Promise<ArchivedJob> {
		const { signal } = options;
		const ticket = await this.#send(job, signal);
		const onAbort = () => {
			const reason = new ArchiverError(
				"ABORTED",
				`archiving of ${formatJobKey(job)} was cancelled`,
				{},
				{ cause: signal?.reason },
			);
			this.#intake.cancel(ticket, reason);
		};
		signal?.addEventListener("abort", onAbort, { once: true });
		if (signal?.aborted) onAbort();
		try {
			const outcome = await ticket.ended;
			if (outcome.state === "archived") return outcome.archived;
			throw outcome.error;
		} finally {
			signal?.removeEventListener("abort", onAbort);
		}
	}

	/** Resolves when everything accepted so far has ended, whichever way. */
	async waitForArchiving(): Promise<void> {
		await this.#intake.allEnded();
	}

	/**
	 * Triggers jobs whose archiving failed, oldest row first; resolves to how many, once the last has its slot.
	 *
	 * @throws ArchiverError DATABASE_*, ARCHIVER_CLOSED.
	 */
	async retryFailed({
		cluster,
		limit = Number.POSITIVE_INFINITY,
	}: {
		cluster?: string;
		limit?: number;
	} = {}): Promise<number> {
		this.#assertOpen();
		let triggered = 0;
		let after: Job | undefined;
		while (triggered < limit) {
			const page = await this.#repository.findFailed({
				cluster,
				after,
				limit: Math.min(FAILED_PAGE_JOBS, limit - triggered),
			});
			if (page.length === 0) break;
			for (const { failure: _, ...job } of page)
				await this.triggerArchiving(job);
			triggered += page.length;
			after = page[page.length - 1];
		}
		return triggered;
	}

	stats(): ArchiverStats {
		const { loading, computing, waiting } = this.#dispatcher.stages;
		const {
			archived,
			failed,
			samples,
			bytes,
			stopToArchivedMs,
			triggerToArchivedMs,
			shutdownTimeouts,
		} = this.#meter;
		return {
			status: this.#status,
			waiting: this.#intake.waiting,
			retrying: this.#intake.retrying,
			queued: this.#intake.queued,
			loading,
			computing,
			ready: waiting - this.#writer.committing,
			committing: this.#writer.committing,
			archived,
			failed,
			samples,
			bytes,
			bytesInFlight: this.#budget.usedBytes,
			peakBytesInFlight: this.#budget.peakBytes,
			hooksDue: this.#hooks.due,
			threads: this.#pool.threads,
			...this.#meter.rates,
			stopToArchivedMs,
			triggerToArchivedMs,
			shutdownTimeouts,
		};
	}

	/**
	 * Takes no more jobs, finishes those that were accepted, tells the hooks and ends the threads. Calls after the
	 * first share its outcome; one with less time left hurries it.
	 *
	 * @throws ArchiverError ARCHIVER_SHUTDOWN_TIMEOUT at most a second after `timeoutMs`, whatever hangs: jobs that were
	 * not finished stay pending in the database.
	 */
	shutdown(timeoutMs = this.#options.shutdownTimeoutMs): Promise<void> {
		if (this.#shutdown === undefined) {
			const deadline = new Deadline(timeoutMs);
			this.#shutdown = { deadline, done: this.#close(deadline) };
		}
		this.#shutdown.deadline.shorten(timeoutMs);
		return this.#shutdown.done;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.shutdown();
	}

	/** Not an async function: of those that wait in a storm each would keep its state. */
	#send(job: Job, signal?: AbortSignal): Promise<Ticket> {
		try {
			this.#assertOpen();
			assertJobKey(job);
			assertStopped(job);
		} catch (error) {
			return Promise.reject(error);
		}
		this.#recovery?.leaveAlone(job);
		return this.#intake.send(job, { signal });
	}

	#assertOpen(): void {
		if (this.#status !== "running") throw closedError();
	}

	/** A job has ended and that is recorded: free its slot, then tell everybody. */
	#settle(accepted: AcceptedJob, outcome: JobOutcome): void {
		const { job, acceptedMs } = accepted;
		const durationMs = Math.round(performance.now() - acceptedMs);
		if (outcome.state === "archived") {
			const { archived } = outcome;
			this.#meter.countArchived(archived, acceptedMs);
			this.#logger.info(
				{
					job: formatJobKey(job),
					samples: archived.samples,
					bytes: archived.bytes,
				},
				"job archived",
			);
			this.#logger.debug(
				{ job: formatJobKey(job), durationMs },
				"job archived: duration",
			);
			void this.#hooks.tell("onJobStop", archived.job);
		} else if (outcome.state === "failed") {
			this.#meter.failed++;
			const { code, message } = outcome.error;
			this.#logger.error(
				{ job: formatJobKey(job), code, err: outcome.error, durationMs },
				`archiving failed: ${message}`,
			);
		} else if (outcome.state === "retrying") {
			const { code, message } = outcome.error;
			this.#logger.warn(
				{ job: formatJobKey(job), code },
				`archiving failed, will be tried again: ${message}`,
			);
		} else {
			const { code, message } = outcome.error;
			this.#logger.warn(
				{ job: formatJobKey(job), code },
				`the job stays pending: ${message}`,
			);
		}
		this.#dispatcher.forget(accepted);
		this.#intake.settle(accepted, outcome);
	}

	async #close(deadline: Deadline): Promise<void> {
		this.#status = "stopping";
		this.#logger.info({ queued: this.#intake.queued }, "archiver stopping");
		this.#releaseSignal();
		this.#intake.close(closedError());
		this.#writer.hurry();
		const drained = await deadline.meets(this.#drain());
		if (!drained) await this.#giveUp();
		this.#hooks.abandon();
		if (this.#ownsPool) {
			const ended = this.#pool.close({ force: true });
			await new Deadline(CANCEL_GRACE_MS).meets(ended);
		}
		this.#status = "stopped";
		const { archived, failed } = this.#meter;
		this.#logger.info({ archived, failed }, "archiver stopped");
		if (drained) return;
		throw new ArchiverError(
			"ARCHIVER_SHUTDOWN_TIMEOUT",
			"jobs were not finished in time; they stay pending",
		);
	}

	async #drain(): Promise<void> {
		await Promise.all([this.waitForArchiving(), this.#recovery?.stop()]);
		await this.#hooks.settled();
	}

	/** Cancels what can be cancelled, then lets go of what cannot, such as jobs behind a backend that never answers. */
	async #giveUp(): Promise<void> {
		this.#meter.shutdownTimeouts++;
		this.#logger.warn(
			{ unfinished: this.#intake.unfinished, hooksDue: this.#hooks.due },
			"shutdown timed out",
		);
		const error = closedError();
		this.#dispatcher.abandonAll(error);
		await this.#intake.abandon(error, CANCEL_GRACE_MS / 2);
		this.#writer.abandon();
	}
}

function assertStopped(job: Job): void {
	if (job.jobState !== "running" && job.jobState !== "pending") return;
	const { cluster, jobId, startTime } = job;
	throw new ArchiverError(
		"JOB_NOT_STOPPED",
		`job ${formatJobKey(job)} is still ${job.jobState}`,
		{ cluster, jobId, startTime },
	);
}

function noAnswer(): void {}

function closedError(): ArchiverError {
	return new ArchiverError(
		"ARCHIVER_CLOSED",
		"the archiver takes no more jobs",
	);
}

import { Piscina } from "piscina";
import { ArchiverError } from "../errors.js";
import type { PoolTask, TaskOutcome, TaskResults } from "./messages.js";

export interface PoolOptions {
	poolMinThreads: number;
	poolMaxThreads: number;
	poolIdleTimeoutMs: number;
	/** Module that runs the tasks, in place of this library's own. */
	entry?: URL;
	/** Limit of each thread's JavaScript heap in MiB; buffers of samples don't count. Default: V8's own. */
	maxHeapMib?: number;
}

const TASK_ENTRY = new URL("../../workers/main.js", import.meta.url);

export interface RunOptions {
	/** Buffers in the task that move to the worker. */
	transfer?: readonly ArrayBuffer[];
	/** Tasks of a lower order run first; those of equal order, and those without, in the order of the calls. */
	order?: number;
	/** Aborting ends the thread that runs the task; a new one takes its place. */
	signal?: AbortSignal;
	/** Most time on a thread, waiting for one not included; 0: no limit. */
	timeoutMs?: number;
}

interface Queued {
	order: number;
	start: () => void;
}

/**
 * The worker threads. The one place that knows Piscina: it gives each thread one task at a time, oldest job first,
 * tells failures as {@link ArchiverError}s and moves buffers instead of cloning them, both ways.
 */
export class WorkerPool {
	readonly #piscina: Piscina<PoolTask, TaskOutcome<unknown>>;
	/** Waiting for a thread, lowest order first. Kept here, so that Piscina's own queue stays empty. */
	readonly #queue: Queued[] = [];
	#idle: number;
	/** Piscina's own close() does not drain: what was given and not answered is kept here. */
	readonly #underWay = new Set<Promise<unknown>>();
	#closed = false;

	/** Starts `poolMinThreads` threads at once, so that they are warm before they are needed. */
	constructor({
		poolMinThreads,
		poolMaxThreads,
		poolIdleTimeoutMs,
		entry = TASK_ENTRY,
		maxHeapMib,
	}: PoolOptions) {
		this.#idle = poolMaxThreads;
		this.#piscina = new Piscina({
			filename: entry.href,
			minThreads: poolMinThreads,
			maxThreads: poolMaxThreads,
			idleTimeout: poolIdleTimeoutMs,
			// Aborting a task ends its thread and any other task on it, so a thread never has two.
			concurrentTasksPerWorker: 1,
			recordTiming: false,
			resourceLimits:
				maxHeapMib === undefined ? {} : { maxOldGenerationSizeMb: maxHeapMib },
		});
		// A task's failure rejects its promise; an error event beside it concerns a thread between two tasks.
		this.#piscina.on("error", () => {});
	}

	/** Threads that are alive. */
	get threads(): number {
		return this.#piscina.threads.length;
	}

	/** Tasks given and not yet answered. */
	get tasks(): number {
		return this.#underWay.size;
	}

	/**
	 * Runs one task.
	 *
	 * @throws ArchiverError what the task failed with; WORKER_DIED when its thread ended; TIMEOUT; ABORTED; ARCHIVER_CLOSED.
	 */
	run<T extends PoolTask>(
		task: T,
		options: RunOptions = {},
	): Promise<TaskResults[T["kind"]]> {
		const running = this.#run(task, options) as Promise<TaskResults[T["kind"]]>;
		this.#underWay.add(running);
		const done = () => void this.#underWay.delete(running);
		running.then(done, done);
		return running;
	}

	/**
	 * Takes no more tasks and ends the threads: after what is under way, or at once with `force`, which rejects
	 * the tasks under way.
	 */
	async close({ force = false } = {}): Promise<void> {
		this.#closed = true;
		while (!force && this.#underWay.size > 0) {
			await Promise.allSettled(this.#underWay);
		}
		await this.#piscina.destroy();
	}

	async #run(task: PoolTask, options: RunOptions): Promise<unknown> {
		await this.#thread(options);
		const limit = new TimeLimit(options);
		try {
			const outcome = await this.#piscina.run(task, {
				transferList: options.transfer as ArrayBuffer[] | undefined,
				signal: limit.signal,
			});
			return resultOf(outcome);
		} catch (error) {
			throw limit.reason ?? threadFailure(error);
		} finally {
			limit.clear();
			this.#idle++;
			this.#queue.shift()?.start();
		}
	}

	/** Waits for a thread in its turn. */
	#thread({
		order = Number.POSITIVE_INFINITY,
		signal,
	}: RunOptions): Promise<void> {
		return new Promise((resolve, reject) => {
			if (this.#closed) return reject(closed());
			if (signal?.aborted) return reject(aborted(signal));
			if (this.#idle > 0) {
				this.#idle--;
				return resolve();
			}
			const onAbort = () => {
				this.#queue.splice(this.#queue.indexOf(queued), 1);
				reject(aborted(signal));
			};
			const queued: Queued = {
				order,
				start: () => {
					signal?.removeEventListener("abort", onAbort);
					this.#idle--;
					resolve();
				},
			};
			signal?.addEventListener("abort", onAbort, { once: true });
			let place = this.#queue.length;
			while (place > 0 && this.#queue[place - 1].order > order) place--;
			this.#queue.splice(place, 0, queued);
		});
	}
}

/** What may end a task before its time: its caller, or the time itself. */
class TimeLimit {
	readonly #controller = new AbortController();
	readonly #timer: NodeJS.Timeout | undefined;
	readonly #signal: AbortSignal | undefined;
	/** Why the task was ended, when it was. */
	reason: ArchiverError | undefined;

	constructor({ signal, timeoutMs = 0 }: RunOptions) {
		this.#signal = signal;
		signal?.addEventListener("abort", this.#onAbort, { once: true });
		if (timeoutMs > 0) {
			this.#timer = setTimeout(() => {
				this.#end(
					new ArchiverError(
						"TIMEOUT",
						`a worker task took longer than ${timeoutMs} ms`,
					),
				);
			}, timeoutMs);
		}
	}

	get signal(): AbortSignal {
		return this.#controller.signal;
	}

	clear(): void {
		clearTimeout(this.#timer);
		this.#signal?.removeEventListener("abort", this.#onAbort);
	}

	readonly #onAbort = () => this.#end(aborted(this.#signal));

	#end(reason: ArchiverError): void {
		this.reason = reason;
		this.#controller.abort(reason);
	}
}

function resultOf(outcome: TaskOutcome<unknown>): unknown {
	if (outcome.ok) return outcome.value;
	const { code, message, details, retryable, stack } = outcome.failure;
	const error = new ArchiverError(code, message, details, { retryable });
	if (stack !== undefined) error.stack = stack;
	throw error;
}

/** Piscina rejects with plain errors when a thread has ended. */
function threadFailure(error: unknown): ArchiverError {
	if (error instanceof ArchiverError) return error;
	const message = error instanceof Error ? error.message : String(error);
	return new ArchiverError(
		"WORKER_DIED",
		`a worker thread ended: ${message}`,
		{},
		{ cause: error },
	);
}

function aborted(signal: AbortSignal | undefined): ArchiverError {
	return new ArchiverError(
		"ABORTED",
		"cancelled before a worker was done with it",
		{},
		{ cause: signal?.reason },
	);
}

function closed(): ArchiverError {
	return new ArchiverError("ARCHIVER_CLOSED", "the worker pool is closed");
}

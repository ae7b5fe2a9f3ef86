import { setImmediate } from "node:timers/promises";
import { Piscina } from "piscina";
import { ArchiverError } from "../errors.js";
import { errorOf } from "../failure.js";
import { Errand, type RunOptions } from "./errand.js";
import { ErrandQueue } from "./errand-queue.js";
import type {
	PoolAnswer,
	PoolMessage,
	PoolTask,
	PoolThreadData,
	TaskOutcome,
	TaskResults,
} from "./messages.js";

export interface PoolOptions {
	poolMinThreads: number;
	poolMaxThreads: number;
	poolIdleTimeoutMs: number;
	/** How far the threads give way to the host's: see `ARCHIVER_POOL_NICE`. Default 0. */
	poolNice?: number;
	/**
	 * CommonJS module that exports what runs the tasks, in place of this library's own. Like `workers/entry.cts` it should
	 * import the rest asynchronously.
	 */
	entry?: URL;
	/** Limit of each thread's JavaScript heap in MiB; buffers of samples don't count. Default: V8's own. */
	maxHeapMib?: number;
}

/** Tasks of one message whose callers go on in one turn of the event loop. */
const SETTLED_AT_ONCE = 8;

const TASK_ENTRY = new URL("../../workers/entry.cjs", import.meta.url);

/**
 * The worker threads. The one place that knows Piscina: it gives each thread one message at a time, oldest job first,
 * tells failures as {@link ArchiverError}s and moves buffers instead of cloning them, both ways. A message is one task,
 * or several small ones that waited together: waking a thread costs more than their work.
 */
export class WorkerPool {
	readonly #piscina: Piscina<PoolMessage, PoolAnswer>;
	readonly #maxThreads: number;
	/** Waiting for a thread. Kept here, so that Piscina's own queue stays empty. */
	readonly #queue = new ErrandQueue();
	#idle: number;
	/** Piscina's own close() does not drain: what was given and not answered is kept here. */
	readonly #underWay = new Set<Promise<unknown>>();
	#closed = false;
	#destroyed = false;

	/** Starts `poolMinThreads` threads at once, so that they are warm before they are needed. */
	constructor({
		poolMinThreads,
		poolMaxThreads,
		poolIdleTimeoutMs,
		poolNice = 0,
		entry = TASK_ENTRY,
		maxHeapMib,
	}: PoolOptions) {
		this.#maxThreads = poolMaxThreads;
		this.#idle = poolMaxThreads;
		this.#piscina = new Piscina({
			filename: entry.href,
			workerData: { nice: poolNice } satisfies PoolThreadData,
			minThreads: poolMinThreads,
			maxThreads: poolMaxThreads,
			idleTimeout: poolIdleTimeoutMs,
			// Aborting a message ends its thread and any other one on it, so a thread never has two.
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
		const running = new Promise<unknown>((resolve, reject) => {
			const errand = new Errand(task, options, resolve, reject);
			if (this.#closed) errand.reject(closed());
			else if (errand.aborted) errand.reject(errand.abortError());
			else this.#enqueue(errand);
		});
		this.#underWay.add(running);
		const done = () => void this.#underWay.delete(running);
		running.then(done, done);
		return running as Promise<TaskResults[T["kind"]]>;
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
		this.#destroyed = true;
		await this.#piscina.destroy();
	}

	#enqueue(errand: Errand): void {
		errand.whenAborted((reason) => {
			this.#queue.remove(errand);
			errand.reject(reason);
		});
		this.#queue.add(errand);
		this.#serve();
	}

	#serve(): void {
		while (this.#idle > 0 && this.#queue.length > 0) {
			this.#idle--;
			void this.#carry(this.#queue.take(this.#maxThreads));
		}
	}

	/** Has one thread run what is to go together, and settles it. Never rejects. */
	async #carry(errands: readonly Errand[]): Promise<void> {
		const limit = new ThreadLimit(errands);
		let outcomes: PoolAnswer;
		try {
			outcomes = await this.#post(errands, limit.signal);
		} catch (error) {
			const reason = limit.reason ?? threadFailure(error);
			if (errands.length === 1) errands[0].reject(reason);
			else this.#separate(errands);
			return;
		} finally {
			limit.clear();
			this.#idle++;
			// Before anybody is told of what the thread has done: it need not wait for that.
			this.#serve();
		}
		await settle(errands, outcomes);
	}

	#post(errands: readonly Errand[], signal: AbortSignal): Promise<PoolAnswer> {
		if (this.#destroyed) throw new Error("the pool has ended");
		return this.#piscina.run(
			errands.map(({ task }) => task),
			{
				transferList: errands.flatMap(({ options }) => options.transfer ?? []),
				signal,
			},
		);
	}

	/** Which of them ended the thread nobody knows: each goes again, alone, except those whose callers gave up. */
	#separate(errands: readonly Errand[]): void {
		for (const errand of errands) {
			errand.alone = true;
			if (errand.aborted) errand.reject(errand.abortError());
			else this.#enqueue(errand);
		}
	}
}

/** What may end a thread before it answers: one of its tasks' callers, or the time. */
class ThreadLimit {
	readonly #controller = new AbortController();
	readonly #timer: NodeJS.Timeout | undefined;
	/** Why the thread was ended, when it was. */
	reason: ArchiverError | undefined;

	constructor(errands: readonly Errand[]) {
		let timeoutMs = Number.POSITIVE_INFINITY;
		for (const errand of errands) {
			errand.whenAborted(this.#end);
			const { timeoutMs: own = 0 } = errand.options;
			if (own > 0) timeoutMs = Math.min(timeoutMs, own);
		}
		if (timeoutMs !== Number.POSITIVE_INFINITY) {
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
	}

	readonly #end = (reason: ArchiverError) => {
		this.reason = reason;
		this.#controller.abort(reason);
	};
}

/** Some at a time: whoever waits for them goes on in the same turn of the event loop. Never rejects. */
async function settle(
	errands: readonly Errand[],
	outcomes: PoolAnswer,
): Promise<void> {
	for (const [i, errand] of errands.entries()) {
		if (i > 0 && i % SETTLED_AT_ONCE === 0) await setImmediate();
		try {
			errand.resolve(resultOf(outcomes[i]));
		} catch (error) {
			errand.reject(error as ArchiverError);
		}
	}
}

function resultOf(outcome: TaskOutcome<unknown>): unknown {
	if (outcome.ok) return outcome.value;
	throw errorOf(outcome.failure);
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

function closed(): ArchiverError {
	return new ArchiverError("ARCHIVER_CLOSED", "the worker pool is closed");
}

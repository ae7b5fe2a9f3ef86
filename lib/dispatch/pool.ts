import { Piscina } from "piscina";
import { ArchiverError } from "../errors.js";
import type { PoolTask, TaskOutcome, TaskResults } from "./messages.js";

export interface PoolOptions {
	poolMinThreads: number;
	poolMaxThreads: number;
	poolIdleTimeoutMs: number;
}

/**
 * The worker threads. The one place that knows Piscina: it takes one task a thread, tells failures as
 * {@link ArchiverError}s and moves buffers instead of cloning them, both ways.
 */
export class WorkerPool {
	readonly #piscina: Piscina<PoolTask, TaskOutcome<unknown>>;
	/** Piscina's own close() does not drain: what is under way is kept here. */
	readonly #underWay = new Set<Promise<unknown>>();
	#closing: Promise<void> | undefined;

	/** Starts `poolMinThreads` threads at once, so that they are warm before they are needed. */
	constructor({
		poolMinThreads,
		poolMaxThreads,
		poolIdleTimeoutMs,
	}: PoolOptions) {
		this.#piscina = new Piscina({
			filename: new URL("../../workers/main.js", import.meta.url).href,
			minThreads: poolMinThreads,
			maxThreads: poolMaxThreads,
			idleTimeout: poolIdleTimeoutMs,
			// Aborting a task ends its thread and any other task on it, so a thread never has two.
			concurrentTasksPerWorker: 1,
			recordTiming: false,
		});
		// Failures of a task reject its promise; an error event beside it concerns a thread between two tasks.
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
	 * @param transfer - Buffers in `task` that move to the worker.
	 * @param signal - Aborting ends the thread that runs the task; a new one takes its place.
	 * @throws ArchiverError what the task failed with; WORKER_DIED when its thread ended; ABORTED; ARCHIVER_CLOSED.
	 */
	async run<T extends PoolTask>(
		task: T,
		transfer: readonly ArrayBuffer[],
		signal?: AbortSignal,
	): Promise<TaskResults[T["kind"]]> {
		if (this.#closing !== undefined) {
			throw new ArchiverError("ARCHIVER_CLOSED", "the worker pool is closed");
		}
		const running = this.#piscina.run(task, {
			transferList: transfer as ArrayBuffer[],
			signal,
		});
		this.#underWay.add(running);
		let outcome: TaskOutcome<unknown>;
		try {
			outcome = await running;
		} catch (error) {
			throw threadFailure(error, signal);
		} finally {
			this.#underWay.delete(running);
		}
		if (outcome.ok) return outcome.value as TaskResults[T["kind"]];
		const { code, message, details, retryable, stack } = outcome.failure;
		const error = new ArchiverError(code, message, details, { retryable });
		if (stack !== undefined) error.stack = stack;
		throw error;
	}

	/**
	 * Takes no more tasks and ends the threads: after what is under way, or at once with `force`,
	 * which rejects the tasks under way with WORKER_DIED.
	 */
	close({ force = false } = {}): Promise<void> {
		if (this.#closing === undefined || force) {
			this.#closing = this.#close(force);
		}
		return this.#closing;
	}

	async #close(force: boolean): Promise<void> {
		while (!force && this.#underWay.size > 0) {
			await Promise.allSettled(this.#underWay);
		}
		await this.#piscina.destroy();
	}
}

function threadFailure(
	error: unknown,
	signal: AbortSignal | undefined,
): ArchiverError {
	if (signal?.aborted) {
		return new ArchiverError(
			"ABORTED",
			"cancelled while a worker was busy with it",
			{},
			{ cause: signal.reason },
		);
	}
	const message = error instanceof Error ? error.message : String(error);
	return new ArchiverError(
		"WORKER_DIED",
		`a worker thread ended: ${message}`,
		{},
		{ cause: error },
	);
}

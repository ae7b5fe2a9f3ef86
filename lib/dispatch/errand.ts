import { ArchiverError } from "../errors.js";
import type { PoolTask } from "./messages.js";

export interface RunOptions {
	/** Buffers in the task that move to the worker. */
	transfer?: readonly ArrayBuffer[];
	/** Tasks of a lower order run first; those of equal order, and those without, in the order of the calls. */
	order?: number;
	/** Aborting ends the thread that runs the task; a new one takes its place. */
	signal?: AbortSignal;
	/** Most time on a thread, waiting for one not included; 0: no limit. */
	timeoutMs?: number;
	/**
	 * True: less work than sending it, so that it may share a message with others that wait. Nothing of it is
	 * transferred then: it has to be there still when the thread dies of another one's fault.
	 */
	small?: boolean;
}

/** One task on its way through the pool: it waits in the queue, then a thread has it, until it is settled. */
export class Errand {
	readonly task: PoolTask;
	readonly options: RunOptions;
	readonly #resolve: (value: unknown) => void;
	readonly #reject: (error: ArchiverError) => void;
	/** Where it is at the moment, to be told when its caller gives up. */
	#abort: ((reason: ArchiverError) => void) | undefined;
	/** A thread ended that had it among others: it goes to the next one alone, so that no other is blamed for it again. */
	alone = false;

	constructor(
		task: PoolTask,
		options: RunOptions,
		resolve: (value: unknown) => void,
		reject: (error: ArchiverError) => void,
	) {
		this.task = task;
		this.options = options;
		this.#resolve = resolve;
		this.#reject = reject;
		options.signal?.addEventListener("abort", this.#onAbort, { once: true });
	}

	get order(): number {
		return this.options.order ?? Number.POSITIVE_INFINITY;
	}

	/** Whether it may share a message. */
	get sociable(): boolean {
		return this.options.small === true && !this.alone;
	}

	get aborted(): boolean {
		return this.options.signal?.aborted === true;
	}

	/** Says who is to be told, from now on, when the caller gives up. */
	whenAborted(abort: (reason: ArchiverError) => void): void {
		this.#abort = abort;
	}

	resolve(value: unknown): void {
		this.#release();
		this.#resolve(value);
	}

	reject(error: ArchiverError): void {
		this.#release();
		this.#reject(error);
	}

	abortError(): ArchiverError {
		return new ArchiverError(
			"ABORTED",
			"cancelled before a worker was done with it",
			{},
			{ cause: this.options.signal?.reason },
		);
	}

	readonly #onAbort = () => this.#abort?.(this.abortError());

	#release(): void {
		this.options.signal?.removeEventListener("abort", this.#onAbort);
	}
}

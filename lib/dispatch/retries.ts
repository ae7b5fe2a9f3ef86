import type { ArchiverError } from "../errors.js";

export interface RetryOptions {
	/** Most times that one job is tried again. */
	retryLimit: number;
	/** Middle of the wait before the first repeat; each further one is twice as long. */
	retryDelayMs: number;
}

const MAX_DELAY_MS = 60_000;
/** A store that is down for long fails every job: beyond this many waiting, they are recorded as failed instead. */
const MAX_WAITING = 10_000;

/**
 * Jobs that failed for a reason that may pass, waiting to be tried again. While it waits a job holds no slot and no
 * place in the order: nobody waits for it. In the database it is as before, so a restart finds it too.
 */
export class Retries<T extends object> {
	readonly #options: RetryOptions;
	readonly #again: (item: T) => void;
	readonly #attempts = new WeakMap<T, number>();
	readonly #waiting = new Map<T, NodeJS.Timeout>();

	/** @param again - Called when an item's wait is over. */
	constructor(options: RetryOptions, again: (item: T) => void) {
		this.#options = options;
		this.#again = again;
	}

	get waiting(): number {
		return this.#waiting.size;
	}

	/** Whether an item that failed with `error` is to be tried again; counts as the attempt when it is. */
	allows(item: T, error: ArchiverError): boolean {
		const attempts = this.#attempts.get(item) ?? 0;
		if (!error.retryable || attempts >= this.#options.retryLimit) return false;
		if (this.#waiting.size >= MAX_WAITING) return false;
		this.#attempts.set(item, attempts + 1);
		return true;
	}

	/** Starts the wait of an item that is allowed to come again. */
	wait(item: T): void {
		const attempts = this.#attempts.get(item) ?? 1;
		const timer = setTimeout(
			() => {
				this.#waiting.delete(item);
				this.#again(item);
			},
			backoffMs(attempts, this.#options.retryDelayMs),
		);
		this.#waiting.set(item, timer);
	}

	/** Ends the wait of one item; false when it was not waiting. */
	forget(item: T): boolean {
		clearTimeout(this.#waiting.get(item));
		return this.#waiting.delete(item);
	}

	/** Ends every wait and gives back who waited. */
	cancel(): T[] {
		const items = [...this.#waiting.keys()];
		for (const timer of this.#waiting.values()) clearTimeout(timer);
		this.#waiting.clear();
		return items;
	}
}

/** Doubles with each attempt, and differs by half of it either way, so that jobs that failed together don't return together. */
function backoffMs(attempts: number, delayMs: number): number {
	const middle = Math.min(MAX_DELAY_MS, delayMs * 2 ** (attempts - 1));
	return middle * (0.5 + Math.random());
}

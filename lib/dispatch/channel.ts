import { ArchiverError } from "../errors.js";

interface Waiting<T> {
	item: T;
	accept: () => void;
	reject: (error: ArchiverError) => void;
}

/**
 * The archiver's inlet: a fixed number of slots, handed out strictly in the order of the calls.
 *
 * A job holds its slot from acceptance until it is archived or recorded as failed, so the channel bounds everything
 * that the archiver has taken on, not only what nobody has looked at yet. (ClusterCockpit's channel frees a slot as
 * soon as the one worker picks the job up; with many jobs under way that would bound nothing.)
 */
export class Channel<T> {
	readonly capacity: number;
	readonly #receive: (item: T) => void;
	readonly #waiting = new Set<Waiting<T>>();
	#occupied = 0;
	#closed: ArchiverError | undefined;

	/** @param receive - Called once an item has its slot, synchronously and in order. */
	constructor(capacity: number, receive: (item: T) => void) {
		this.capacity = capacity;
		this.#receive = receive;
	}

	/** Slots in use. */
	get occupied(): number {
		return this.#occupied;
	}

	/** Callers without a slot. */
	get waiting(): number {
		return this.#waiting.size;
	}

	/**
	 * Resolves once `item` has its slot.
	 *
	 * @throws ArchiverError ABORTED when `signal` aborts first, or what the channel was closed with; no slot is taken then.
	 */
	send(item: T, signal?: AbortSignal): Promise<void> {
		return new Promise((resolve, reject) => {
			if (this.#closed !== undefined) return reject(this.#closed);
			if (signal?.aborted) return reject(abortedWhileWaiting(signal));
			if (this.#occupied < this.capacity) {
				this.#occupied++;
				this.#receive(item);
				return resolve();
			}
			const onAbort = () => {
				this.#waiting.delete(entry);
				reject(abortedWhileWaiting(signal));
			};
			const entry: Waiting<T> = {
				item,
				accept: () => {
					signal?.removeEventListener("abort", onAbort);
					this.#receive(item);
					resolve();
				},
				reject: (error) => {
					signal?.removeEventListener("abort", onAbort);
					reject(error);
				},
			};
			signal?.addEventListener("abort", onAbort, { once: true });
			this.#waiting.add(entry);
		});
	}

	/** Gives back one slot: the first caller in the queue gets it. */
	release(): void {
		const [next] = this.#waiting;
		if (next === undefined) {
			this.#occupied--;
			return;
		}
		// The slot passes on without becoming free, so no later caller can slip in between.
		this.#waiting.delete(next);
		next.accept();
	}

	/** Rejects everybody who waits, and every later call, with `error`. Slots in use stay in use. */
	close(error: ArchiverError): void {
		if (this.#closed !== undefined) return;
		this.#closed = error;
		for (const entry of this.#waiting) entry.reject(error);
		this.#waiting.clear();
	}
}

function abortedWhileWaiting(signal: AbortSignal | undefined): ArchiverError {
	return new ArchiverError(
		"ABORTED",
		"cancelled while waiting for a slot",
		{},
		{ cause: signal?.reason },
	);
}

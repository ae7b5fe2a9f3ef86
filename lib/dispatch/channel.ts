import { ArchiverError } from "../errors.js";

/** In a storm there are many of these: each is kept small. */
interface Waiting<T, Accepted> {
	item: T;
	resolve(accepted: Accepted): void;
	reject(error: ArchiverError): void;
	/** Ends listening to the caller's signal, where there is one. */
	release?: () => void;
}

/**
 * The archiver's inlet: a fixed number of slots, handed out strictly in the order of the calls.
 *
 * A job holds its slot from acceptance until it is archived or recorded as failed, so the channel bounds everything
 * that the archiver has taken on, not only what nobody has looked at yet. (ClusterCockpit's channel frees a slot as
 * soon as the one worker picks the job up; with many jobs under way that would bound nothing.)
 */
export class Channel<T, Accepted = void> {
	readonly capacity: number;
	readonly #receive: (item: T) => Accepted;
	readonly #waiting = new Set<Waiting<T, Accepted>>();
	/** Kept, since a new iterator steps over all who have left: with very many waiting that takes seconds. */
	#line = this.#waiting.values();
	#occupied = 0;
	#closed: ArchiverError | undefined;

	/** @param receive - Called once an item has its slot, synchronously and in order. */
	constructor(capacity: number, receive: (item: T) => Accepted) {
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
	 * Resolves once `item` has its slot, to what it was received as.
	 *
	 * @throws ArchiverError ABORTED when `signal` aborts first, or what the channel was closed with; no slot is taken then.
	 */
	send(item: T, signal?: AbortSignal): Promise<Accepted> {
		return new Promise((resolve, reject) => {
			if (this.#closed !== undefined) reject(this.#closed);
			else if (signal?.aborted) reject(abortedWhileWaiting(signal));
			else if (this.#occupied < this.capacity) {
				this.#occupied++;
				resolve(this.#receive(item));
			} else {
				const entry: Waiting<T, Accepted> = { item, resolve, reject };
				if (signal !== undefined) this.#leaveOnAbort(entry, signal);
				this.#waiting.add(entry);
			}
		});
	}

	/** Gives back one slot: the first caller in the queue gets it. */
	release(): void {
		const next = this.#first();
		if (next === undefined) {
			this.#occupied--;
			return;
		}
		// The slot passes on without becoming free, so no later caller can slip in between.
		this.#waiting.delete(next);
		next.release?.();
		next.resolve(this.#receive(next.item));
	}

	/** Rejects everybody who waits, and every later call, with `error`. Slots in use stay in use. */
	close(error: ArchiverError): void {
		if (this.#closed !== undefined) return;
		this.#closed = error;
		for (const entry of this.#waiting) {
			entry.release?.();
			entry.reject(error);
		}
		this.#waiting.clear();
	}

	#first(): Waiting<T, Accepted> | undefined {
		const next = this.#line.next();
		if (!next.done || this.#waiting.size === 0) return next.value;
		// It has come to its end, and others have come since.
		this.#line = this.#waiting.values();
		return this.#line.next().value;
	}

	#leaveOnAbort(entry: Waiting<T, Accepted>, signal: AbortSignal): void {
		const onAbort = () => {
			this.#waiting.delete(entry);
			entry.reject(abortedWhileWaiting(signal));
		};
		signal.addEventListener("abort", onAbort, { once: true });
		entry.release = () => signal.removeEventListener("abort", onAbort);
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

import { ArchiverError } from "../errors.js";

/** A grant of bytes. Shrink it as the bytes shrink; release it exactly once. */
export interface Lease {
	readonly bytes: number;
	/** Lowers the grant to `bytes`; what is saved is granted on at once. */
	shrink(bytes: number): void;
	/**
	 * Marks bytes that only wait: an encoded part that cannot be written before another one of its job.
	 * The head of the order need not wait for those, since they may in turn be waiting for it.
	 */
	park(): void;
	release(): void;
}

interface Request {
	order: number;
	bytes: number;
	grant: () => void;
	reject: (error: ArchiverError) => void;
}

/**
 * Bytes in flight over all jobs, granted in trigger order.
 *
 * Two rules keep the head of the order (the oldest unfinished job) from ever being blocked by those behind it:
 * 1. requests are served oldest job first, and a younger job's never before an older one's that waits;
 * 2. jobs behind the head leave `headReserveBytes` alone, so that a chunk of the head always fits.
 *
 * A request larger than its limit is granted when nothing else is in flight ("alone"). For the head, bytes that are
 * parked don't count for that: they belong to unfinished jobs behind it, which cannot move before the head has.
 */
export class Budget {
	readonly totalBytes: number;
	readonly headReserveBytes: number;
	readonly #requests: Request[] = [];
	#usedBytes = 0;
	#parkedBytes = 0;
	#head = Number.POSITIVE_INFINITY;
	#peakBytes = 0;

	constructor(totalBytes: number, headReserveBytes: number) {
		this.totalBytes = totalBytes;
		this.headReserveBytes = Math.min(headReserveBytes, totalBytes);
	}

	get usedBytes(): number {
		return this.#usedBytes;
	}

	/** Most bytes that were ever granted at once. */
	get peakBytes(): number {
		return this.#peakBytes;
	}

	/** Tells which job is the oldest unfinished one. */
	setHead(order: number): void {
		this.#head = order;
		this.#serve();
	}

	/**
	 * Waits until `bytes` are granted to the job at place `order` of the trigger order.
	 *
	 * @throws ArchiverError ABORTED when `signal` aborts first.
	 */
	acquire(order: number, bytes: number, signal?: AbortSignal): Promise<Lease> {
		return new Promise((resolve, reject) => {
			if (signal?.aborted) return reject(abortedWhileWaiting(signal));
			if (this.#requests.length === 0 && this.#fits(order, bytes))
				return resolve(this.#grant(bytes));
			const onAbort = () => {
				this.#requests.splice(this.#requests.indexOf(request), 1);
				reject(abortedWhileWaiting(signal));
				this.#serve();
			};
			const request: Request = {
				order,
				bytes,
				grant: () => {
					signal?.removeEventListener("abort", onAbort);
					resolve(this.#grant(bytes));
				},
				reject,
			};
			signal?.addEventListener("abort", onAbort, { once: true });
			this.#insert(request);
			this.#serve();
		});
	}

	/** Keeps requests sorted by order; mostly they arrive in order and go to the end. */
	#insert(request: Request): void {
		let place = this.#requests.length;
		while (place > 0 && this.#requests[place - 1].order > request.order)
			place--;
		this.#requests.splice(place, 0, request);
	}

	#serve(): void {
		for (;;) {
			const [first] = this.#requests;
			if (first === undefined || !this.#fits(first.order, first.bytes)) return;
			this.#requests.shift();
			first.grant();
		}
	}

	#fits(order: number, bytes: number): boolean {
		const isHead = order <= this.#head;
		const limit = isHead
			? this.totalBytes
			: this.totalBytes - this.headReserveBytes;
		if (this.#usedBytes + bytes <= limit) return true;
		return this.#usedBytes - (isHead ? this.#parkedBytes : 0) === 0;
	}

	#grant(granted: number): Lease {
		this.#usedBytes += granted;
		this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes);
		let bytes = granted;
		let parked = false;
		const resize = (to: number) => {
			this.#usedBytes += to - bytes;
			if (parked) this.#parkedBytes += to - bytes;
			bytes = to;
			this.#serve();
		};
		return {
			get bytes() {
				return bytes;
			},
			shrink: (to) => {
				if (to < bytes) resize(to);
			},
			park: () => {
				if (parked) return;
				parked = true;
				this.#parkedBytes += bytes;
				this.#serve();
			},
			release: () => {
				resize(0);
			},
		};
	}
}

function abortedWhileWaiting(signal: AbortSignal | undefined): ArchiverError {
	return new ArchiverError(
		"ABORTED",
		"cancelled while waiting for memory",
		{},
		{ cause: signal?.reason },
	);
}

import { setTimeout as sleep } from "node:timers/promises";
import { StoreError } from "./store-error.js";

/** How patient an archive is with its store. */
export interface Patience {
	/** Most ms for one attempt of one request, its answer's body included. */
	requestTimeoutMs: number;
	/** How often a request is repeated whose failure may pass. */
	retries: number;
	/** Least ms before the first repetition; doubles from one to the next. */
	retryDelayMs: number;
}

/** How work is ended from outside. */
export interface Ending {
	/** Aborted when nothing is to be tried again any more. */
	soon: AbortSignal;
	/** Aborted when everything is to end at once. */
	now: AbortSignal;
}

const MAX_DELAY_MS = 10_000;

/**
 * Runs `send` until it succeeds, as often as `patience` allows.
 *
 * @param send - Heeds the signal that it is given, one for each attempt.
 * @param toStoreError - Understands what `send` rejects with.
 * @throws StoreError of the last attempt; uncertain when any of them was.
 */
export async function attempts<T>(
	send: (signal: AbortSignal, attempt: number) => Promise<T>,
	toStoreError: (error: unknown) => StoreError,
	patience: Patience,
	{ soon, now }: Ending,
): Promise<T> {
	let isUncertain = false;
	for (let attempt = 1; ; attempt++) {
		const outcome = await once(send, toStoreError, patience, now, attempt);
		if ("value" in outcome) return outcome.value;
		const { error } = outcome;
		isUncertain ||= error.isUncertain;
		const isLast = !error.isPassing || attempt > patience.retries;
		if (isLast || soon.aborted || now.aborted)
			throw afterAttempts(error, attempt, isUncertain);
		const delayMs = patience.retryDelayMs * 2 ** (attempt - 1);
		await sleep(
			Math.min(MAX_DELAY_MS, delayMs) * (1 + Math.random() / 2),
			undefined,
			{ signal: soon },
		).catch(() => {});
	}
}

async function once<T>(
	send: (signal: AbortSignal, attempt: number) => Promise<T>,
	toStoreError: (error: unknown) => StoreError,
	{ requestTimeoutMs }: Patience,
	closing: AbortSignal,
	attempt: number,
): Promise<{ value: T } | { error: StoreError }> {
	const limit = new AbortController();
	const onAbort = () => limit.abort();
	const timer = setTimeout(onAbort, requestTimeoutMs);
	closing.addEventListener("abort", onAbort, { once: true });
	try {
		if (closing.aborted) throw closed();
		return { value: await send(limit.signal, attempt) };
	} catch (error) {
		if (closing.aborted) return { error: closed() };
		return {
			error: limit.signal.aborted
				? new StoreError("Timeout", `no answer within ${requestTimeoutMs} ms`)
				: toStoreError(error),
		};
	} finally {
		clearTimeout(timer);
		closing.removeEventListener("abort", onAbort);
	}
}

function closed(): StoreError {
	return new StoreError("Closed", "the archive was closed");
}

function afterAttempts(
	{ code, message, status }: StoreError,
	count: number,
	isUncertain: boolean,
): StoreError {
	const text =
		count === 1 ? message : `${message} (the last of ${count} attempts)`;
	return new StoreError(code, text, status, isUncertain);
}

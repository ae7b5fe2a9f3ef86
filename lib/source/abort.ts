import { ArchiverError } from "../errors.js";

/** @throws ArchiverError ABORTED */
export function throwIfAborted(signal: AbortSignal): void {
	if (signal.aborted) throw abortedBy(signal);
}

/**
 * Waits for `promise` until `signal` aborts. The work behind the promise goes on; its result is dropped.
 *
 * @throws ArchiverError ABORTED, or what the promise rejects with.
 */
export async function orAborted<T>(
	promise: Promise<T>,
	signal: AbortSignal,
): Promise<T> {
	let onAbort: (() => void) | undefined;
	const aborted = new Promise<never>((_resolve, reject) => {
		onAbort = () => reject(abortedBy(signal));
		if (signal.aborted) onAbort();
		else signal.addEventListener("abort", onAbort, { once: true });
	});
	try {
		return await Promise.race([promise, aborted]);
	} finally {
		if (onAbort !== undefined) signal.removeEventListener("abort", onAbort);
	}
}

function abortedBy(signal: AbortSignal): ArchiverError {
	return new ArchiverError(
		"ABORTED",
		"loading was cancelled",
		{},
		{ cause: signal.reason },
	);
}

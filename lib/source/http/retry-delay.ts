/** Longest delay that is chosen here, and longest that a server can ask for. */
const MAX_DELAY_MS = 10_000;
const MAX_RETRY_AFTER_MS = 30_000;

/**
 * Ms to wait before a request is repeated: twice as long from one time to the next, with up to half of it left to chance,
 * so that jobs that failed together do not come back together. A server that said when to come again gets that.
 *
 * @param failures - How often the request has failed, 1 or more.
 * @param retryAfterMs - What the server asked for.
 * @returns undefined when the server asked for longer than a job is held up for.
 */
export function retryDelayMs(
	failures: number,
	firstDelayMs: number,
	retryAfterMs = 0,
): number | undefined {
	if (retryAfterMs > MAX_RETRY_AFTER_MS) return undefined;
	const delayMs = Math.min(MAX_DELAY_MS, firstDelayMs * 2 ** (failures - 1));
	return Math.max(retryAfterMs, delayMs * (1 + Math.random() / 2));
}

/** Ms from now that a `Retry-After` header asks for, given as seconds or as a date. Undefined for anything else. */
export function parseRetryAfter(
	header: string | undefined,
	nowMs = Date.now(),
): number | undefined {
	if (header === undefined) return undefined;
	if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
	const dateMs = Date.parse(header);
	return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

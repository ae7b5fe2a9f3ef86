import type { TaskFailure } from "../lib/dispatch/messages.js";
import { toArchiverError } from "../lib/errors.js";

/** An error as it crosses threads. */
export function failureOf(cause: unknown): TaskFailure {
	const { code, message, details, retryable, stack } = toArchiverError(
		cause,
		"WORKER_FAILED",
	);
	return { code, message, details, retryable, stack };
}

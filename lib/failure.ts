import {
	ArchiverError,
	type ErrorCode,
	type ErrorDetails,
	toArchiverError,
} from "./errors.js";

/** An error as it crosses threads, where it would lose its class, code and fields. */
export interface Failure {
	code: ErrorCode;
	message: string;
	details: ErrorDetails;
	retryable: boolean;
	stack?: string;
}

/** @param code of an error that has none of this library's. */
export function failureOf(cause: unknown, code: ErrorCode): Failure {
	const error = toArchiverError(cause, code);
	const { message, details, retryable, stack } = error;
	return { code: error.code, message, details, retryable, stack };
}

/** The error on the other side. */
export function errorOf({
	code,
	message,
	details,
	retryable,
	stack,
}: Failure): ArchiverError {
	const error = new ArchiverError(code, message, details, { retryable });
	if (stack !== undefined) error.stack = stack;
	return error;
}

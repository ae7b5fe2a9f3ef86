/**
 * What a store answered, or why it did not. Made from the SDK's error, of which nothing else is kept: that one carries
 * the request with its signature.
 */
export class StoreError extends Error {
	/** The store's word, such as `NoSuchKey`, or the system's, such as `ECONNREFUSED`. */
	readonly code: string;
	/** Of the answer; absent: there was none. */
	readonly status: number | undefined;
	/** Whether the request, or an earlier attempt of it, may have been carried out all the same, now or later. */
	readonly isUncertain: boolean;

	constructor(
		code: string,
		message: string,
		status?: number,
		isUncertain = !UNSENT.has(code) && (status === undefined || status >= 500),
	) {
		super(message);
		this.name = "StoreError";
		this.code = code;
		this.status = status;
		this.isUncertain = isUncertain;
	}

	/** Whether the same may succeed when it is tried again. */
	get isPassing(): boolean {
		if (PERMANENT.has(this.code)) return false;
		if (PASSING.has(this.code) || this.status === 429) return true;
		return this.status === undefined || this.status >= 500;
	}
}

const PASSING = new Set([
	"SlowDown",
	"RequestTimeout",
	"RequestTimeTooSkewed",
	"OperationAborted",
]);
/** The client is not set up, or the store does not know the operation. */
const PERMANENT = new Set([
	"CredentialsProviderError",
	"NotImplemented",
	"TypeError",
	"ERR_INVALID_URL",
	"Closed",
]);
const UNSENT = new Set([
	"CredentialsProviderError",
	"TypeError",
	"ERR_INVALID_URL",
	"ECONNREFUSED",
	"ENOTFOUND",
	"EAI_AGAIN",
]);

/** @param secrets - What may not be shown, should the store quote it. */
export function storeErrorOf(
	error: unknown,
	secrets: readonly string[] = [],
): StoreError {
	if (error instanceof StoreError) return error;
	const { name, code, Code, message, $metadata } = error as Partial<SdkError>;
	const status = $metadata?.httpStatusCode;
	const word = Code ?? (name === "Error" || name === undefined ? code : name);
	const said = message === "UnknownError" || !message ? "" : `: ${message}`;
	const answered = status === undefined ? "" : ` (status ${status})`;
	let text = `${word ?? "failed"}${answered}${said}`;
	for (const secret of secrets) text = text.replaceAll(secret, "***");
	return new StoreError(word ?? "", text, status);
}

export function isMissing(error: unknown): boolean {
	return error instanceof StoreError && MISSING.has(error.code);
}

const MISSING = new Set(["NoSuchKey", "NotFound"]);

/** Whether the condition of a conditional request did not hold. 409: another request to the same key was quicker. */
export function isConditionFailed(error: unknown): boolean {
	return (
		error instanceof StoreError &&
		(error.status === 412 ||
			(error.status === 409 && error.code === "ConditionalRequestConflict"))
	);
}

interface SdkError extends Error {
	code?: string;
	Code?: string;
	$metadata?: { httpStatusCode?: number };
}

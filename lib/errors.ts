/**
 * Every code an {@link ArchiverError} can carry, with what it means and whether trying again can help.
 * Codes are stable; messages are for people and may improve. The README's table is compared with this one by a test.
 */
export const ERROR_CODES = {
	INVALID_INPUT: {
		retryable: false,
		meaning: "a value does not have the shape or range it must have",
	},
	INVALID_OPTION: {
		retryable: false,
		meaning:
			"an option or environment variable is not usable; the message lists every problem",
	},
	CLUSTER_UNKNOWN: {
		retryable: false,
		meaning: "no configuration is known for the cluster or subcluster of a job",
	},
	JOB_UNKNOWN: {
		retryable: false,
		meaning: "the job database or archive holds no such job",
	},
	JOB_EXISTS: {
		retryable: false,
		meaning: "a job with this key is already recorded",
	},
	JOB_STOPPED: {
		retryable: false,
		meaning: "the job has stopped already, with another end than the one given",
	},
	JOB_NOT_STOPPED: {
		retryable: false,
		meaning: "the job is still running; only a stopped job can be archived",
	},
	NO_DATA: {
		retryable: false,
		meaning: "the source holds no sample at all for the job",
	},
	SOURCE_PARTIAL: {
		retryable: true,
		meaning:
			"the source holds less of the job's samples than minCompleteness asks for",
	},
	SOURCE_UNAVAILABLE: {
		retryable: true,
		meaning: "the metric source did not answer or failed",
	},
	SOURCE_DATA_INVALID: {
		retryable: false,
		meaning: "the metric source answered with something that cannot be decoded",
	},
	SCHEMA_BROKEN: {
		retryable: false,
		meaning:
			"the job's meta or data do not have the structure that ClusterCockpit's published schemas ask for, and validate is on",
	},
	WORKER_DIED: {
		retryable: true,
		meaning: "a worker thread ended while it worked for the job",
	},
	WORKER_FAILED: {
		retryable: false,
		meaning: "a worker task threw something unexpected",
	},
	ARCHIVE_UNREADABLE: {
		retryable: true,
		meaning: "the archive could not be read",
	},
	ARCHIVE_WRITE_FAILED: {
		retryable: true,
		meaning: "the archive could not be written",
	},
	ARCHIVE_FULL: {
		retryable: true,
		meaning: "no space or quota is left for the archive",
	},
	ARCHIVE_READ_ONLY: {
		retryable: true,
		meaning: "the archive may not be written to",
	},
	ARCHIVE_LOCKED: {
		retryable: true,
		meaning: "another process has the archive open for writing",
	},
	ARCHIVE_VERSION: {
		retryable: false,
		meaning:
			"the archive has a version or kind that this release does not know",
	},
	DATA_CORRUPT: {
		retryable: false,
		meaning: "archived bytes do not check out; path and offset say where",
	},
	FORMAT_UNSUPPORTED: {
		retryable: false,
		meaning:
			"a data file has a version or encoding that this release does not know",
	},
	SNAPSHOT_FAILED: {
		retryable: true,
		meaning: "a snapshot of the memory store could not be written or read",
	},
	EXPORT_FAILED: {
		retryable: true,
		meaning: "the files of an export or report could not be written",
	},
	DATABASE_FAILED: { retryable: true, meaning: "a database statement failed" },
	DATABASE_BUSY: {
		retryable: true,
		meaning: "the database stayed locked for longer than the timeout",
	},
	DATABASE_VERSION: {
		retryable: false,
		meaning:
			"the database is not a ClusterCockpit database of version 10 or 11, or its migration is dirty",
	},
	ABORTED: { retryable: true, meaning: "the work was cancelled by its signal" },
	TIMEOUT: {
		retryable: true,
		meaning: "the source or a worker took longer than the job's time limit",
	},
	ARCHIVER_CLOSED: {
		retryable: false,
		meaning: "the archiver no longer takes jobs",
	},
	ARCHIVER_SHUTDOWN_TIMEOUT: {
		retryable: false,
		meaning: "shutdown gave up waiting; jobs not finished stay pending",
	},
} as const satisfies Record<string, { retryable: boolean; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What a handler needs beside the code: the job concerned, the file and place, the option. All optional. */
export interface ErrorDetails {
	cluster?: string;
	jobId?: number;
	startTime?: number;
	/** File, key or database concerned. */
	path?: string;
	/** Byte offset within `path` or within the bytes decoded. */
	offset?: number;
	/** Metric and scope concerned, as `metric/scope`. */
	column?: string;
	/** Name of the field, option or variable concerned, and what was received for it. */
	field?: string;
	received?: unknown;
	/** Further facts, e.g. every problem of a list. */
	problems?: readonly string[];
}

/**
 * The one error class of this library. Match on {@link ArchiverError.code}, not on the class:
 * two copies of the library may be loaded at once, and errors cross threads as plain data.
 */
export class ArchiverError extends Error {
	override readonly name = "ArchiverError";
	readonly code: ErrorCode;
	/** Whether trying the same again later can succeed. */
	readonly retryable: boolean;
	readonly details: ErrorDetails;

	constructor(
		code: ErrorCode,
		message: string,
		details: ErrorDetails = {},
		options: { cause?: unknown; retryable?: boolean } = {},
	) {
		super(
			message,
			options.cause === undefined ? undefined : { cause: options.cause },
		);
		this.code = code;
		this.retryable = options.retryable ?? ERROR_CODES[code].retryable;
		this.details = details;
	}

	/** The same failure with more details, e.g. the job it happened for. Details that are already there win. */
	with(details: ErrorDetails): ArchiverError {
		const error = new ArchiverError(
			this.code,
			this.message,
			{ ...details, ...this.details },
			{ cause: this.cause, retryable: this.retryable },
		);
		if (this.stack !== undefined) error.stack = this.stack;
		return error;
	}
}

/** Whether `error` is an {@link ArchiverError}, from this copy of the library or another. */
export function isArchiverError(error: unknown): error is ArchiverError {
	return (
		error instanceof Error &&
		error.name === "ArchiverError" &&
		"code" in error &&
		(error.code as string) in ERROR_CODES
	);
}

/** `error` itself when it already is an {@link ArchiverError}, else a new one with `code` that keeps it as cause. */
export function toArchiverError(
	error: unknown,
	code: ErrorCode,
	details: ErrorDetails = {},
): ArchiverError {
	if (isArchiverError(error)) return error.with(details);
	const message = error instanceof Error ? error.message : String(error);
	return new ArchiverError(code, message, details, { cause: error });
}

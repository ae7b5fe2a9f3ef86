import { ArchiverError } from "../../errors.js";

/** How a server is asked. */
export interface HttpOptions {
	/** Most ms for one attempt, from its connection to the last byte of the answer (30000). */
	timeoutMs?: number;
	/** How often a request is repeated whose failure may pass (4). */
	retries?: number;
	/** Least ms before the first repetition (200); doubles from one to the next. */
	retryDelayMs?: number;
	/** Requests under way at once, over all jobs (4). */
	concurrency?: number;
	/** Largest answer that is read, in bytes (64 MiB). */
	maxBodyBytes?: number;
}

const DEFAULTS: Readonly<Required<HttpOptions>> = {
	timeoutMs: 30_000,
	retries: 4,
	retryDelayMs: 200,
	concurrency: 4,
	maxBodyBytes: 64 * 2 ** 20,
};

const LEAST: Readonly<Required<HttpOptions>> = {
	timeoutMs: 1,
	retries: 0,
	retryDelayMs: 0,
	concurrency: 1,
	maxBodyBytes: 1,
};

/** @throws ArchiverError INVALID_OPTION listing every problem */
export function resolveHttpOptions(given: HttpOptions): Required<HttpOptions> {
	const problems: string[] = [];
	const resolved = { ...DEFAULTS };
	for (const name of Object.keys(DEFAULTS) as (keyof HttpOptions)[]) {
		const value = given[name];
		if (value === undefined) continue;
		if (Number.isSafeInteger(value) && value >= LEAST[name])
			resolved[name] = value;
		else
			problems.push(
				`${name}: must be a whole number of at least ${LEAST[name]}, is ${JSON.stringify(value)}`,
			);
	}
	if (problems.length > 0) throw unusableOptions(problems);
	return resolved;
}

export function unusableOptions(problems: readonly string[]): ArchiverError {
	return new ArchiverError(
		"INVALID_OPTION",
		`unusable options: ${problems.join("; ")}`,
		{ problems },
	);
}

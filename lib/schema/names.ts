import { invalidInput } from "./invalid-input.js";
import type { JobKey } from "./job.js";
import { isCount } from "./shapes.js";

const CLUSTER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** What {@link isClusterName} asks for, in words. */
export const CLUSTER_NAME_EXPECTED =
	"a name of letters, digits, '.', '_' and '-' that begins with a letter or digit";

/** Cluster names become folders and object keys, so they are the one kind of name that is restricted. */
export function isClusterName(value: unknown): value is string {
	return typeof value === "string" && CLUSTER_NAME.test(value);
}

/** @throws ArchiverError INVALID_INPUT */
export function assertClusterName(
	value: unknown,
	field = "cluster",
): asserts value is string {
	if (!isClusterName(value))
		throw invalidInput(field, CLUSTER_NAME_EXPECTED, value);
}

/**
 * Checks the three parts of a job's key; a whole job passes too.
 *
 * @throws ArchiverError INVALID_INPUT naming the part
 */
export function assertJobKey(value: unknown): asserts value is JobKey {
	if (typeof value !== "object" || value === null)
		throw invalidInput("job key", "an object", value);
	const { cluster, jobId, startTime } = value as Partial<JobKey>;
	assertClusterName(cluster);
	if (!isCount(jobId))
		throw invalidInput("jobId", "a non-negative integer", jobId);
	if (!isCount(startTime))
		throw invalidInput("startTime", "a non-negative integer", startTime);
}

/** Metrics may be called anything but nothing. @throws ArchiverError INVALID_INPUT */
export function assertMetricName(
	value: unknown,
	field = "metric",
): asserts value is string {
	assertNonEmpty(value, field);
}

/** Hosts may be called anything but nothing. @throws ArchiverError INVALID_INPUT */
export function assertHostname(
	value: unknown,
	field = "hostname",
): asserts value is string {
	assertNonEmpty(value, field);
}

function assertNonEmpty(
	value: unknown,
	field: string,
): asserts value is string {
	if (typeof value !== "string" || value === "")
		throw invalidInput(field, "a non-empty string", value);
}

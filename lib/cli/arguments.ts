import { InvalidArgumentError, Option } from "commander";
import type { Compression } from "../codec/column.js";
import { ArchiverError } from "../errors.js";
import type { JobKey } from "../schema/job.js";
import { assertClusterName } from "../schema/names.js";
import { isCount } from "../schema/shapes.js";

/** What a command's `--json` says about itself. */
export const JSON_OPTION = [
	"--json",
	"print the result as one line of JSON on standard output",
] as const;

export function formatOption(): Option {
	return new Option(
		"--format <format>",
		"how jobs are written (default: as the archive was made)",
	).choices(["columnar", "json"]);
}

export function compressionOption(fallback: Compression): Option {
	return new Option(
		"--compression <effort>",
		`how hard the columnar encoder works (default: ${fallback})`,
	).choices(["fast", "small"]);
}

/** A job as it is named on the command line. */
export type JobReference = Omit<JobKey, "startTime"> & Partial<JobKey>;

/** A number of things on the command line, one at least. */
export function parseCount(text: string): number {
	const count = Number(text);
	if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count > 0)
		return count;
	throw new InvalidArgumentError("Expected a whole number above 0.");
}

/**
 * `CLUSTER/JOBID` or `CLUSTER/JOBID/STARTTIME`.
 *
 * @throws ArchiverError INVALID_INPUT
 */
export function parseJobReference(text: string): JobReference {
	const [cluster, ...numbers] = text.split("/");
	assertClusterName(cluster);
	const [jobId, startTime] = numbers.map((number) =>
		/^\d+$/.test(number) ? Number(number) : Number.NaN,
	);
	const wellFormed =
		isCount(jobId) && (numbers.length === 1 || isCount(startTime));
	if (!wellFormed || numbers.length > 2)
		throw new ArchiverError(
			"INVALID_INPUT",
			`a job is CLUSTER/JOBID or CLUSTER/JOBID/STARTTIME, which ${JSON.stringify(text)} is not`,
			{ field: "job", received: text },
		);
	return { cluster, jobId, ...(startTime !== undefined && { startTime }) };
}

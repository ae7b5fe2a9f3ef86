import { ArchiverError } from "../../errors.js";
import type { Deviation } from "./rules.js";

/** Broken places that a message names; all are in the details. */
const MOST_NAMED = 3;

/**
 * What is odd about a document that has the structure which a published schema asks for, each with its place.
 *
 * @throws ArchiverError SCHEMA_BROKEN with every broken place in `details.problems`.
 */
export function demandStructure(
	deviations: readonly Deviation[],
	where: "meta" | "data",
): string[] {
	const described = (verdict: Deviation["verdict"]) =>
		deviations
			.filter((it) => it.verdict === verdict)
			.map((it) => describeDeviation(it, where));
	const problems = described("broken");
	if (problems.length === 0) return described("beyond");
	const named = problems.slice(0, MOST_NAMED).join("; ");
	const others = problems.length - MOST_NAMED;
	throw new ArchiverError(
		"SCHEMA_BROKEN",
		others > 0 ? `${named}; and ${others} more` : named,
		{ problems },
	);
}

/** A deviation as a line of text. */
export function describeDeviation(
	{ at, reason, count }: Deviation,
	where: "meta" | "data",
): string {
	const times = count === 1 ? "" : ` (${count} times)`;
	return `${where}: ${at === "" ? "it" : at} ${reason}${times}`;
}

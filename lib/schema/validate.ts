import * as v from "valibot";
import { ArchiverError, type ErrorCode } from "../errors.js";
import { describeValue, reportable } from "./invalid-input.js";

/** Problems that a message spells out; `details.problems` holds every one. */
const PROBLEMS_IN_MESSAGE = 10;

/** Has valibot say what it expected, and no more: the rest of a problem is worded here. */
export const EXPECTATIONS: v.Config<v.BaseIssue<unknown>> = {
	message: (issue) => issue.expected ?? issue.message,
};

/**
 * Checks `value` against a valibot schema and returns the schema's output.
 * A schema's own messages say what was expected, as a noun: `v.string("a host name")`.
 *
 * @param what - What the value is, for the message: `job`, `cluster configuration`.
 * @throws ArchiverError `code` (INVALID_INPUT) with the first problem's `field` and `received`, and every problem in `problems`.
 */
export function validate<S extends v.GenericSchema>(
	schema: S,
	value: unknown,
	what: string,
	code: ErrorCode = "INVALID_INPUT",
): v.InferOutput<S> {
	const result = v.safeParse(schema, value, EXPECTATIONS);
	if (result.success) return result.output;

	const problems = result.issues.map(problemOf);
	const [first] = result.issues;
	throw new ArchiverError(code, `${what} is not valid: ${listed(problems)}`, {
		field: v.getDotPath(first) ?? what,
		received: reportable(first.input),
		problems,
	});
}

function problemOf(issue: v.BaseIssue<unknown>): string {
	const field = v.getDotPath(issue);
	if (field === null)
		return `expected ${issue.message}, received ${describeValue(issue.input)}`;
	return issue.input === undefined
		? `${field}: missing`
		: `${field}: expected ${issue.message}, received ${describeValue(issue.input)}`;
}

function listed(problems: readonly string[]): string {
	const shown = problems.slice(0, PROBLEMS_IN_MESSAGE).join("; ");
	const hidden = problems.length - PROBLEMS_IN_MESSAGE;
	return hidden > 0 ? `${shown}; and ${hidden} more` : shown;
}

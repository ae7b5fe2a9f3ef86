import { type Command, InvalidArgumentError } from "commander";
import { ArchiverError } from "../errors.js";
import { assertClusterName } from "../schema/names.js";

const DATE = /^\d{4}-\d\d-\d\d$/;
const DATE_AND_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?$/;
const WITH_ZONE = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/;
const UNIX_SECONDS = /^\d{9,11}$/;

/** Which jobs of an archive a command is about, as it is given. */
export interface SelectionArguments {
	before?: number;
	after?: number;
	cluster?: string;
}

/** Which jobs those are: started at or after `from` and before `to`, Unix seconds. */
export interface Selection {
	from?: number;
	to?: number;
	cluster?: string;
}

export function addSelectionOptions(command: Command): Command {
	return command
		.option(
			"--before <date>",
			"jobs that started before this: 2025-01-31, 2025-01-31T12:00 (UTC), or Unix seconds",
			parseTime,
		)
		.option(
			"--after <date>",
			"jobs that started at or after this; with --before those between the two",
			parseTime,
		)
		.option("--cluster <name>", "jobs of this cluster");
}

/** @throws ArchiverError INVALID_OPTION, INVALID_INPUT */
export function selectionOf({
	before,
	after,
	cluster,
}: SelectionArguments): Selection {
	if (cluster !== undefined) assertClusterName(cluster);
	if (before !== undefined && after !== undefined && after >= before)
		throw new ArchiverError(
			"INVALID_OPTION",
			"no job starts both before --before and at or after --after",
			{ field: "before" },
		);
	return { from: after, to: before, cluster };
}

/** Unix seconds of a time on the command line; without a zone it is UTC, as times are printed. */
function parseTime(text: string): number {
	if (UNIX_SECONDS.test(text)) return Number(text);
	const seconds = Date.parse(isoOf(text)) / 1000;
	if (Number.isNaN(seconds))
		throw new InvalidArgumentError(
			"Expected a date such as 2025-01-31 or 2025-01-31T12:00:00Z, or Unix seconds.",
		);
	return seconds;
}

function isoOf(text: string): string {
	if (DATE.test(text)) return `${text}T00:00:00Z`;
	if (DATE_AND_TIME.test(text)) return `${text.replace(" ", "T")}Z`;
	return WITH_ZONE.test(text) ? text : "";
}

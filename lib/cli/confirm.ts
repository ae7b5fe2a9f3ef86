import { createInterface } from "node:readline/promises";
import { ArchiverError } from "../errors.js";

/**
 * Rejects where nobody can be asked.
 *
 * @throws ArchiverError INVALID_OPTION
 */
export function expectTerminal(): void {
	if (process.stdin.isTTY && process.stderr.isTTY) return;
	throw new ArchiverError(
		"INVALID_OPTION",
		"this is no terminal to ask on: --yes does without, and --dry-run only counts",
		{ field: "yes" },
	);
}

/** Asks a person, on standard error; anything but a yes is a no. */
export async function confirm(
	question: string,
	signal: AbortSignal,
): Promise<boolean> {
	const terminal = createInterface({
		input: process.stdin,
		output: process.stderr,
	});
	try {
		const answer = await terminal.question(`${question} [y/N] `, { signal });
		return /^y(es)?$/i.test(answer.trim());
	} catch (error) {
		if (signal.aborted) return false;
		throw error;
	} finally {
		terminal.close();
	}
}

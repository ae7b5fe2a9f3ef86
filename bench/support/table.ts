import { tableText as tableOf } from "../../lib/cli/output.js";

/** A table for people: the first column is text, the others are numbers. */
export function tableText(
	titles: readonly string[],
	rows: readonly (readonly string[])[],
): string {
	return tableOf(
		titles.map((title, i) => ({ title, align: i === 0 ? "left" : "right" })),
		rows,
	);
}

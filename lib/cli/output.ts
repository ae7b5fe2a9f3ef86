import Table from "cli-table3";
import { plainText } from "./text.js";

/** How many failures or faults are listed for people. */
const LISTED = 20;

/** Columns side by side without lines, the way `ls` and `ps` do it. */
const BARE = {
	top: "",
	"top-mid": "",
	"top-left": "",
	"top-right": "",
	bottom: "",
	"bottom-mid": "",
	"bottom-left": "",
	"bottom-right": "",
	left: "",
	"left-mid": "",
	mid: "",
	"mid-mid": "",
	right: "",
	"right-mid": "",
	middle: "  ",
};

export interface TableColumn {
	title: string;
	align?: "left" | "right";
}

/** Rows under their titles, as text that ends in a newline. Cells may hold anything: they are made plain here. */
export function tableText(
	columns: readonly TableColumn[],
	rows: readonly (readonly string[])[],
): string {
	const table = new Table({
		head: columns.map(({ title }) => title),
		colAligns: columns.map(({ align }) => align ?? "left"),
		chars: BARE,
		style: {
			head: [],
			border: [],
			compact: true,
			"padding-left": 0,
			"padding-right": 0,
		},
	});
	for (const row of rows) table.push(row.map(plainText));
	return table
		.toString()
		.split("\n")
		.map((line) => `${line.trimEnd()}\n`)
		.join("");
}

/** A command's result for people. */
export function printResult(text: string): void {
	process.stdout.write(text);
}

/** A command's result for programs: one line, and the last one. */
export function printJson(result: unknown): void {
	process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** What is said beside the result. */
export function printNote(text: string): void {
	process.stderr.write(`${text.trimEnd()}\n`);
}

/** The first of a long list. */
export function shortened<T>(list: readonly T[]): readonly T[] {
	return list.slice(0, LISTED);
}

/** How many are missing from a list that was {@link shortened}. */
export function moreLine(total: number): string {
	return total > LISTED ? `and ${total - LISTED} more\n` : "";
}

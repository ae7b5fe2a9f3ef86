import type { BenchResult } from "../all/results.js";
import { format, formatMib, formatShare } from "../support/statistics.js";

/** Figures of a bench as text, whatever it measures. */
export interface Figures {
	/** Name and value. */
	facts: readonly (readonly [string, string])[];
	tables: readonly FiguresTable[];
}

export interface FiguresTable {
	title: string;
	columns: readonly string[];
	rows: readonly (readonly string[])[];
}

/** Told once for the whole page, or of no interest on it. */
const LEFT_OUT = new Set(["bench", "short", "startedAt", "machine"]);
/** Longer lists are for plots. */
const MOST_ROWS = 50;

type Scalar = string | number | boolean;

/** Single values are facts; lists of objects are tables of their single values. What is nested deeper is for plots. */
export function figuresOf(result: BenchResult): Figures {
	const entries = Object.entries(result).filter(([key]) => !LEFT_OUT.has(key));
	return {
		facts: entries.flatMap(([key, value]) =>
			isScalar(value) ? [[nameOf(key), valueText(key, value)] as const] : [],
		),
		tables: entries.flatMap(([key, value]) =>
			isTable(value) ? [tableOf(key, value)] : [],
		),
	};
}

function tableOf(key: string, rows: readonly object[]): FiguresTable {
	const keys = [
		...new Set(
			rows.flatMap((row) =>
				Object.entries(row).flatMap(([key, value]) =>
					isScalar(value) ? [key] : [],
				),
			),
		),
	];
	return {
		title: nameOf(key),
		columns: keys.map(nameOf),
		rows: rows.map((row) =>
			keys.map((key) => {
				const value = (row as Record<string, unknown>)[key];
				return isScalar(value) ? valueText(key, value) : "–";
			}),
		),
	};
}

function isScalar(value: unknown): value is Scalar {
	return ["string", "number", "boolean"].includes(typeof value);
}

function isTable(value: unknown): value is object[] {
	return (
		Array.isArray(value) &&
		value.length > 0 &&
		value.length <= MOST_ROWS &&
		value.every((it) => typeof it === "object" && it !== null)
	);
}

/** `eventLoopDelayP99Ms` is `event loop delay p99`: the unit stands with the value. */
function nameOf(key: string): string {
	return key
		.replace(/(Ms|Bytes|Share)$/, "")
		.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
		.toLowerCase();
}

function valueText(key: string, value: Scalar): string {
	if (typeof value === "boolean") return value ? "yes" : "no";
	if (typeof value === "string") return value;
	if (key.endsWith("Bytes")) return formatMib(value);
	if (key.endsWith("Share")) return formatShare(value);
	if (key.endsWith("Ms")) return `${format(value)} ms`;
	if (key.startsWith("vs") || key.includes("Vs")) return `${format(value)} ×`;
	return Number.isInteger(value) && value < 1e4 ? String(value) : format(value);
}

import type { Distribution } from "../support/statistics.js";

/** One plot as the page draws it: plain data. */
export interface Plot {
	title: string;
	/** What to see in it, in a sentence. */
	note: string;
	x: Axis;
	y: Axis;
	/** Ascending. */
	xs: readonly number[];
	series: readonly PlotSeries[];
	/** What the point at each of `xs` is; those of one name are joined. */
	names?: readonly string[];
	/** Whether it takes the whole width of the page. */
	wide?: boolean;
}

export interface Axis {
	label: string;
	log?: boolean;
	/** How numbers are shown: plainly by default. */
	unit?: "bytes" | "ms";
	/** Names of places, in place of numbers. */
	ticks?: readonly { value: number; label: string }[];
	/** Whether the axis begins at 0. */
	fromZero?: boolean;
}

export interface PlotSeries {
	label: string;
	/** One for each of `xs`; null where there is none. */
	values: readonly (number | null)[];
	/** Lowest and highest of the rounds. */
	low?: readonly (number | null)[];
	high?: readonly (number | null)[];
	/** `line` by default. */
	kind?: "line" | "dashed" | "points";
}

const QUANTILES = ["p50", "p90", "p99", "p999", "max"] as const;

/** Distributions beside each other: how long the slowest 50 %, 10 %, … take. */
export function quantilePlot(
	titles: Pick<Plot, "title" | "note">,
	label: string,
	distributions: readonly {
		label: string;
		median: Distribution;
		perRound: readonly Distribution[];
	}[],
): Plot {
	return {
		...titles,
		x: {
			label: "share of all",
			ticks: ["50 %", "90 %", "99 %", "99.9 %", "max"].map((label, value) => ({
				value,
				label,
			})),
		},
		y: { label, unit: "ms", log: true },
		xs: QUANTILES.map((_, i) => i),
		series: distributions.map(({ label, median, perRound }) => ({
			label,
			values: QUANTILES.map((key) => median[key]),
			low: QUANTILES.map((key) => lowest(perRound.map((it) => it[key]))),
			high: QUANTILES.map((key) => highest(perRound.map((it) => it[key]))),
		})),
	};
}

/** A quantity round after round, for several contenders. */
export function roundsPlot(
	titles: Pick<Plot, "title" | "note">,
	y: Axis,
	contenders: readonly { label: string; perRound: readonly number[] }[],
): Plot {
	const rounds = highest(contenders.map(({ perRound }) => perRound.length));
	const xs = Array.from({ length: rounds }, (_, i) => i + 1);
	return {
		...titles,
		x: {
			label: "round",
			ticks: xs.map((value) => ({ value, label: String(value) })),
		},
		y,
		xs,
		series: contenders.map(({ label, perRound }) => ({
			label,
			values: xs.map((round) => perRound[round - 1] ?? null),
		})),
	};
}

export function lowest(values: readonly number[]): number {
	return Math.min(...values);
}

export function highest(values: readonly number[]): number {
	return Math.max(...values);
}

import { agrees } from "../../schema/agreement.js";
import type { MeasuredColumn } from "../column.js";

/** How the statistics that came with a column's series differ from its samples. */
export interface StatisticsOddity {
	kind: "missing" | "different";
	/** `metric/scope` */
	column: string;
	reason: string;
}

const NAMES = ["avg", "min", "max"] as const;

/**
 * Compares the statistics in a job's JSON with those of its samples, up to the rounding of both. Every series of a column
 * that lacks some, or has others, is counted; one of them is named.
 *
 * @param metrics - What `columnsOfJson` has made `columns` from.
 */
export function checkJsonStatistics(
	metrics: Record<string, unknown>,
	columns: readonly MeasuredColumn[],
): StatisticsOddity[] {
	const oddities: StatisticsOddity[] = [];
	for (const column of columns) {
		const odd = { missing: new Tally(), different: new Tally() };
		const entries = seriesIn(metrics, column);
		for (let i = 0; i < column.lengths.length; i++) {
			const verdict = judge(entries[i]?.statistics, column, i);
			if (verdict !== "sound") odd[verdict].count(column.hostnames[i]);
		}
		const name = `${column.metric}/${column.scope}`;
		const ofAll = (tally: Tally) =>
			`${tally.number} of ${column.lengths.length} series (${tally.first})`;
		if (odd.missing.number > 0)
			oddities.push({
				kind: "missing",
				column: name,
				reason: `${ofAll(odd.missing)} have no statistics`,
			});
		if (odd.different.number > 0)
			oddities.push({
				kind: "different",
				column: name,
				reason: `${ofAll(odd.different)} have other statistics than their samples`,
			});
	}
	return oddities;
}

class Tally {
	number = 0;
	first = "";

	count(hostname: string): void {
		if (this.number === 0) this.first = hostname;
		this.number++;
	}
}

type SeriesEntry = { statistics?: unknown } | undefined;

/** `columnsOfJson` has seen to it that the series are there. */
function seriesIn(
	metrics: Record<string, unknown>,
	{ metric, scope }: MeasuredColumn,
): SeriesEntry[] {
	const scopes = metrics[metric] as Record<string, { series?: SeriesEntry[] }>;
	return scopes[scope].series ?? [];
}

function judge(
	told: unknown,
	{ statistics }: MeasuredColumn,
	series: number,
): "sound" | "missing" | "different" {
	const hasSamples = statistics.count[series] > 0;
	const values = NAMES.map((name) =>
		typeof told === "object" && told !== null
			? (told as Record<string, unknown>)[name]
			: undefined,
	);
	if (!hasSamples)
		return values.every((value) => typeof value !== "number")
			? "sound"
			: "different";
	if (values.some((value) => typeof value !== "number")) return "missing";
	return NAMES.every((name, i) =>
		agrees(values[i] as number, statistics[name][series]),
	)
		? "sound"
		: "different";
}

import type { Column } from "../lib/codec/column.js";
import type { Aggregation } from "../lib/schema/cluster.js";
import type { MetricScope } from "../lib/schema/scope.js";

/** Which series of a column are brought together. */
export interface SeriesGroups {
	scope: MetricScope;
	/** One a group. */
	hostnames: readonly string[];
	/** One a group, or null at node scope. */
	ids: readonly (string | null)[] | null;
	/** The group of each series of the column; -1: it is in none. */
	groupOf: Int32Array;
}

/**
 * One series for each group of a column's series. A step of it is the sum or the average over the series that have a
 * sample there, and NaN where none has. A sum that lacks some of its series is what the others add up to: a lower bound,
 * never an estimate; the job's completeness tells how many samples were missing. As long as the longest series of the group.
 */
export function aggregate(
	{ metric, unit, timestep, lengths, samples }: Column,
	{ scope, hostnames, ids, groupOf }: SeriesGroups,
	aggregation: Aggregation,
): Column {
	const groupLengths = longestOf(lengths, groupOf, hostnames.length);
	const starts = startsOf(groupLengths);
	const aggregated = new Float64Array(starts[groupLengths.length]);
	const counts = new Uint16Array(aggregated.length);
	// What adds nothing, even to -0.
	aggregated.fill(-0);
	let start = 0;
	for (let series = 0; series < lengths.length; series++) {
		const end = start + lengths[series];
		const group = groupOf[series];
		if (group >= 0)
			addSeries(samples, start, end, aggregated, counts, starts[group]);
		start = end;
	}
	if (aggregation === "avg") divide(aggregated, counts);
	markGaps(aggregated, counts);
	return {
		metric,
		scope,
		unit,
		timestep,
		hostnames,
		ids,
		lengths: groupLengths,
		samples: aggregated,
	};
}

function longestOf(
	lengths: Uint32Array,
	groupOf: Int32Array,
	groups: number,
): Uint32Array {
	const longest = new Uint32Array(groups);
	for (let series = 0; series < lengths.length; series++) {
		const group = groupOf[series];
		if (group >= 0 && lengths[series] > longest[group])
			longest[group] = lengths[series];
	}
	return longest;
}

/** Where each series begins, and behind them where the last one ends. */
function startsOf(lengths: Uint32Array): Uint32Array {
	const starts = new Uint32Array(lengths.length + 1);
	for (let i = 0; i < lengths.length; i++)
		starts[i + 1] = starts[i] + lengths[i];
	return starts;
}

function addSeries(
	samples: Float64Array,
	start: number,
	end: number,
	sums: Float64Array,
	counts: Uint16Array,
	sumStart: number,
): void {
	for (let i = start, at = sumStart; i < end; i++, at++) {
		const value = samples[i];
		if (!Number.isNaN(value)) {
			sums[at] += value;
			counts[at]++;
		}
	}
}

function divide(sums: Float64Array, counts: Uint16Array): void {
	for (let i = 0; i < sums.length; i++) sums[i] /= counts[i];
}

function markGaps(values: Float64Array, counts: Uint16Array): void {
	for (let i = 0; i < values.length; i++)
		if (counts[i] === 0) values[i] = Number.NaN;
}

import type { Column, MeasuredColumn } from "../lib/codec/column.js";
import { resampleColumn } from "../lib/codec/resample.js";
import { measureColumn } from "../lib/codec/statistics.js";
import type {
	BroughtFacts,
	EncodeTask,
	Preparation,
} from "../lib/dispatch/messages.js";
import type { ExpectedSeries } from "../lib/source/expected-series.js";
import { bringToScopes } from "./bring-to-scopes.js";
import { addNodeScopes } from "./node-scopes.js";
import { countSamples, tallyColumn } from "./tally.js";

export interface PreparedColumns {
	/** As the source brought them. */
	brought: readonly Column[];
	/** As they are archived. */
	columns: readonly Column[];
	/** At node scope, before they were resampled; absent: nothing was. */
	recorded?: MeasuredColumn[];
}

/** Brings a chunk's columns to the scopes and the resolution that they are archived at. */
export function prepareColumns(
	brought: readonly Column[],
	{ chunk, whole, preparation }: EncodeTask,
): PreparedColumns {
	if (preparation === undefined) return { brought, columns: brought };
	const { scopes, aggregations } = preparation;
	let columns = brought;
	if (chunk.native && scopes !== undefined)
		columns = bringToScopes(columns, scopes);
	// In another chunk of several, a metric's node scope may still be to come.
	if (aggregations !== undefined && (whole || chunk.native))
		columns = addNodeScopes(columns, aggregations);
	const resampled = columns.map((column) => resample(column, preparation));
	const recorded = resampled.every((column, i) => column === columns[i])
		? undefined
		: columns.filter(({ scope }) => scope === "node").map(measured);
	return { brought, columns: resampled, recorded };
}

/** @param archived - The prepared columns, measured. */
export function factsOfBrought(
	{ brought, columns, recorded }: PreparedColumns,
	archived: readonly MeasuredColumn[],
	expected: ExpectedSeries | undefined,
): BroughtFacts {
	if (expected === undefined) return { tallies: [], recorded };
	const tallies = brought.map((column) => {
		// What was not touched is counted already.
		const at = columns.indexOf(column);
		const counts =
			at < 0 ? countSamples(column) : archived[at].statistics.count;
		return tallyColumn(column, counts, expected);
	});
	return { tallies, recorded };
}

/** A column without its samples, with what is known of them. */
export function measured(column: Column): MeasuredColumn {
	const { samples: _, statisticsSeries: __, ...header } = column;
	return { ...header, statistics: measureColumn(column) };
}

function resample(
	column: Column,
	{ resolutionSeconds, amounts }: Preparation,
): Column {
	const factor = resolutionSeconds / column.timestep;
	return factor > 1 && Number.isInteger(factor) && !amounts.has(column.metric)
		? resampleColumn(column, resolutionSeconds, "average")
		: column;
}

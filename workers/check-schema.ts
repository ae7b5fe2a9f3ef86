import type { Column, MeasuredColumn } from "../lib/codec/column.js";
import { jobDataOf } from "../lib/codec/job-data.js";
import { measureColumn } from "../lib/codec/statistics.js";
import { demandStructure } from "../lib/schema/published/demand.js";
import {
	publishedColumnDeviations,
	publishedScopeDeviations,
} from "../lib/schema/published/job-data.js";

/**
 * Holds columns, as they are archived, against the schema that ClusterCockpit publishes.
 *
 * @returns what goes beyond it.
 * @throws ArchiverError SCHEMA_BROKEN
 */
export function checkColumns(columns: readonly Column[]): string[] {
	const data = jobDataOf(columns, measureColumn);
	return demandStructure(publishedColumnDeviations(data), "data");
}

/** As {@link checkColumns}, of which metrics at which scopes a whole job has. */
export function checkScopes(columns: readonly MeasuredColumn[]): string[] {
	return demandStructure(publishedScopeDeviations(columns), "data");
}

import type { DataEncoding } from "../codec/column.js";
import { type ByteReader, openColumnar } from "../codec/columnar/index.js";
import { jobDataOf } from "../codec/job-data.js";
import { decodeJson } from "../codec/json/index.js";
import { measureColumn } from "../codec/statistics.js";
import type { DataSelection, JobData } from "../schema/metric.js";
import type { ScopedStatistics } from "./archive.js";
import { scopedStatistics, statisticsLookup } from "./scoped-statistics.js";

/** A job's data as an archive finds them: columnar ones by range, json whole. */
export type JobBytes =
	| { encoding: "columnar"; ranges: ByteReader }
	| { encoding: Exclude<DataEncoding, "columnar">; bytes: Uint8Array };

/** `Archive.loadJobData` for any archive. @throws ArchiverError DATA_CORRUPT, FORMAT_UNSUPPORTED, and what reading rejects with */
export async function jobDataFrom(
	data: JobBytes,
	selection: DataSelection | undefined,
): Promise<JobData> {
	if (data.encoding !== "columnar") {
		const columns = decodeJson(data.bytes, data.encoding, selection);
		return jobDataOf(columns, measureColumn, selection?.percentiles);
	}
	const file = await openColumnar(data.ranges);
	const columns = await file.load(selection);
	const statisticsOf = statisticsLookup(file.columns);
	return jobDataOf(columns, statisticsOf, selection?.percentiles);
}

/** `Archive.loadJobStats` for any archive. Rejects as {@link jobDataFrom} does. */
export async function jobStatisticsFrom(
	data: JobBytes,
): Promise<ScopedStatistics> {
	if (data.encoding === "columnar")
		return scopedStatistics((await openColumnar(data.ranges)).columns);
	return scopedStatistics(
		decodeJson(data.bytes, data.encoding).map((column) => ({
			...column,
			statistics: measureColumn(column),
		})),
	);
}

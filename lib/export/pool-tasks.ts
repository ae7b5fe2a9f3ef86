import type { DataEncoding } from "../codec/column.js";
import type { Failure } from "../failure.js";
import type { JobKey } from "../schema/job.js";
import type { DataSelection } from "../schema/metric.js";
import type { JobNumberNames } from "./jobs-table.js";
import type { ParquetTable, RowGroup } from "./parquet-table.js";

/** Turns stored jobs into rows of the series table. Transferred: every job's `bytes`. */
export interface SeriesRowsTask {
	kind: "series-rows";
	jobs: {
		key: JobKey;
		encoding: DataEncoding;
		bytes: Uint8Array<ArrayBuffer>;
	}[];
	selection: DataSelection;
}

/** Transferred: the row groups' `bytes`. */
export interface SeriesRowGroups {
	rowGroups: RowGroup[];
	/** By job of the task: why it has no rows here; absent: it has all of them. */
	failures: (Failure | undefined)[];
}

/** Turns metas into rows of the jobs table. Transferred: `metas`. */
export interface JobRowsTask {
	kind: "job-rows";
	/** One line of JSON a job. */
	metas: Uint8Array<ArrayBuffer>;
	names: JobNumberNames;
}

/** Makes what a Parquet file ends with. */
export interface ParquetFooterTask {
	kind: "parquet-footer";
	table: ParquetTable;
	rowGroups: { byteOffset: number; entry: Uint8Array }[];
}

import {
	encodeFooter,
	encodeRowGroup,
	loadParquetLibrary,
} from "../lib/export/encode-parquet.js";
import { jobRows, jobsTable } from "../lib/export/jobs-table.js";
import type { RowGroup } from "../lib/export/parquet-table.js";
import type {
	JobRowsTask,
	ParquetFooterTask,
	SeriesRowGroups,
	SeriesRowsTask,
} from "../lib/export/pool-tasks.js";
import { SERIES_TABLE, SeriesRows } from "../lib/export/series-table.js";
import { failureOf } from "../lib/failure.js";
import { parseJob } from "../lib/schema/job-json.js";
import type { Answer } from "./answer.js";
import { columnsOneByOne } from "./columns-one-by-one.js";

/** Encodes jobs as rows of the series table. A job that does not check out has none, and the others go on. */
export async function seriesRowsTask({
	jobs,
	selection,
}: SeriesRowsTask): Promise<Answer<SeriesRowGroups>> {
	const library = await loadParquetLibrary();
	const rowGroups: RowGroup[] = [];
	const rows = new SeriesRows((data) =>
		rowGroups.push(encodeRowGroup(library, SERIES_TABLE, data)),
	);
	const failures = jobs.map((job) => {
		try {
			rows.addJob(job.key, columnsOneByOne(job, selection));
			return undefined;
		} catch (error) {
			return failureOf(error, "WORKER_FAILED");
		}
	});
	rows.end();
	return {
		value: { rowGroups, failures },
		transfer: rowGroups.map(({ bytes }) => bytes.buffer),
	};
}

/** Encodes metas as one row group of the jobs table. */
export async function jobRowsTask({
	metas,
	names,
}: JobRowsTask): Promise<Answer<RowGroup>> {
	const library = await loadParquetLibrary();
	const lines = new TextDecoder().decode(metas).trimEnd().split("\n");
	const jobs = lines.map((line) => parseJob(JSON.parse(line)));
	const rowGroup = encodeRowGroup(
		library,
		jobsTable(names),
		jobRows(jobs, names),
	);
	return { value: rowGroup, transfer: [rowGroup.bytes.buffer] };
}

export async function parquetFooterTask({
	table,
	rowGroups,
}: ParquetFooterTask): Promise<Answer<Uint8Array<ArrayBuffer>>> {
	const footer = encodeFooter(await loadParquetLibrary(), table, rowGroups);
	return { value: footer, transfer: [footer.buffer] };
}

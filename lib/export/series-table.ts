import type { Column } from "../codec/column.js";
import type { JobKey } from "../schema/job.js";
import { formatUnit } from "../schema/unit.js";
import type { ParquetTable } from "./parquet-table.js";
import { compareText } from "./text-order.js";

/** Rows of a row group: what is encoded, and later read, at once. */
export const SERIES_ROWS_PER_GROUP = 128 * 1024;

const MS_PER_SECOND = 1000;

/** One row a sample. A sample that is missing is a row whose value is null. */
export const SERIES_TABLE: ParquetTable = {
	columns: [
		{ name: "cluster", type: "string" },
		{ name: "job_id", type: "integer" },
		{ name: "start_time", type: "timestamp" },
		{ name: "metric", type: "string" },
		{ name: "scope", type: "string" },
		{ name: "hostname", type: "string" },
		{ name: "device", type: "string", optional: true },
		{ name: "unit", type: "string" },
		{ name: "timestamp", type: "timestamp" },
		{ name: "value", type: "double", optional: true },
	],
	sortedBy: [
		"cluster",
		"job_id",
		"start_time",
		"metric",
		"scope",
		"hostname",
		"device",
		"timestamp",
	],
};

/** A row group's values, by column of {@link SERIES_TABLE}. Valid until the next row is added. */
export type SeriesRowGroup = readonly (unknown[] | BigInt64Array)[];

/** Gathers the rows of jobs, whose order is the caller's, and hands them on whenever a row group is full. */
export class SeriesRows {
	readonly #onRowGroup: (rows: SeriesRowGroup) => void;
	readonly #labels = {
		cluster: texts(),
		metric: texts(),
		scope: texts(),
		hostname: texts(),
		device: texts(),
		unit: texts(),
	};
	readonly #jobIds = integers();
	readonly #startTimes = integers();
	readonly #timestamps = integers();
	readonly #values = new Array<number | null>(SERIES_ROWS_PER_GROUP).fill(null);
	#rows = 0;

	constructor(onRowGroup: (rows: SeriesRowGroup) => void) {
		this.#onRowGroup = onRowGroup;
	}

	/** Adds a job's columns, sorted. */
	addJob(key: JobKey, columns: Iterable<Column>): void {
		for (const column of columns)
			for (const [series, start] of seriesInOrder(column))
				this.#addSeries(key, column, series, start);
	}

	/** Hands on the rows that are left. */
	end(): void {
		if (this.#rows === 0) return;
		const { cluster, metric, scope, hostname, device, unit } = this.#labels;
		const columns = [
			cluster,
			this.#jobIds,
			this.#startTimes,
			metric,
			scope,
			hostname,
			device,
			unit,
			this.#timestamps,
			this.#values,
		];
		const rows = this.#rows;
		this.#rows = 0;
		this.#onRowGroup(
			rows === SERIES_ROWS_PER_GROUP
				? columns
				: columns.map((column) => column.slice(0, rows)),
		);
	}

	/** @param start - Of the series in the column's samples. */
	#addSeries(
		{ cluster, jobId, startTime }: JobKey,
		{ metric, scope, unit, timestep, hostnames, ids, ...column }: Column,
		series: number,
		start: number,
	): void {
		const labels = {
			cluster,
			metric,
			scope,
			hostname: hostnames[series],
			device: ids?.[series] ?? null,
			unit: formatUnit(unit),
		};
		const length = column.lengths[series];
		let step = 0;
		while (step < length) {
			const row = this.#rows;
			const end = Math.min(row + length - step, SERIES_ROWS_PER_GROUP);
			for (const name of Object.keys(labels) as (keyof typeof labels)[])
				this.#labels[name].fill(labels[name], row, end);
			this.#jobIds.fill(BigInt(jobId), row, end);
			this.#startTimes.fill(milliseconds(startTime), row, end);
			for (let at = row; at < end; at++, step++) {
				const value = column.samples[start + step];
				this.#values[at] = Number.isNaN(value) ? null : value;
				this.#timestamps[at] = milliseconds(startTime + step * timestep);
			}
			this.#rows = end;
			if (end === SERIES_ROWS_PER_GROUP) this.end();
		}
	}
}

/** Sorts by metric and scope: the order in which {@link SeriesRows} wants a job's columns. */
export function compareColumns(
	a: Pick<Column, "metric" | "scope">,
	b: Pick<Column, "metric" | "scope">,
): number {
	return compareText(a.metric, b.metric) || compareText(a.scope, b.scope);
}

/** The series of a column by host and device, each with where its samples start. */
function seriesInOrder({
	hostnames,
	ids,
	lengths,
}: Column): [series: number, start: number][] {
	let end = 0;
	const places = Array.from(lengths, (length, series): [number, number] => {
		end += length;
		return [series, end - length];
	});
	return places.sort(
		([a], [b]) =>
			compareText(hostnames[a], hostnames[b]) ||
			compareDevices(ids?.[a] ?? null, ids?.[b] ?? null),
	);
}

/** Null last. */
function compareDevices(a: string | null, b: string | null): number {
	if (a === null || b === null) return Number(a === null) - Number(b === null);
	return compareText(a, b);
}

function milliseconds(seconds: number): bigint {
	return BigInt(Math.round(seconds * MS_PER_SECOND));
}

function texts(): (string | null)[] {
	return new Array<string | null>(SERIES_ROWS_PER_GROUP).fill(null);
}

function integers(): BigInt64Array {
	return new BigInt64Array(SERIES_ROWS_PER_GROUP);
}

import { Packr } from "msgpackr";
import { ArchiverError } from "../../errors.js";
import { METRIC_SCOPES } from "../../schema/scope.js";
import type { ColumnHeader, SeriesStatistics } from "../column.js";
import { HEADER_BYTES, sealIndex } from "./layout.js";
import type { Block, PartSummary } from "./summary.js";
import { zstdBound, zstdCompress } from "./zstd.js";

/** Encodings by the number they have in an index. */
export const ENCODING_NUMBERS = { constant: 0, raw: 1 } as const;

const packr = new Packr({ useRecords: false });

/**
 * The end of a job's file, behind its last part: the index and the trailer that finds it.
 *
 * @param parts in the order in which they lie in the file, back to back behind the header.
 * @param info free facts to keep with the job.
 */
export function encodeTail(
	parts: readonly { byteOffset: number; summary: PartSummary }[],
	info: Record<string, string | number>,
): Uint8Array {
	checkPositions(parts);
	const labels = new Labels();
	const columns = new ColumnTable();
	const partTable = parts.map(({ summary }) => [
		...summary.columns.map((column) => [
			columns.numberOf(column),
			labels.axisOf(column),
			lengthsOf(column.lengths),
			statisticsBytes(column.statistics),
			...blockFields(column.block),
		]),
		...summary.statisticsSeries.map((series) => [
			columns.numberOf(summary.columns[series.column]),
			series.roles,
			lengthsOf(series.lengths),
			null,
			...blockFields(series.block),
		]),
	]);
	const index = packr.pack([
		Object.keys(info).length === 0 ? null : new Map(Object.entries(info)),
		labels.texts,
		labels.axes,
		columns.rows,
		partTable,
	]);
	const compressed = new Uint8Array(zstdBound(index.length));
	const storedBytes = zstdCompress(compressed, index);
	return storedBytes < index.length
		? sealIndex(compressed.subarray(0, storedBytes), index.length)
		: sealIndex(index, index.length);
}

function checkPositions(
	parts: readonly { byteOffset: number; summary: PartSummary }[],
): void {
	let expected = HEADER_BYTES;
	for (const { byteOffset, summary } of parts) {
		if (byteOffset !== expected)
			throw new ArchiverError(
				"INVALID_INPUT",
				`a part lies at byte ${byteOffset} instead of ${expected}: parts are written back to back behind the header`,
				{ offset: byteOffset },
			);
		expected += summary.byteLength;
	}
}

/** Hosts and devices: every name once, and every list of series once, however many columns have it. */
class Labels {
	readonly texts: string[] = [];
	readonly axes: unknown[] = [];
	readonly #numberByText = new Map<string, number>();
	readonly #axisByKey = new Map<string, number>();

	axisOf({ hostnames, ids }: ColumnHeader): number {
		const hosts = differences(hostnames.map((host) => this.#numberOf(host)));
		// Number 0 is for a series without a device, so devices count from 1.
		const devices =
			ids === null
				? null
				: differences(
						ids.map((id) => (id === null ? 0 : this.#numberOf(id) + 1)),
					);
		const key = JSON.stringify([hosts, devices]);
		let axis = this.#axisByKey.get(key);
		if (axis === undefined) {
			axis = this.axes.push([hosts, devices]) - 1;
			this.#axisByKey.set(key, axis);
		}
		return axis;
	}

	#numberOf(text: string): number {
		let number = this.#numberByText.get(text);
		if (number === undefined) {
			number = this.texts.push(text) - 1;
			this.#numberByText.set(text, number);
		}
		return number;
	}
}

/** A column that continues in later parts has one row. */
class ColumnTable {
	readonly rows: unknown[] = [];
	readonly #numberByKey = new Map<string, number>();

	numberOf({ metric, scope, unit, timestep }: ColumnHeader): number {
		const row = [
			metric,
			METRIC_SCOPES.indexOf(scope),
			timestep,
			unit.base,
			...(unit.prefix === undefined ? [] : [unit.prefix]),
		];
		const key = JSON.stringify([metric, scope]);
		let number = this.#numberByKey.get(key);
		if (number === undefined) {
			number = this.rows.push(row) - 1;
			this.#numberByKey.set(key, number);
		}
		return number;
	}
}

/** Neighbours in a list of labels differ by little and often by the same, which compresses well. */
function differences(numbers: number[]): number[] {
	return numbers.map((number, i) => number - (i === 0 ? 0 : numbers[i - 1]));
}

/** One number when all series are as long, else one a series. */
function lengthsOf(lengths: Uint32Array): number | number[] {
	return lengths.length > 0 && lengths.every((length) => length === lengths[0])
		? lengths[0]
		: Array.from(lengths);
}

/** Counts as u32, then averages, minima and maxima as f64, little-endian. */
function statisticsBytes({
	count,
	avg,
	min,
	max,
}: SeriesStatistics): Uint8Array {
	const series = count.length;
	const bytes = new Uint8Array(series * 28);
	const view = new DataView(bytes.buffer);
	for (let i = 0; i < series; i++) {
		view.setUint32(i * 4, count[i], true);
		view.setFloat64(series * 4 + i * 8, avg[i], true);
		view.setFloat64(series * 12 + i * 8, min[i], true);
		view.setFloat64(series * 20 + i * 8, max[i], true);
	}
	return bytes;
}

function blockFields({ encoding, frameBytes, checksum }: Block): unknown[] {
	switch (encoding.kind) {
		case "constant":
			return [ENCODING_NUMBERS.constant, encoding.value];
		case "raw":
			return [ENCODING_NUMBERS.raw, frameBytes, checksum];
	}
}

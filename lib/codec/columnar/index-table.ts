import { Packr } from "msgpackr";
import { ArchiverError } from "../../errors.js";
import { METRIC_SCOPES } from "../../schema/scope.js";
import type { ColumnHeader } from "../column.js";
import { HEADER_BYTES, sealIndex } from "./layout.js";
import { writeStatistics } from "./statistics-table.js";
import type { Block, Coding, PartSummary } from "./summary.js";
import { zstdBound, zstdCompress } from "./zstd.js";

/** Encodings and codings by the numbers they have in an index. */
export const ENCODINGS = {
	constant: 0,
	raw: 1,
	integers: 2,
	wide: 3,
	dictionary: 4,
} as const;
export const CODINGS = {
	level: 0,
	delta: 1,
	difference: 2,
	"contextual-level": 3,
	"contextual-delta": 4,
} as const;
/** Room for kinds of codings below the bits that the lowest plane lacks. */
export const CODING_KINDS = 8;

const packr = new Packr({ useRecords: false });

/**
 * The end of a job's file, behind its last part: the index and the trailer that finds it.
 *
 * @param parts in the order in which they lie in the file, back to back behind the header.
 * @param info free facts to keep with the job.
 * @throws ArchiverError INVALID_INPUT when the parts do not lie back to back
 */
export function encodeTail(
	parts: readonly { byteOffset: number; summary: PartSummary }[],
	info: Record<string, string | number>,
): Uint8Array {
	checkPositions(parts);
	const labels = new Labels();
	const columns = new ColumnTable();
	const partTable = parts.map(({ summary }) => [
		summary.gaps === undefined
			? null
			: [
					summary.gaps.storedBytes,
					summary.gaps.rawBytes,
					summary.gaps.inline ?? summary.gaps.checksum,
				],
		...summary.columns.map((column) => [
			columns.numberOf(column),
			labels.axisOf(column),
			lengthsOf(column.lengths),
			writeStatistics(
				column.statistics,
				column.lengths,
				column.statisticsScale,
			),
			...blockFields(column.block),
		]),
		...summary.statisticsSeries.map((series) => [
			columns.numberOf(summary.columns[series.column]),
			series.roles,
			lengthsOf(series.lengths),
			series.present,
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
	const storedBytes = zstdCompress(compressed, index, "thorough");
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
		const key = JSON.stringify([metric, scope]);
		let number = this.#numberByKey.get(key);
		if (number === undefined) {
			const row = [metric, METRIC_SCOPES.indexOf(scope), timestep, unit.base];
			number =
				this.rows.push(
					unit.prefix === undefined ? row : [...row, unit.prefix],
				) - 1;
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

function blockFields({
	encoding,
	frameBytes,
	checksum,
	inline,
}: Block): unknown[] {
	const number = ENCODINGS[encoding.kind];
	const bytes = inline ?? checksum;
	const sizes = frameBytes.length === 1 ? frameBytes[0] : frameBytes;
	switch (encoding.kind) {
		case "constant":
			return [number, doubleBytes(encoding.value)];
		case "raw":
			return [number, sizes, bytes];
		case "wide":
			return [number, encoding.scale, encoding.base ?? null, sizes, bytes];
		case "integers": {
			const { scale, coding, exceptions } = encoding;
			const fields = [number, scale, ...codingFields(coding), sizes, bytes];
			return exceptions === 0 ? fields : [...fields, exceptions];
		}
		case "dictionary": {
			const { size, coding } = encoding;
			return [number, size, ...codingFields(coding), sizes, bytes];
		}
	}
}

/** The coding's number, with 8 for each bit that the lowest plane lacks of a byte, and its base or reference. */
function codingFields(coding: Coding): unknown[] {
	const kind = CODINGS[coding.kind];
	const number =
		"lowBits" in coding ? kind + CODING_KINDS * (8 - coding.lowBits) : kind;
	switch (coding.kind) {
		case "level":
			return [number, coding.base];
		case "delta":
			return [number, null];
		default:
			return [number, coding.reference ?? null];
	}
}

/** A double as eight bytes, little-endian: as a number of MessagePack, -0 would become 0. */
function doubleBytes(value: number): Uint8Array {
	const bytes = new Uint8Array(8);
	new DataView(bytes.buffer).setFloat64(0, value, true);
	return bytes;
}

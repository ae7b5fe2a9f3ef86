import { isDeepStrictEqual } from "node:util";
import type { Column, DataEncoding } from "../lib/codec/column.js";
import { ArchiverError } from "../lib/errors.js";
import { formatUnit } from "../lib/schema/unit.js";
import { decodeStored } from "./decode.js";

/**
 * Decodes a job's data and compares them with the columns that they were made of: columnar data to the bit, json, which
 * rounds, by its labels and lengths.
 *
 * @throws ArchiverError WORKER_FAILED where they differ.
 */
export function checkEncoded(
	bytes: Uint8Array,
	encoding: DataEncoding,
	columns: readonly Column[],
): void {
	const decoded = byName(decodeStored(bytes, encoding));
	const isWhole = decoded.size === columns.length;
	const different = columns.find((column) => {
		const found = decoded.get(nameOf(column));
		return found === undefined || !isSame(found, column, encoding);
	});
	if (isWhole && different === undefined) return;
	const column = different && nameOf(different);
	throw new ArchiverError(
		"WORKER_FAILED",
		`${column ?? "the job"}: what was encoded does not decode to what it was made of`,
		{ column },
	);
}

function byName(columns: readonly Column[]): Map<string, Column> {
	return new Map(columns.map((column) => [nameOf(column), column]));
}

function nameOf({ metric, scope }: Column): string {
	return `${metric}/${scope}`;
}

function isSame(a: Column, b: Column, encoding: DataEncoding): boolean {
	return (
		a.timestep === b.timestep &&
		formatUnit(a.unit) === formatUnit(b.unit) &&
		isDeepStrictEqual(a.hostnames, b.hostnames) &&
		isDeepStrictEqual(a.ids, b.ids) &&
		isDeepStrictEqual(a.lengths, b.lengths) &&
		(encoding !== "columnar" || haveSameBits(a, b))
	);
}

function haveSameBits(a: Column, b: Column): boolean {
	return (
		Buffer.compare(bytesOf(a.samples), bytesOf(b.samples)) === 0 &&
		isDeepStrictEqual(
			Object.entries(a.statisticsSeries ?? {}).sort(),
			Object.entries(b.statisticsSeries ?? {}).sort(),
		)
	);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array {
	return new Uint8Array(buffer, byteOffset, byteLength);
}

import type { Column } from "../lib/codec/column.js";
import { roundToTwoDecimals } from "../lib/codec/json/two-decimals.js";
import { isDerived } from "../lib/codec/statistics-series.js";
import { ArchiverError, isArchiverError } from "../lib/errors.js";
import type {
	ArchivedChunk,
	MetricChunk,
	SamplesChunk,
} from "../lib/source/source.js";
import { decodeStored } from "./decode.js";
import { decodeMetricStore } from "./decode-metric-store.js";
import { decodePrometheus } from "./decode-prometheus.js";
import { synthesize } from "./synthesize.js";

/**
 * The columns of a chunk: as they are, decoded, or made.
 *
 * @param notes - Gets what the source could not bring, each with its reason.
 */
export function columnsOfChunk(
	chunk: MetricChunk,
	notes: string[] = [],
): Column[] {
	switch (chunk.kind) {
		case "samples":
			return viewColumns(chunk);
		case "archived":
			return decodeArchived(chunk);
		case "synthetic":
			return synthesize(chunk.spec);
		case "metric-store":
			return decodeMetricStore(chunk, notes);
		case "prometheus":
			return decodePrometheus(chunk);
	}
}

/**
 * Damage in another archive is that source's fault, not the target's. Statistics over series that readers derive anyway
 * need not be kept.
 */
function decodeArchived({ bytes, encoding, path }: ArchivedChunk): Column[] {
	try {
		const columns = decodeStored(new Uint8Array(bytes), encoding);
		return encoding === "columnar" ? columns : columns.map(withoutDerived);
	} catch (cause) {
		if (!isArchiverError(cause)) throw cause;
		const { message, details } = cause;
		throw new ArchiverError(
			"SOURCE_DATA_INVALID",
			`${path}: ${message}`,
			{ path, ...details },
			{ cause },
		);
	}
}

/** JSON has them of two decimals, where the mean of two samples may have three. */
function withoutDerived(column: Column): Column {
	const { statisticsSeries, ...rest } = column;
	return statisticsSeries !== undefined &&
		isDerived(statisticsSeries, column, toTwoDecimals)
		? rest
		: column;
}

function toTwoDecimals(values: Float64Array): Float64Array {
	const rounded = new Float64Array(values.length);
	roundToTwoDecimals(values, rounded);
	return rounded;
}

/** Columns as views into the chunk's buffer, where their samples lie back to back. */
function viewColumns({ columns, buffer }: SamplesChunk): Column[] {
	const samples = columns.reduce(
		(sum, { lengths }) => sum + countOf(lengths),
		0,
	);
	const neededBytes = samples * Float64Array.BYTES_PER_ELEMENT;
	if (neededBytes > buffer.byteLength) {
		throw new ArchiverError(
			"SOURCE_DATA_INVALID",
			`a chunk of ${samples} samples came with a buffer of ${buffer.byteLength} bytes`,
		);
	}
	let byteOffset = 0;
	return columns.map((header) => {
		const samples = new Float64Array(
			buffer,
			byteOffset,
			countOf(header.lengths),
		);
		byteOffset += samples.byteLength;
		return { ...header, samples };
	});
}

function countOf(lengths: Uint32Array): number {
	return lengths.reduce((sum, length) => sum + length, 0);
}

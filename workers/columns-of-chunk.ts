import type { Column } from "../lib/codec/column.js";
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

/** Damage in another archive is that source's fault, not the target's. */
function decodeArchived({ bytes, encoding, path }: ArchivedChunk): Column[] {
	try {
		return decodeStored(new Uint8Array(bytes), encoding);
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

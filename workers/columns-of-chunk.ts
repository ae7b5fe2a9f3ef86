import type { Column } from "../lib/codec/column.js";
import type { MetricChunk, SamplesChunk } from "../lib/source/source.js";
import { decodeStored } from "./decode.js";
import { synthesize } from "./synthesize.js";

/** The columns of a chunk: as they are, decoded, or made. */
export function columnsOfChunk(chunk: MetricChunk): Column[] {
	switch (chunk.kind) {
		case "samples":
			return viewColumns(chunk);
		case "archived":
			return decodeStored(new Uint8Array(chunk.bytes), chunk.encoding);
		case "synthetic":
			return synthesize(chunk.spec);
	}
}

/** Columns as views into the chunk's buffer, where their samples lie back to back. */
function viewColumns({ columns, buffer }: SamplesChunk): Column[] {
	let byteOffset = 0;
	return columns.map((header) => {
		const count = header.lengths.reduce((sum, length) => sum + length, 0);
		const samples = new Float64Array(buffer, byteOffset, count);
		byteOffset += samples.byteLength;
		return { ...header, samples };
	});
}

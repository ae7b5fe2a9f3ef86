import type { MetricChunk } from "./source.js";

/** The buffers that travel to a worker with a chunk. */
export function buffersOf(chunk: MetricChunk): ArrayBuffer[] {
	switch (chunk.kind) {
		case "samples":
			return [chunk.buffer];
		case "archived":
			return [chunk.bytes];
		case "synthetic":
			return [];
		case "metric-store":
		case "prometheus":
			return chunk.answers.flatMap(({ segments }) => segments);
	}
}

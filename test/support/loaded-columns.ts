import type { Column } from "../../lib/codec/column.js";
import type {
	LoadRequest,
	MetricChunk,
	MetricSource,
} from "../../lib/source/source.js";
import { columnsOfChunk } from "../../workers/columns-of-chunk.js";

/** What a source brings of a job, decoded as a worker decodes it. */
export interface Loaded {
	chunks: MetricChunk[];
	/** Of each chunk. */
	columns: Column[][];
}

/** Loads a job and decodes its chunks as they come. */
export async function load(
	source: MetricSource,
	request: LoadRequest,
): Promise<Loaded> {
	const loaded: Loaded = { chunks: [], columns: [] };
	for await (const chunk of source.load(request)) {
		loaded.chunks.push(chunk);
		// A worker uses the room for samples again.
		loaded.columns.push(
			columnsOfChunk(chunk).map((column) => ({
				...column,
				samples: column.samples.slice(),
			})),
		);
	}
	return loaded;
}

/** The series that were loaded: `metric/scope/host` or `metric/scope/host/id` -> samples, in order. */
export function seriesOf({ columns }: Loaded): Map<string, Float64Array> {
	const series = new Map<string, Float64Array>();
	for (const {
		metric,
		scope,
		hostnames,
		ids,
		lengths,
		samples,
	} of columns.flat()) {
		let start = 0;
		for (const [i, length] of lengths.entries()) {
			const id = ids?.[i] ?? null;
			const name = [metric, scope, hostnames[i], ...(id === null ? [] : [id])];
			const key = name.join("/");
			if (series.has(key)) throw new Error(`${key} was brought twice`);
			series.set(key, samples.slice(start, start + length));
			start += length;
		}
	}
	return series;
}

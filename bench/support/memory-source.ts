import type {
	Column,
	LoadRequest,
	MetricChunk,
	MetricSource,
} from "../../lib/index.js";

/** Series that lie in memory, as an embedding backend has them: each job costs the main thread one copy. */
export class MemorySource implements MetricSource {
	readonly replays = true;
	readonly #columns: readonly Column[];
	readonly #byteLength: number;

	/** @param columns - What every job is given. */
	constructor(columns: readonly Column[]) {
		this.#columns = columns;
		this.#byteLength = columns.reduce(
			(sum, { samples }) => sum + samples.byteLength,
			0,
		);
	}

	async *load(request: LoadRequest): AsyncGenerator<MetricChunk> {
		const buffer = request.allocate(this.#byteLength);
		const all = new Float64Array(buffer);
		let start = 0;
		const headers = this.#columns.map(({ samples, ...header }) => {
			all.set(samples, start);
			start += samples.length;
			return header;
		});
		yield { kind: "samples", columns: headers, buffer, last: true };
	}
}

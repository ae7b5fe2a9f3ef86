import type { Column } from "../lib/codec/column.js";
import { type AskedColumn, sampleCount } from "../lib/source/asked-columns.js";
import { sampleSpace } from "./sample-space.js";

/** Builders for the columns of a chunk, which share the thread's {@link sampleSpace}. */
export function buildersOf(columns: readonly AskedColumn[]): ColumnBuilder[] {
	const space = sampleSpace(
		columns.reduce((sum, column) => sum + sampleCount(column), 0),
	);
	let end = 0;
	return columns.map((column) => {
		const start = end;
		end += sampleCount(column);
		return new ColumnBuilder(column, space.subarray(start, end));
	});
}

/** The columns of which a series was brought. */
export function finishColumns(builders: readonly ColumnBuilder[]): Column[] {
	return builders.flatMap((builder) => builder.finish() ?? []);
}

/** Puts together a column from the series that a store brought of it, in any order. */
export class ColumnBuilder {
	readonly asked: AskedColumn;
	readonly #hostnames: string[] = [];
	readonly #ids: (string | null)[] = [];
	readonly #samples: Float64Array;
	/** By place among the series asked for. */
	readonly #brought: Uint8Array;

	/** @param samples - Room for all series that were asked for. */
	constructor(asked: AskedColumn, samples: Float64Array) {
		this.asked = asked;
		this.#samples = samples;
		for (const { hostname, ids } of asked.hosts) {
			for (const id of ids ?? [null]) {
				this.#hostnames.push(hostname);
				this.#ids.push(id);
			}
		}
		this.#brought = new Uint8Array(this.#hostnames.length);
	}

	/** Series that were asked for. */
	get places(): number {
		return this.#brought.length;
	}

	/** The samples of the series that was asked for at this place: NaN until they are written. */
	series(place: number): Float64Array {
		const samples = this.#samplesAt(place);
		if (this.#brought[place] === 0) {
			this.#brought[place] = 1;
			samples.fill(Number.NaN);
		}
		return samples;
	}

	/** The column, without the series that were not brought; undefined when none was. */
	finish(): Column | undefined {
		const { metric, scope, unit, timestep } = this.asked;
		const places: number[] = [];
		const lengths: number[] = [];
		let end = 0;
		for (let place = 0; place < this.#brought.length; place++) {
			if (this.#brought[place] === 0) continue;
			const samples = this.#samplesAt(place);
			const length = lengthOf(samples);
			if (length === 0) continue;
			this.#samples.set(samples.subarray(0, length), end);
			end += length;
			places.push(place);
			lengths.push(length);
		}
		if (places.length === 0) return undefined;
		return {
			metric,
			scope,
			unit,
			timestep,
			hostnames: places.map((place) => this.#hostnames[place]),
			ids: scope === "node" ? null : places.map((place) => this.#ids[place]),
			lengths: Uint32Array.from(lengths),
			samples: this.#samples.subarray(0, end),
		};
	}

	#samplesAt(place: number): Float64Array {
		const { samplesPerSeries } = this.asked;
		return this.#samples.subarray(
			place * samplesPerSeries,
			(place + 1) * samplesPerSeries,
		);
	}
}

/** The last timestep begins within the job but may end behind it: without a sample it does not count. */
function lengthOf(samples: Float64Array): number {
	const last = samples.length - 1;
	return Number.isNaN(samples[last]) ? last : samples.length;
}

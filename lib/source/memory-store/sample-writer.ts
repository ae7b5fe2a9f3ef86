import type { StoreCounts } from "./counts.js";
import type { Retention } from "./retention.js";
import type { Series } from "./series.js";
import type { SeriesTable } from "./series-table.js";

/** Unix seconds beyond which slots would no longer be exact whole numbers. */
const MAX_SECONDS = 2 ** 47;

/** Puts samples in their places, and counts what became of them. */
export class SampleWriter {
	readonly #table: SeriesTable;
	readonly #retention: Retention;
	readonly #counts: StoreCounts;
	readonly #clock: () => number;
	readonly #maxAheadSeconds: number;
	/** Samples up to this time are known not to be ahead of the clock, which is asked again when one is later. */
	#aheadLimit = Number.NEGATIVE_INFINITY;

	constructor(
		table: SeriesTable,
		retention: Retention,
		counts: StoreCounts,
		{
			clock,
			maxAheadSeconds,
		}: { clock: () => number; maxAheadSeconds: number },
	) {
		this.#table = table;
		this.#retention = retention;
		this.#counts = counts;
		this.#clock = clock;
		this.#maxAheadSeconds = maxAheadSeconds;
	}

	/**
	 * The series of a device, made when it is not there. Undefined when it is not configured or no memory is left, which
	 * `counts` tells apart: `refused` has grown for the latter.
	 */
	open(
		cluster: string,
		hostname: string,
		metric: string,
		device: string,
	): Series | undefined {
		const known = this.#table.find(cluster, hostname, metric, device);
		if (known !== undefined) return known;
		if (!this.#table.accepts(cluster, hostname, metric, device)) {
			this.#counts.unknown++;
			return undefined;
		}
		if (!this.#retention.admit()) {
			this.#counts.refused++;
			return undefined;
		}
		return this.#table.create(cluster, hostname, metric, device);
	}

	/** @returns whether the sample is stored. */
	write(series: Series, seconds: number, value: number): boolean {
		if (!Number.isFinite(value) || !(Math.abs(seconds) < MAX_SECONDS)) {
			this.#counts.invalid++;
			return false;
		}
		if (seconds > this.#aheadLimit && this.#isAhead(seconds)) {
			this.#counts.ahead++;
			return false;
		}
		const { measurement, ring } = series;
		measurement.begin(seconds);
		const slot = measurement.slotOf(seconds);
		if (!ring.takes(slot) && !this.#retention.makeRoom(series, slot))
			return false;
		if (ring.put(slot, value)) this.#counts.duplicates++;
		this.#counts.samples++;
		return true;
	}

	#isAhead(seconds: number): boolean {
		this.#aheadLimit = this.#clock() + this.#maxAheadSeconds;
		return seconds > this.#aheadLimit;
	}
}

/**
 * A series that samples are written to. Stays usable for as long as its metric is configured, and takes no memory of its
 * own in the store until it is written to.
 */
export class SeriesHandle {
	readonly #writer: SampleWriter;
	readonly #cluster: string;
	readonly #hostname: string;
	readonly #metric: string;
	readonly #device: string;
	#series: Series | undefined;

	constructor(
		writer: SampleWriter,
		cluster: string,
		hostname: string,
		metric: string,
		device: string,
	) {
		this.#writer = writer;
		this.#cluster = cluster;
		this.#hostname = hostname;
		this.#metric = metric;
		this.#device = device;
	}

	/**
	 * Stores a sample. One that is not stored is counted: see `stats()`.
	 *
	 * @param timestampSeconds - Unix seconds, fractions allowed.
	 * @returns whether the sample is stored.
	 */
	write(timestampSeconds: number, value: number): boolean {
		let series = this.#series;
		if (series === undefined || series.detached) {
			series = this.#writer.open(
				this.#cluster,
				this.#hostname,
				this.#metric,
				this.#device,
			);
			if (series === undefined) return false;
			this.#series = series;
		}
		return this.#writer.write(series, timestampSeconds, value);
	}
}

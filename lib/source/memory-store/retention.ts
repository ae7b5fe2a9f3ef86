import { Breather } from "./breather.js";
import type { StoreCounts } from "./counts.js";
import type { MemoryBudget } from "./memory-budget.js";
import type { Host, Series } from "./series.js";
import type { SeriesTable } from "./series-table.js";

/** What a series takes beside its samples, roughly: its objects, its array's, and its places in maps. */
export const SERIES_BYTES = 512;
const SAMPLE_BYTES = Float64Array.BYTES_PER_ELEMENT;

/** Rings begin with so many slots and double from there, so that a series that soon ends costs little. */
const FIRST_SLOTS = 32;
/** Rings longer than the window, which held jobs need, grow by less: they may be many. */
const HELD_GROWTH = 1.25;
/** A ring is made smaller when that saves so much of it. */
const WORTH_SAVING = 0.1;

/** From this share of the memory on the window is shortened, down to the other; below the last it is what was asked for. */
const SHORT_SHARE = 0.9;
const ROOMY_SHARE = 0.8;
const RELAXED_SHARE = 0.6;
const SHORTENING = 0.8;
/** The window is not shortened further than to this part of the retention. */
const SHORTEST_WINDOW = 0.01;
/** Usage may grow by so much until the store is looked over for what is past the retention. */
const SWEEP_GROWTH = 1.25;
const SWEEP_GROWTH_BYTES = 16 * 2 ** 20;

/**
 * Decides which samples stay. A ring keeps a window of time behind its newest sample, and whatever a held job needs beyond
 * that. The window is the retention, or shorter where memory is short: what is given up then is the oldest of all series.
 */
export class Retention {
	readonly #table: SeriesTable;
	readonly #budget: MemoryBudget;
	readonly #counts: StoreCounts;
	readonly #retentionSeconds: number;
	#windowSeconds: number;
	/** Usage at which the next sweep begins by itself. */
	#sweepAtBytes: number;
	#sweeping: Promise<void> | undefined;
	/** All that can be given up is given up; trying again would only cost time. */
	#exhausted = false;

	constructor(
		table: SeriesTable,
		budget: MemoryBudget,
		counts: StoreCounts,
		retentionSeconds: number,
	) {
		this.#table = table;
		this.#budget = budget;
		this.#counts = counts;
		this.#retentionSeconds = retentionSeconds;
		this.#windowSeconds = retentionSeconds;
		this.#sweepAtBytes = Math.min(
			SWEEP_GROWTH_BYTES,
			budget.maxBytes * SHORT_SHARE,
		);
	}

	/** Seconds of samples that are kept at present. */
	get windowSeconds(): number {
		return this.#windowSeconds;
	}

	/** Takes the memory for a new series without samples. @returns false when there is none. */
	admit(): boolean {
		if (!this.#fits(SERIES_BYTES)) {
			this.#budget.refuse();
			return false;
		}
		this.#take(SERIES_BYTES);
		return true;
	}

	/**
	 * Makes room in a series for a sample in `slot`, which its ring does not take as it is. Counts what that costs.
	 *
	 * @returns false when the sample is too old, or no memory is left; this is counted as well.
	 */
	makeRoom(series: Series, slot: number): boolean {
		const { ring, measurement } = series;
		const newest = ring.length > 0 ? Math.max(slot, ring.newestSlot) : slot;
		const oldest = ring.length > 0 ? Math.min(slot, ring.oldestSlot) : slot;
		const windowSlots = measurement.slotsIn(this.#windowSeconds);
		const keepFrom = Math.min(
			newest - windowSlots + 1,
			measurement.heldFromSlot,
		);
		if (slot < keepFrom) {
			this.#counts.late++;
			return false;
		}
		const wanted = newest - Math.max(oldest, keepFrom) + 1;
		if (wanted > ring.capacity) this.#grow(series, wanted, windowSlots);
		if (wanted > ring.capacity && (slot < newest || ring.capacity === 0)) {
			this.#counts.refused++;
			return false;
		}
		if (wanted > ring.capacity || this.#windowSeconds < this.#retentionSeconds)
			this.#countGivenUp(
				series,
				newest - ring.capacity + 1,
				newest - measurement.slotsIn(this.#retentionSeconds) + 1,
			);
		return true;
	}

	/** Puts a series back as a snapshot has it. @returns false when no memory is left for it, which is counted. */
	restore(series: Series, firstSlot: number, samples: Float64Array): boolean {
		if (!this.#fits(samples.byteLength, series)) {
			this.#budget.refuse();
			this.#counts.refused++;
			return false;
		}
		series.ring.fill(firstSlot, samples);
		this.#take(samples.byteLength);
		return true;
	}

	/** Takes a series out, and counts the samples in it as given up. */
	drop(series: Series): void {
		const { newestSlot, oldestSlot } = series.ring;
		this.#countGivenUp(series, newestSlot + 1, oldestSlot);
		this.#remove(series);
	}

	/** Lets `work` change the sizes of rings, and keeps account of that. */
	resized(series: Iterable<Series>, work: () => void): void {
		const all = [...series];
		const bytesOf = () =>
			all.reduce((sum, { ring }) => sum + ring.byteLength, 0);
		const before = bytesOf();
		work();
		this.#budget.free(before);
		this.#take(bytesOf());
	}

	/** Lets go of what hosts keep beyond the window, now that a job is released. Lets the event loop run in between. */
	async relax(hosts: readonly Host[]): Promise<void> {
		this.#exhausted = false;
		await inSlices(this.#trimToOwnWindow(hosts));
		if (this.#windowSeconds < this.#retentionSeconds) await this.sweep();
	}

	/**
	 * Drops what is past the retention, series without anything younger included. Where memory is short, shortens the window
	 * until it is not. Runs by itself when usage has grown. Lets the event loop run in between.
	 */
	sweep(): Promise<void> {
		this.#sweeping ??= this.#sweep().finally(() => {
			this.#sweeping = undefined;
		});
		return this.#sweeping;
	}

	async #sweep(): Promise<void> {
		await inSlices(this.#trimToWindow());
		if (this.#budget.share >= SHORT_SHARE) {
			while (this.#budget.share > ROOMY_SHARE && this.#shorten())
				await inSlices(this.#trimToWindow());
		} else if (this.#budget.share < RELAXED_SHARE) {
			this.#windowSeconds = this.#retentionSeconds;
			this.#exhausted = false;
		}
		const { usedBytes, maxBytes } = this.#budget;
		const next = Math.max(
			usedBytes * SWEEP_GROWTH,
			usedBytes + SWEEP_GROWTH_BYTES,
		);
		const short = maxBytes * SHORT_SHARE;
		this.#sweepAtBytes = usedBytes < short ? Math.min(next, short) : next;
	}

	#grow(series: Series, wanted: number, windowSlots: number): void {
		const { ring } = series;
		const generous =
			wanted <= windowSlots
				? Math.min(windowSlots, Math.max(FIRST_SLOTS, 2 * ring.capacity))
				: Math.ceil(HELD_GROWTH * ring.capacity);
		for (const capacity of [Math.max(generous, wanted), wanted]) {
			const bytes = (capacity - ring.capacity) * SAMPLE_BYTES;
			if (!this.#fits(bytes, series)) continue;
			ring.resize(capacity);
			this.#take(bytes);
			return;
		}
		this.#budget.refuse();
	}

	/** Whether so many bytes are left, after everything that may be was given up for them. */
	#fits(bytes: number, except?: Series): boolean {
		if (this.#budget.fits(bytes)) return true;
		if (this.#exhausted) return false;
		run(this.#trimToWindow(except));
		while (!this.#budget.fits(bytes) && this.#shorten())
			run(this.#trimToWindow(except));
		this.#exhausted = !this.#budget.fits(bytes);
		return !this.#exhausted;
	}

	#take(bytes: number): void {
		this.#budget.take(bytes);
		if (this.#budget.usedBytes >= this.#sweepAtBytes) void this.sweep();
	}

	#shorten(): boolean {
		const shortest = this.#retentionSeconds * SHORTEST_WINDOW;
		if (this.#windowSeconds <= shortest) return false;
		this.#windowSeconds = Math.max(shortest, this.#windowSeconds * SHORTENING);
		return true;
	}

	/** Trims every series to the window behind the newest sample of its cluster, host by host. */
	*#trimToWindow(except?: Series): Generator<void> {
		for (const cluster of this.#table.clusters()) {
			let newestSeconds = Number.NEGATIVE_INFINITY;
			for (const host of this.#table.hosts(cluster)) {
				newestSeconds = Math.max(newestSeconds, newestOf(host));
				yield;
			}
			for (const host of this.#table.hosts(cluster)) {
				for (const series of seriesOf(host)) {
					if (series === except) continue;
					const { measurement } = series;
					this.#trim(
						series,
						measurement.slotOf(newestSeconds - this.#windowSeconds),
						measurement.slotOf(newestSeconds - this.#retentionSeconds),
					);
				}
				this.#table.forget(host);
				yield;
			}
		}
	}

	/** Trims series to the window behind their own newest samples, host by host. */
	*#trimToOwnWindow(hosts: readonly Host[]): Generator<void> {
		for (const host of hosts) {
			for (const series of seriesOf(host)) {
				const { ring, measurement } = series;
				this.#trim(
					series,
					ring.newestSlot - measurement.slotsIn(this.#windowSeconds) + 1,
					ring.newestSlot - measurement.slotsIn(this.#retentionSeconds) + 1,
				);
			}
			this.#table.forget(host);
			yield;
		}
	}

	/** Drops the samples before `cutoffSlot` that no job holds, and the series if no other is left. */
	#trim(series: Series, cutoffSlot: number, retainedFrom: number): void {
		const { ring, measurement } = series;
		const keepFrom = Math.min(cutoffSlot, measurement.heldFromSlot);
		if (ring.length === 0 || ring.newestSlot < keepFrom) {
			this.#countGivenUp(series, keepFrom, retainedFrom);
			this.#remove(series);
			return;
		}
		const capacity = ring.newestSlot - keepFrom + 1;
		const saved = ring.capacity - capacity;
		if (saved < ring.capacity * WORTH_SAVING) return;
		this.#countGivenUp(series, keepFrom, retainedFrom);
		ring.resize(capacity);
		this.#budget.free(saved * SAMPLE_BYTES);
	}

	#remove(series: Series): void {
		this.#table.detach(series);
		this.#budget.free(series.ring.byteLength + SERIES_BYTES);
		series.ring.resize(0);
	}

	/** Counts the samples before `firstKept` that a job holds, or that are as young as `retainedFrom`. */
	#countGivenUp(
		{ ring, measurement }: Series,
		firstKept: number,
		retainedFrom: number,
	): void {
		if (ring.length === 0) return;
		const held = Math.max(ring.oldestSlot, measurement.heldFromSlot);
		if (held < firstKept)
			this.#counts.evictedHeld += ring.countSamples(held, firstKept - held);
		const retained = Math.max(ring.oldestSlot, retainedFrom);
		const end = Math.min(firstKept, held);
		if (retained < end)
			this.#counts.evicted += ring.countSamples(retained, end - retained);
	}
}

/** Unix seconds of the newest sample of a host. */
function newestOf(host: Host): number {
	let newest = Number.NEGATIVE_INFINITY;
	for (const { ring, measurement } of seriesOf(host)) {
		if (ring.length > 0)
			newest = Math.max(newest, measurement.timeOf(ring.newestSlot));
	}
	return newest;
}

function* seriesOf(host: Host): Generator<Series> {
	for (const { devices } of host.measurements.values()) yield* devices.values();
}

function run(steps: Generator<void>): void {
	for (const _ of steps);
}

async function inSlices(steps: Generator<void>): Promise<void> {
	const breather = new Breather();
	await breather.pause();
	for (const _ of steps) if (breather.isDue) await breather.pause();
}

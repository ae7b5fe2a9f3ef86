import type { MetricConfig } from "../../schema/cluster.js";
import { Devices } from "./devices.js";
import { Ring } from "./ring.js";

/** What the store has to know of a metric. */
export type StoredMetric = Pick<
	MetricConfig,
	"name" | "unit" | "scope" | "timestep"
>;

/** The metrics of a cluster, by name. */
export type StoredMetrics = ReadonlyMap<string, StoredMetric>;

/** A host with what is measured on it. */
export class Host {
	readonly cluster: string;
	readonly hostname: string;
	readonly measurements = new Map<string, Measurement>();
	/** Unix seconds from which on a held job needs the host's samples; infinite when none does. */
	heldFromSeconds = Number.POSITIVE_INFINITY;
	/** The cluster's metrics as they were when the measurements were last brought in line with them. */
	adoptedMetrics: StoredMetrics | undefined;

	constructor(cluster: string, hostname: string) {
		this.cluster = cluster;
		this.hostname = hostname;
	}
}

/**
 * One metric on one host, with a series for each of its devices. They share a grid of time: a collector measures all
 * devices at once, a timestep apart, beginning whenever it was started. So the grid goes through the first sample that
 * comes, and a sample is put in the slot that is nearest. That keeps slots apart for samples that come early or late by
 * less than half a timestep, whatever the phase of the collector's clock.
 */
export class Measurement {
	readonly host: Host;
	metric: StoredMetric;
	/** By device; the empty name stands for the node. */
	readonly devices = new Devices();
	/** Unix seconds of slot 0, from 0 to less than a timestep; NaN until the first sample comes. */
	phase = Number.NaN;
	/** Whether samples of the metric's timestep have come. */
	#isLaid = false;

	constructor(host: Host, metric: StoredMetric) {
		this.host = host;
		this.metric = metric;
	}

	/** Lays the grid through this time, unless it is laid. */
	begin(seconds: number): void {
		if (this.#isLaid) return;
		const { timestep } = this.metric;
		const phase = seconds - Math.floor(seconds / timestep) * timestep;
		const shift = Math.round((this.phase - phase) / timestep);
		if (shift !== 0)
			for (const { ring } of this.devices.values()) ring.renumber(shift);
		this.phase = phase;
		this.#isLaid = true;
	}

	/** Lays the grid as it was when its samples were saved. */
	resume(phase: number): void {
		this.phase = phase;
		this.#isLaid = true;
	}

	/** The slot nearest to a time. Infinite times have infinite slots. */
	slotOf(seconds: number): number {
		return Math.round((seconds - this.phase) / this.metric.timestep);
	}

	/** Unix seconds of a slot. */
	timeOf(slot: number): number {
		return this.phase + slot * this.metric.timestep;
	}

	/** The oldest slot that a held job needs; infinite when none does. */
	get heldFromSlot(): number {
		return this.slotOf(this.host.heldFromSeconds);
	}

	/** Slots in so many seconds, both ends included. */
	slotsIn(seconds: number): number {
		return Math.floor(seconds / this.metric.timestep) + 1;
	}

	/**
	 * The first of the `slotsIn(durationSeconds)` slots that stand for a job. They lie in the middle of its interval: when so
	 * many slots are within it, these are they; else the first or last is outside by half a timestep at most.
	 */
	firstSlotOf(startTime: number, durationSeconds: number): number {
		const { timestep } = this.metric;
		const spare =
			durationSeconds - Math.floor(durationSeconds / timestep) * timestep;
		return this.slotOf(startTime + spare / 2);
	}

	/**
	 * Puts all samples on the grid of another timestep, each in the slot nearest to its own time. The grid moves once more, by
	 * half a timestep at most, when the first new sample comes.
	 */
	regrid(metric: StoredMetric): void {
		const { phase } = this;
		const { timestep } = this.metric;
		this.metric = metric;
		if (timestep === metric.timestep || Number.isNaN(phase)) return;
		this.#isLaid = false;
		this.phase = phase % metric.timestep;
		for (const series of this.devices.values()) {
			const before = series.ring;
			const ring = new Ring();
			if (before.length > 0) {
				const oldest = this.slotOf(phase + before.oldestSlot * timestep);
				const newest = this.slotOf(phase + before.newestSlot * timestep);
				ring.resize(newest - oldest + 1);
				before.forEach((slot, value) => {
					ring.put(this.slotOf(phase + slot * timestep), value);
				});
			}
			series.ring = ring;
		}
	}
}

/** The samples of one device, or of a host as a whole. */
export class Series {
	readonly measurement: Measurement;
	/** Empty for the node. */
	readonly device: string;
	ring = new Ring();
	/** No longer in the table: nothing was left in it. What is written to it would be lost. */
	detached = false;

	constructor(measurement: Measurement, device: string) {
		this.measurement = measurement;
		this.device = device;
	}
}

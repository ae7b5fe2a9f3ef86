import { expect } from "chai";
import type { MemoryMetricStore } from "../../../lib/index.js";
import { TEST_START_TIME, testJob } from "../../support/jobs.js";
import {
	takeSeries,
	testStore,
	writeSeries,
} from "../../support/memory-store.js";
import { seededRandom } from "../../support/random.js";

const TIMESTEP = 60;
const RETENTION = 40 * TIMESTEP;
const NAN = Number.NaN;

describe("samples in the memory store", () => {
	for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
		it(`are what a map says they are: out of order, twice, with gaps, early, late, held (seed ${seed})`, async () => {
			const random = seededRandom(seed);
			const integer = (from: number, to: number) =>
				from + Math.floor(random() * (to - from + 1));
			const store = testStore({ retentionSeconds: RETENTION });
			const oracle = new Oracle(TEST_START_TIME + integer(0, 59));
			store.write(sampleAt(oracle.phase, 0));
			oracle.write(0, 0, true);
			let tick = 0;
			for (let i = 1; i < 2000; i++) {
				tick += random() < 0.02 ? integer(2, 60) : random() < 0.7 ? 1 : 0;
				const late = random() < 0.3 ? integer(0, 50) : 0;
				const jitter = (random() - 0.5) * 0.98 * TIMESTEP;
				const slot = tick - late;
				const isStored = store.write(
					sampleAt(oracle.phase + slot * TIMESTEP + jitter, i),
				);
				oracle.write(slot, i, isStored);
				if (seed % 2 === 0 && random() < 0.001) oracle.hold(store);
				if (random() < 0.01) await oracle.check(store, random);
			}
			await oracle.check(store, random);
			expect(store.stats()).to.include({ ahead: 0, ...oracle.counts });
		});
	}

	it("keep what they are, to the bit", async () => {
		const store = testStore();
		const values = [-0, 5e-324, Number.MAX_VALUE, 0.1 + 0.2, NAN, -1e-310];
		writeSeries(store, ["n001", "cpu_load"], values);
		const taken = await takeSeries(store, "cpu_load", { duration: 300 });
		expect(taken?.map((value) => Object.is(value, -0))).to.deep.equal(
			values.map((value) => Object.is(value, -0)),
		);
		expect(taken).to.deep.equal(values);
	});

	it("find their slots whatever the phase of the collector's clock is", async () => {
		for (const phase of [0, 7, 29, 30, 31, 59, 0.5, 29.999]) {
			const store = testStore();
			const startTime = TEST_START_TIME - 600 + phase;
			const values = Array.from({ length: 40 }, (_, i) => i);
			// Alternately early and late by nearly half a timestep, which no fixed grid would bear.
			for (const i of values) {
				const jitter = i === 0 ? 0 : i % 2 === 0 ? 29 : -29;
				store.write(sampleAt(startTime + i * TIMESTEP + jitter, i));
			}
			expect(store.stats().duplicates, `phase ${phase}`).to.equal(0);
			const taken = await takeSeries(store, "cpu_load", { duration: 600 });
			const first = Math.round((600 - phase) / TIMESTEP);
			expect(taken).to.deep.equal(values.slice(first, first + 11));
		}
	});

	it("that are ahead of the clock are dropped and counted, and wipe nothing", async () => {
		let now = TEST_START_TIME + 600;
		const store = testStore({ clock: () => now, maxAheadSeconds: 120 });
		writeSeries(store, ["n001", "cpu_load"], range(11));
		expect(store.write(sampleAt(now + 121, 99))).to.equal(false);
		expect(store.write(sampleAt(now + 1e9, 99))).to.equal(false);
		expect(store.write(sampleAt(now + 119, 12))).to.equal(true);
		now += 60;
		expect(store.write(sampleAt(now + 119, 13))).to.equal(true);
		expect(store.stats()).to.include({ ahead: 2, samples: 13 });
		const taken = await takeSeries(store, "cpu_load", { duration: 600 });
		expect(taken).to.deep.equal(range(11));
	});

	it("that are older than what is kept are dropped and counted", () => {
		const store = testStore({ retentionSeconds: RETENTION });
		writeSeries(store, ["n001", "cpu_load"], range(100));
		const newest = TEST_START_TIME + 99 * TIMESTEP;
		expect(store.write(sampleAt(newest - RETENTION - 31, 1))).to.equal(false);
		expect(store.write(sampleAt(newest - RETENTION, 1))).to.equal(true);
		expect(store.stats()).to.include({ late: 1, duplicates: 1 });
	});

	it("that are no numbers, or have no time, are dropped and counted", async () => {
		const store = testStore();
		writeSeries(store, ["n001", "cpu_load"], [1, 2]);
		for (const value of [NAN, Number.POSITIVE_INFINITY, -1 / 0])
			expect(store.write(sampleAt(TEST_START_TIME, value))).to.equal(false);
		for (const time of [NAN, Number.NEGATIVE_INFINITY, -1e300])
			expect(store.write(sampleAt(time, 5))).to.equal(false);
		expect(store.stats()).to.include({ samples: 2, invalid: 6 });
		expect(await takeSeries(store, "cpu_load", { duration: 60 })).to.deep.equal(
			[1, 2],
		);
	});

	it("of what is not configured are counted", () => {
		const store = testStore();
		const sample = sampleAt(TEST_START_TIME, 1);
		for (const wrong of [
			{ cluster: "elsewhere" },
			{ metric: "toString" },
			{ metric: "__proto__" },
			{ hostname: "" },
			{ device: "0" },
			{ metric: "mem_bw" },
		])
			expect(store.write({ ...sample, ...wrong })).to.equal(false);
		expect(store.stats()).to.include({ unknown: 6, samples: 0, series: 0 });
	});

	it("of a handle go on after its series was dropped for age", async () => {
		const store = testStore({ retentionSeconds: RETENTION });
		const handle = store.series("testcluster", "n001", "cpu_load");
		handle.write(TEST_START_TIME, 1);
		writeSeries(store, ["n002", "cpu_load"], range(100));
		await store.sweep();
		expect(store.stats().series).to.equal(1);
		expect(handle.write(TEST_START_TIME + 6000, 2)).to.equal(true);
		expect(store.stats().series).to.equal(2);
		const later = { startTime: TEST_START_TIME + 6000, duration: 0 };
		expect(await takeSeries(store, "cpu_load", later)).to.deep.equal([2]);
	});
});

/** What the store should hold of one series, kept the plain way. Slot 0 is the first sample's. */
class Oracle {
	readonly phase: number;
	readonly counts = { samples: 0, late: 0 };
	readonly #samples = new Map<number, number>();
	#newest = Number.NEGATIVE_INFINITY;
	#heldFrom = Number.POSITIVE_INFINITY;

	/** @param phase - Unix seconds of the first sample. */
	constructor(phase: number) {
		this.phase = phase;
	}

	write(slot: number, value: number, isStored: boolean): void {
		this.#newest = Math.max(this.#newest, slot);
		// What is older than must be kept may find room all the same.
		if (slot >= this.#keptFrom) expect(isStored).to.equal(true);
		if (isStored) this.#samples.set(slot, value);
		this.counts[isStored ? "samples" : "late"]++;
	}

	/** Holds a job that starts with the newest sample. */
	hold(store: MemoryMetricStore): void {
		const startTime = this.#timeOf(this.#newest);
		store.hold(testJob({ startTime, jobId: this.#newest }));
		this.#heldFrom = Math.min(this.#heldFrom, this.#newest);
	}

	/** Compares random intervals. What is older than must be kept may be there or not. */
	async check(store: MemoryMetricStore, random: () => number): Promise<void> {
		for (let i = 0; i < 5; i++) {
			const newest = Math.round(this.#timeOf(this.#newest));
			const startTime = newest - Math.floor(random() * 5000);
			const duration = Math.floor(random() * 4000);
			const interval = { startTime, duration };
			const slots = this.#slotsOf(startTime, duration);
			const taken =
				(await takeSeries(store, "cpu_load", interval)) ?? slots.map(() => NAN);
			const expected = slots.map((slot, at) =>
				slot < this.#keptFrom && Number.isNaN(taken[at])
					? NAN
					: (this.#samples.get(slot) ?? NAN),
			);
			expect(taken).to.deep.equal(expected);
		}
	}

	get #keptFrom(): number {
		return Math.min(this.#newest - RETENTION / TIMESTEP, this.#heldFrom);
	}

	#timeOf(slot: number): number {
		return this.phase + slot * TIMESTEP;
	}

	/** As many slots as a series of the interval has samples, those nearest to its middle. */
	#slotsOf(startTime: number, duration: number): number[] {
		const count = Math.floor(duration / TIMESTEP) + 1;
		const first = startTime + duration / 2 - ((count - 1) * TIMESTEP) / 2;
		const distance = (slot: number) => Math.abs(this.#timeOf(slot) - first);
		let slot = Math.floor((first - this.phase) / TIMESTEP) - 2;
		while (distance(slot + 1) <= distance(slot)) slot++;
		return Array.from({ length: count }, (_, i) => slot + i);
	}
}

function sampleAt(timestampSeconds: number, value: number) {
	return {
		cluster: "testcluster",
		hostname: "n001",
		metric: "cpu_load",
		timestampSeconds,
		value,
	};
}

function range(count: number): number[] {
	return Array.from({ length: count }, (_, i) => i);
}

import { expect } from "chai";
import type { MemoryPressure } from "../../../lib/index.js";
import { TEST_START_TIME, testJob } from "../../support/jobs.js";
import {
	takeSeries,
	testStore,
	writeSeries,
} from "../../support/memory-store.js";
import { thrown } from "../../support/thrown.js";

const RETENTION = 100 * 60;
const NAN = Number.NaN;

describe("what the memory store keeps", () => {
	it("is what a held job needs, however old it is, until the job is released", async () => {
		const store = testStore({ retentionSeconds: RETENTION });
		const job = testJob({ duration: 59 * 60 });
		store.hold(job);
		writeSeries(store, ["n001", "cpu_load"], range(500));
		writeSeries(store, ["n002", "cpu_load"], range(500));
		const taken = () => takeSeries(store, "cpu_load", job);
		expect(await taken()).to.deep.equal(range(60));
		await store.sweep();
		expect(await taken()).to.deep.equal(range(60));
		const { usedBytes } = store.stats();
		store.release(job);
		await store.sweep();
		expect(await taken()).to.equal(undefined);
		expect(store.stats().usedBytes).to.be.below(usedBytes - 300 * 8);
		expect(store.stats()).to.include({
			heldJobs: 0,
			evicted: 0,
			evictedHeld: 0,
		});
	});

	it("is what the oldest of several jobs on a host needs", async () => {
		const store = testStore({ retentionSeconds: RETENTION });
		const jobs = [0, 50, 100].map((minutes) =>
			testJob({
				jobId: minutes,
				startTime: TEST_START_TIME + minutes * 60,
				duration: 0,
			}),
		);
		for (const job of [...jobs, ...jobs]) store.hold(job);
		writeSeries(store, ["n001", "cpu_load"], range(500));
		for (const job of jobs) {
			const { startTime } = job;
			const minute = (startTime - TEST_START_TIME) / 60;
			await store.sweep();
			expect(
				await takeSeries(store, "cpu_load", { startTime, duration: 0 }),
			).to.deep.equal([minute]);
			store.release(job);
			store.release(job);
		}
		expect(store.heldJobs()).to.deep.equal([]);
	});

	it("takes samples of a held job that come later than the retention", async () => {
		const store = testStore({ retentionSeconds: RETENTION });
		store.hold(testJob());
		const newest = TEST_START_TIME + 500 * 60;
		writeSeries(store, ["n001", "cpu_load"], [1], { startTime: newest });
		writeSeries(store, ["n001", "cpu_load"], [2]);
		expect(await takeSeries(store, "cpu_load", { duration: 0 })).to.deep.equal([
			2,
		]);
		const before = { startTime: TEST_START_TIME - 120 };
		writeSeries(store, ["n001", "cpu_load"], [3], before);
		expect(store.stats()).to.include({ samples: 2, late: 1 });
	});

	it("is no series that nothing has come for, once it is swept", async () => {
		const store = testStore({ retentionSeconds: RETENTION });
		for (const host of ["n001", "n002", "n003"])
			writeSeries(store, [host, "cpu_load"], range(10));
		writeSeries(store, ["n003", "cpu_load"], range(200));
		store.hold(testJob({ firstHost: 2 }));
		await store.sweep();
		expect(store.stats().series).to.equal(2);
		expect(await takeSeries(store, "cpu_load", { duration: 60 })).to.equal(
			undefined,
		);
	});

	it("is swept by itself as the store grows", async () => {
		const store = testStore({
			retentionSeconds: RETENTION,
			clock: () => Number.POSITIVE_INFINITY,
		});
		const samples = range(101);
		const hosts = Array.from({ length: 20_000 }, (_, i) => `x${i}`);
		for (const [i, host] of hosts.entries()) {
			const startTime = TEST_START_TIME + i * RETENTION;
			writeSeries(store, [host, "cpu_load"], samples, { startTime });
			await new Promise(setImmediate);
		}
		expect(store.stats().series).to.be.below(15_000);
	});

	describe("when memory is short", () => {
		const maxBytes = 200_000;

		function shortStore() {
			const told: (MemoryPressure & { evicted: number })[] = [];
			const store = testStore({
				retentionSeconds: RETENTION,
				maxBytes,
				onPressure: (pressure) =>
					told.push({ ...pressure, evicted: store.stats().evicted }),
			});
			return { store, told };
		}

		it("is told first, then the oldest samples of all series go", async () => {
			const { store, told } = shortStore();
			const hosts = Array.from({ length: 180 }, (_, i) => `x${i}`);
			for (let tick = 0; tick < 100; tick++)
				for (const host of hosts)
					store.write({
						cluster: "testcluster",
						hostname: host,
						metric: "cpu_load",
						timestampSeconds: TEST_START_TIME + tick * 60,
						value: tick,
					});
			expect(told.map(({ level }) => level)).to.include.members([0.8, 0.9]);
			expect(told[0].evicted).to.equal(0);
			expect(told[0].usedBytes).to.be.within(0.8 * maxBytes, maxBytes);
			await store.sweep();
			const stats = store.stats();
			expect(stats.usedBytes).to.be.at.most(maxBytes);
			expect(stats.evicted).to.be.above(0);
			expect(stats).to.include({ series: 180, evictedHeld: 0, refused: 0 });
			const { windowSeconds } = stats;
			expect(windowSeconds).to.be.within(RETENTION / 100, RETENTION - 1);
			// Nobody lost what is younger than the window.
			const minutes = Math.floor(windowSeconds / 60);
			for (const hostname of [hosts[0], hosts[90], hosts[179]]) {
				const job = testJob({
					startTime: TEST_START_TIME + (99 - minutes) * 60,
					duration: minutes * 60,
					resources: [{ hostname }],
				});
				expect(
					await takeSeries(store, "cpu_load", job, hostname),
				).to.deep.equal(range(100).slice(99 - minutes));
			}
		});

		it("is what held jobs need, as long as anything else can go", async () => {
			const { store } = shortStore();
			const job = testJob({ duration: 99 * 60 });
			store.hold(job);
			for (let tick = 0; tick < 100; tick++) {
				writeTick(store, "n001", tick);
				for (let i = 0; i < 180; i++) writeTick(store, `x${i}`, tick);
			}
			expect(store.stats().evicted).to.be.above(0);
			expect(store.stats().evictedHeld).to.equal(0);
			expect(await takeSeries(store, "cpu_load", job)).to.deep.equal(
				range(100),
			);
		});

		it("loses the oldest of held jobs last of all, counted, and takes no new series", async () => {
			const { store, told } = shortStore();
			const hosts = Array.from({ length: 100 }, (_, i) => `x${i}`);
			store.hold(
				testJob({ resources: hosts.map((hostname) => ({ hostname })) }),
			);
			for (let tick = 0; tick < 400; tick++)
				for (const host of hosts) writeTick(store, host, tick);
			writeTick(store, "another", 400);
			const stats = store.stats();
			expect(stats.usedBytes).to.be.at.most(maxBytes);
			expect(stats.evictedHeld).to.be.above(0);
			expect(stats.refused).to.equal(1);
			expect(stats.samples).to.equal(400 * 100);
			expect(told.at(-1)?.level).to.equal(1);
			const last = { startTime: TEST_START_TIME + 399 * 60, duration: 0 };
			expect(await takeSeries(store, "cpu_load", last, "x0")).to.deep.equal([
				399,
			]);
			store.release(testJob());
			await store.sweep();
			expect(writeTick(store, "another", 401)).to.equal(true);
		});

		it("grows back when there is room again", async () => {
			const { store } = shortStore();
			for (let tick = 0; tick < 100; tick++)
				for (let i = 0; i < 180; i++) writeTick(store, `x${i}`, tick);
			await store.sweep();
			expect(store.stats().windowSeconds).to.be.below(RETENTION);
			writeTick(store, "n001", 1000);
			await store.sweep();
			expect(store.stats().series).to.equal(1);
			expect(store.stats().windowSeconds).to.equal(RETENTION);
		});

		it("does not fail when the one who is told throws", () => {
			const errors: unknown[] = [];
			const store = testStore({
				maxBytes: 1000,
				onPressure: () => {
					throw new Error("no pager");
				},
				logger: { error: (fields: unknown) => errors.push(fields) },
			});
			expect(writeTick(store, "n001", 1)).to.equal(true);
			expect(writeTick(store, "n002", 1)).to.equal(false);
			expect(errors.length).to.be.above(0);
		});
	});

	it("is decided by options, all of whose problems are told at once", () => {
		const { code, details } = thrown(() =>
			testStore({
				retentionSeconds: 0,
				maxBytes: NAN,
				maxAheadSeconds: -1,
				snapshotEveryMs: 10,
			}),
		);
		expect(code).to.equal("INVALID_OPTION");
		expect(details.problems).to.have.length(4);
	});
});

function writeTick(
	store: ReturnType<typeof testStore>,
	hostname: string,
	tick: number,
): boolean {
	return store.write({
		cluster: "testcluster",
		hostname,
		metric: "cpu_load",
		timestampSeconds: TEST_START_TIME + tick * 60,
		value: tick,
	});
}

function range(count: number): number[] {
	return Array.from({ length: count }, (_, i) => i);
}

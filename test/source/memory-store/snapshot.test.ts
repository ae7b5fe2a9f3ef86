import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { MemoryMetricStore, WorkerPool } from "../../../lib/index.js";
import { TEST_START_TIME, testCluster, testJob } from "../../support/jobs.js";
import {
	takeOut,
	takeSeries,
	testStore,
	writeSeries,
} from "../../support/memory-store.js";
import { seededRandom } from "../../support/random.js";
import { rejected } from "../../support/rejected.js";
import { useTempFolder } from "../../support/temp-folder.js";

const NAN = Number.NaN;
const JOB = testJob({ numNodes: 8, duration: 300 * 60 });
const OPTIONS = {
	clusters: [testCluster()],
	clock: () => TEST_START_TIME + 7 * 86_400,
};

describe("a snapshot of the memory store", () => {
	const folder = useTempFolder();
	const path = () => join(folder(), "metrics.snapshot");

	for (const where of ["here", "in a pool"] as const) {
		it(`written ${where} restores every series to the bit`, async () => {
			const pool =
				where === "here"
					? undefined
					: new WorkerPool({
							poolMinThreads: 1,
							poolMaxThreads: 1,
							poolIdleTimeoutMs: 0,
						});
			const seed = 3;
			const store = seededStore(seed, { pool });
			store.hold(JOB);
			const facts = await store.snapshot(path());
			await pool?.close();
			expect(facts).to.include({ series: 8 * 12 });
			expect(facts.bytes).to.equal((await readFile(path())).length);
			const restored = await MemoryMetricStore.restore(path(), OPTIONS);
			expect([...(await takeOut(restored, JOB))], `seed ${seed}`).to.deep.equal(
				[...(await takeOut(store, JOB))],
			);
			expect(restored.stats()).to.include({
				series: 8 * 12,
				samples: 0,
				heldJobs: 1,
			});
			expect(restored.heldJobs()).to.deep.equal(store.heldJobs());
			expect(await readdir(folder())).to.deep.equal(["metrics.snapshot"]);
		});
	}

	it("goes on where it was: same slots, same retention", async () => {
		const options = { ...OPTIONS, retentionSeconds: 600 };
		const store = new MemoryMetricStore(options);
		writeSeries(store, ["n001", "cpu_load"], range(11), {
			startTime: TEST_START_TIME + 25,
		});
		await store.snapshot(path());
		const restored = await MemoryMetricStore.restore(path(), options);
		const job = { startTime: TEST_START_TIME + 25, duration: 600 };
		// Early by less than half a timestep: the phase of the collector's clock is still known.
		writeSeries(restored, ["n001", "cpu_load"], [11, 12], {
			startTime: TEST_START_TIME + 25 + 660 - 29,
		});
		const later = { ...job, startTime: job.startTime + 120 };
		expect(await takeSeries(restored, "cpu_load", later)).to.deep.equal(
			range(13).slice(2),
		);
	});

	it("is an empty store where there is none", async () => {
		const store = await MemoryMetricStore.restore(path(), OPTIONS);
		expect(store.stats()).to.include({ series: 0, heldJobs: 0 });
	});

	it("of a store without samples restores to one", async () => {
		await testStore().snapshot(path());
		const store = await MemoryMetricStore.restore(path(), OPTIONS);
		expect(store.stats()).to.include({ series: 0 });
	});

	it("follows a configuration that has changed since", async () => {
		const store = testStore();
		writeSeries(store, ["n001", "cpu_load"], [0, 60, 120]);
		writeSeries(store, ["n001", "mem_used"], [1, 2, 3]);
		writeSeries(store, ["n001", "mem_bw", "0"], [1, 2, 3]);
		await store.snapshot(path());
		const cluster = testCluster();
		cluster.metricConfig[0].timestep = 30;
		cluster.metricConfig = cluster.metricConfig
			.filter(({ name }) => name !== "mem_used")
			.map((it) => (it.name === "mem_bw" ? { ...it, scope: "node" } : it));
		const restored = await MemoryMetricStore.restore(path(), {
			...OPTIONS,
			clusters: [cluster],
		});
		expect(restored.stats()).to.include({ series: 1, unknown: 6 });
		expect(
			await takeSeries(restored, "cpu_load", { duration: 120 }),
		).to.deep.equal([0, NAN, 60, NAN, 120]);
	});

	it("asks a provider for its clusters", async () => {
		await seededStore(1).snapshot(path());
		const restored = await MemoryMetricStore.restore(path(), {
			...OPTIONS,
			clusters: { loadClusterConfig: async () => testCluster() },
		});
		expect(restored.stats().series).to.equal(8 * 12);
	});

	it("stays within the memory of the store that takes it in", async () => {
		await seededStore(1).snapshot(path());
		const maxBytes = 100_000;
		const restored = await MemoryMetricStore.restore(path(), {
			...OPTIONS,
			maxBytes,
		});
		const { usedBytes, evicted, refused } = restored.stats();
		expect(usedBytes).to.be.at.most(maxBytes);
		expect(evicted + refused).to.be.above(0);
	});

	describe("that is damaged", () => {
		let whole: Buffer;
		beforeEach(async () => {
			await seededStore(2).snapshot(path());
			whole = await readFile(path());
		});

		async function restoring(bytes: Uint8Array) {
			await writeFile(path(), bytes);
			return rejected(MemoryMetricStore.restore(path(), OPTIONS));
		}

		it("is an error with path and offset, wherever a byte is wrong", async () => {
			const seed = 5;
			const random = seededRandom(seed);
			for (let i = 0; i < 60; i++) {
				const at = i < 24 ? i : Math.floor(random() * whole.length);
				if (at === 7) continue;
				const bytes = Buffer.from(whole);
				bytes[at] ^= 1 << Math.floor(random() * 8);
				const { code, details } = await restoring(bytes);
				expect(code, `byte ${at}, seed ${seed}`).to.equal("DATA_CORRUPT");
				expect(details.path).to.equal(path());
				expect(details.offset).to.be.within(0, whole.length);
			}
		});

		for (const [what, cut] of [
			["empty", (bytes: Buffer) => bytes.subarray(0, 0)],
			["torn within its mark", (bytes: Buffer) => bytes.subarray(0, 5)],
			["torn behind its mark", (bytes: Buffer) => bytes.subarray(0, 8)],
			[
				"torn in the middle",
				(bytes: Buffer) => bytes.subarray(0, bytes.length / 2),
			],
			["torn by a byte", (bytes: Buffer) => bytes.subarray(0, -1)],
			[
				"longer than it should be",
				(bytes: Buffer) => Buffer.concat([bytes, Buffer.of(0)]),
			],
			["something else", () => Buffer.from('{ "jobs": [] }')],
		] as const) {
			it(`is an error when it is ${what}`, async () => {
				expect((await restoring(cut(whole))).code).to.equal("DATA_CORRUPT");
			});
		}

		it("is an error of its own when its version is not known", async () => {
			whole[7] = 2;
			const { code, message } = await restoring(whole);
			expect(code).to.equal("FORMAT_UNSUPPORTED");
			expect(message).to.include("version 2");
		});
	});

	it("cannot be read from a folder, or written below a file", async () => {
		await mkdir(path());
		const read = await rejected(MemoryMetricStore.restore(path(), OPTIONS));
		expect(read.code).to.equal("SNAPSHOT_FAILED");
		const written = await rejected(testStore().snapshot(path()));
		expect(written).to.deep.include({ code: "SNAPSHOT_FAILED" });
		expect(written.details.path).to.equal(path());
		expect(await readdir(folder())).to.deep.equal(["metrics.snapshot"]);
	});

	it("leaves the one before it when its process is killed, and what is left is overwritten", async function () {
		this.timeout(60_000);
		const unfinished = `${path()}.unfinished`;
		const script = fileURLToPath(
			new URL("../../support/snapshot-child.js", import.meta.url),
		);
		do {
			const child = spawn(process.execPath, [script, path()], {
				stdio: ["ignore", "pipe", "inherit"],
			});
			const ended = once(child, "exit");
			await once(child.stdout, "data");
			while (!existsSync(unfinished)) await new Promise(setImmediate);
			child.kill("SIGKILL");
			await ended;
			// It may have been done with that one just before it died.
		} while (!existsSync(unfinished));
		const restored = await MemoryMetricStore.restore(path(), OPTIONS);
		expect(restored.stats().series).to.equal(200);
		expect(
			await takeSeries(restored, "cpu_load", { duration: 60_000 - 60 }, "x200"),
		).to.deep.equal(range(1000).map((i) => 200 + i / 7));
		await restored.snapshot(path());
		expect(existsSync(unfinished)).to.equal(false);
	});

	describe("that the store takes by itself", () => {
		it("is taken at intervals, and a last time when the store is closed", async () => {
			const store = testStore({ snapshotPath: path(), snapshotEveryMs: 5 });
			writeSeries(store, ["n001", "cpu_load"], [1]);
			while (store.stats().snapshots < 2) await new Promise(setImmediate);
			writeSeries(store, ["n001", "cpu_load"], [1, 2]);
			await store.close();
			const { snapshots } = store.stats();
			const restored = await MemoryMetricStore.restore(path(), OPTIONS);
			expect(
				await takeSeries(restored, "cpu_load", { duration: 60 }),
			).to.deep.equal([1, 2]);
			await store.close();
			expect(store.stats().snapshots).to.equal(snapshots);
		});

		it("is told to the logger when it fails, and counted", async () => {
			await mkdir(path());
			let told: (message: string) => void = () => {};
			const message = new Promise<string>((resolve) => {
				told = resolve;
			});
			const store = testStore({
				snapshotPath: path(),
				snapshotEveryMs: 5,
				logger: { error: (_: unknown, text?: string) => told(text ?? "") },
			});
			expect(await message).to.equal("snapshot failed");
			expect((await rejected(store.close())).code).to.equal("SNAPSHOT_FAILED");
			expect(store.stats().snapshotsFailed).to.be.above(1);
		});
	});
});

/** Eight hosts with twelve series each: all kinds of numbers, gaps, different begins and ends. */
function seededStore(seed: number, options = {}): MemoryMetricStore {
	const random = seededRandom(seed);
	const store = testStore(options);
	const devices = ["0", "1", "2", "3"];
	for (let host = 1; host <= 8; host++) {
		for (const [metric, device] of [
			["cpu_load"],
			["mem_used"],
			...devices.map((it) => ["numa_bw", it] as const),
			...devices.map((it) => ["ipc", it] as const),
			["cpu_power", "0"],
			["cpu_power", "1"],
		] as const) {
			const values = Array.from({ length: 100 + random() * 200 }, () => {
				if (random() < 0.1) return NAN;
				if (random() < 0.01) return -0;
				return metric === "ipc" ? random() : Math.round(random() * 1e4) / 100;
			});
			writeSeries(store, [`n00${host}`, metric, device], values, {
				startTime: TEST_START_TIME + Math.floor(random() * 50) * 60,
			});
		}
	}
	return store;
}

function range(count: number): number[] {
	return Array.from({ length: count }, (_, i) => i);
}

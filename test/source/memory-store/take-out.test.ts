import { expect } from "chai";
import type { Job } from "../../../lib/index.js";
import type { SamplesChunk } from "../../../lib/source/source.js";
import { TEST_START_TIME, testCluster, testJob } from "../../support/jobs.js";
import { loadRequest } from "../../support/load-request.js";
import { load, seriesOf } from "../../support/loaded-columns.js";
import {
	takeOut,
	takeSeries,
	testStore,
	writeSeries,
} from "../../support/memory-store.js";
import { rejected } from "../../support/rejected.js";

const NAN = Number.NaN;

describe("taking a job out of the memory store", () => {
	describe("brings the samples of its interval", () => {
		const ticks = [-120, -60, 0, 60, 120, 180, 240];
		for (const [what, offset, duration, expected] of [
			[
				"that is on the collector's ticks, both ends included",
				0,
				120,
				[0, 60, 120],
			],
			["that begins just before a tick", -10, 120, [0, 60, 120]],
			["that begins just after a tick", 10, 120, [0, 60, 120]],
			[
				"that is no multiple of the timestep: all of its own",
				20,
				110,
				[60, 120],
			],
			["that is shorter than the timestep and has a tick", 30, 40, [60]],
			[
				"that is shorter than the timestep and has none: the nearest",
				5,
				10,
				[0],
			],
			["of no length", 0, 0, [0]],
			["that begins before the first sample", -180, 120, [NAN, -120, -60]],
			["that ends after the last one", 180, 120, [180, 240, NAN]],
		] as const) {
			it(what, async () => {
				const store = testStore();
				writeSeries(store, ["n001", "cpu_load"], ticks, {
					startTime: TEST_START_TIME - 120,
				});
				expect(
					await takeSeries(store, "cpu_load", {
						startTime: TEST_START_TIME + offset,
						duration,
					}),
				).to.deep.equal(expected);
			});
		}
	});

	it("brings all that is in the interval wherever the ticks are, whenever that is as many as there is room for", async () => {
		for (let phase = 0; phase < 60; phase += 7) {
			for (const duration of [50, 90, 119, 120, 121, 179, 600]) {
				const store = testStore();
				const times = Array.from(
					{ length: 40 },
					(_, i) => phase + (i - 20) * 60,
				);
				writeSeries(store, ["n001", "cpu_load"], times, {
					startTime: TEST_START_TIME + times[0],
				});
				const taken = await takeSeries(store, "cpu_load", { duration });
				const within = times.filter((time) => time >= 0 && time <= duration);
				const count = Math.floor(duration / 60) + 1;
				expect(taken).to.have.length(count);
				if (within.length === count) expect(taken).to.deep.equal(within);
				else expect(taken).to.include.members(within);
			}
		}
	});

	it("brings metrics at their own timesteps and the scopes they are measured at, with the devices that the job holds", async () => {
		const store = testStore();
		const ids = (count: number) =>
			Array.from({ length: count }, (_, i) => String(i));
		for (const [metric, devices] of [
			["mem_bw", ids(2)],
			["numa_bw", ids(4)],
			["flops_any", ids(32)],
		] as const)
			for (const device of devices)
				writeSeries(store, ["n001", metric, device], [Number(device), 1]);
		writeSeries(store, ["n001", "ib_recv"], [1, 2, 3], { timestep: 30 });
		const job = testJob({
			duration: 60,
			resources: [{ hostname: "n001", hwthreads: [4, 5, 20, 21] }],
		});
		const taken = await takeOut(store, job);
		expect(
			[...taken].map(([name, samples]) => [name, ...samples]),
		).to.deep.equal([
			["flops_any/hwthread/n001/4", 4, 1],
			["flops_any/hwthread/n001/5", 5, 1],
			["flops_any/hwthread/n001/20", 20, 1],
			["flops_any/hwthread/n001/21", 21, 1],
			["mem_bw/socket/n001/0", 0, 1],
			["numa_bw/memoryDomain/n001/1", 1, 1],
			["ib_recv/node/n001", 1, 2, 3],
		]);
	});

	it("brings accelerators by name", async () => {
		const store = testStore();
		const job = testJob({ subCluster: "gpu", duration: 60 });
		const [, second] = job.resources[0].accelerators ?? [];
		writeSeries(store, ["g01", "acc_power", second], [100, 200]);
		expect([...(await takeOut(store, job)).keys()]).to.deep.equal([
			`acc_power/accelerator/g01/${second}`,
		]);
	});

	it("leaves out series and hosts without a sample in the interval", async () => {
		const store = testStore();
		writeSeries(store, ["n001", "cpu_load"], [1, 2]);
		writeSeries(store, ["n002", "cpu_load"], [1, 2], {
			startTime: TEST_START_TIME - 6000,
		});
		writeSeries(store, ["n003", "cpu_load"], [NAN, 2]);
		const job = testJob({ numNodes: 4, duration: 60 });
		expect([...(await takeOut(store, job))]).to.deep.equal([
			["cpu_load/node/n001", Float64Array.of(1, 2)],
			["cpu_load/node/n003", Float64Array.of(NAN, 2)],
		]);
	});

	it("brings nothing at all of a job that nobody measured", async () => {
		const { chunks } = await load(testStore(), loadRequest(testJob()));
		expect(chunks).to.deep.equal([]);
	});

	describe("cuts a large job", () => {
		const job = testJob({ numNodes: 6, duration: 3600 });
		const chunkBytes = 7000;
		const metrics = ["cpu_load", "mem_used", "mem_bw", "cpu_power"];

		async function loaded(overrides: object) {
			return load(fullStore(job), loadRequest(job, overrides));
		}

		it("into chunks of whole hosts, native, the last marked", async () => {
			const whole = await loaded({});
			expect(whole.chunks).to.have.length(1);
			const cut = await loaded({ maxChunkBytes: chunkBytes });
			expect(cut.chunks.length).to.be.within(2, 5);
			const hosts = cut.columns.map(
				(columns) => new Set(columns.flatMap((it) => it.hostnames)),
			);
			expect(hosts.map(({ size }) => size).reduce((a, b) => a + b)).to.equal(6);
			for (const [i, chunk] of (cut.chunks as SamplesChunk[]).entries()) {
				expect(chunk.buffer.byteLength).to.be.at.most(chunkBytes);
				expect(chunk.native).to.equal(true);
				expect(chunk.last).to.equal(i === cut.chunks.length - 1);
				expect(chunk.columns.map(({ metric }) => metric)).to.deep.equal(
					metrics,
				);
			}
			const inOrder = (series: Map<string, Float64Array>) =>
				[...series].sort(([a], [b]) => (a < b ? -1 : 1));
			expect(inOrder(seriesOf(cut))).to.deep.equal(inOrder(seriesOf(whole)));
		});

		it("between metrics where one host does not fit", async () => {
			const cut = await loaded({ maxChunkBytes: 2500 });
			for (const { buffer } of cut.chunks as SamplesChunk[])
				expect(buffer.byteLength).to.be.at.most(2500);
			for (const { metric, hostnames } of cut.columns.flat())
				if (metric === "mem_bw") expect(hostnames).to.have.length(2);
			expect(seriesOf(cut)).to.deep.equal(seriesOf(await loaded({})));
		});

		it("between metrics where columns must be whole", async () => {
			const overrides = { maxChunkBytes: chunkBytes, splitColumns: false };
			const cut = await loaded(overrides);
			expect(cut.chunks.length).to.be.above(1);
			const names = cut.columns.flat().map(({ metric }) => metric);
			expect(names).to.deep.equal(metrics);
			expect(seriesOf(cut).size).to.equal(36);
		});

		it("and shares labels, which are cloned once then", async () => {
			const { chunks } = await loaded({});
			const [{ columns }] = chunks as SamplesChunk[];
			expect(columns[1].hostnames).to.equal(columns[0].hostnames);
			expect(columns[3].ids).to.equal(columns[2].ids);
		});
	});

	it("fills recycled buffers with what is there and with NaN, never with what was in them", async () => {
		const store = testStore();
		writeSeries(store, ["n001", "cpu_load"], [NAN, 5, NAN, NAN]);
		const allocate = (bytes: number) =>
			new Float64Array(bytes / 8 + 100).fill(666).buffer;
		const request = loadRequest(testJob({ duration: 300 }), { allocate });
		const { chunks } = await load(store, request);
		const { buffer } = (chunks as SamplesChunk[])[0];
		expect([...new Float64Array(buffer, 0, 7)]).to.deep.equal([
			NAN,
			5,
			NAN,
			NAN,
			NAN,
			NAN,
			666,
		]);
	});

	it("stops when it is cancelled", async () => {
		const store = fullStore(testJob({ numNodes: 6, duration: 3600 }));
		const controller = new AbortController();
		const request = loadRequest(testJob({ numNodes: 6, duration: 3600 }), {
			signal: controller.signal,
			maxChunkBytes: 1,
		});
		const chunks = store.load(request);
		await chunks.next();
		controller.abort();
		expect((await rejected(chunks.next())).code).to.equal("ABORTED");
	});

	it("brings what the configuration says now when a metric has got another timestep", async () => {
		const store = testStore();
		writeSeries(store, ["n001", "cpu_load"], [0, 60, 120, 180]);
		const cluster = testCluster();
		cluster.metricConfig[0].timestep = 30;
		const configured = store.configure(cluster);
		writeSeries(store, ["n001", "cpu_load"], [240, 270, 300], {
			startTime: TEST_START_TIME + 240,
			timestep: 30,
		});
		const expected = [0, NAN, 60, NAN, 120, NAN, 180, NAN, 240, 270, 300];
		const taken = () => takeSeries(store, "cpu_load", { duration: 300 });
		expect(await taken()).to.deep.equal(expected);
		await configured;
		expect(await taken()).to.deep.equal(expected);
		cluster.metricConfig[0].timestep = 120;
		await store.configure(cluster);
		// The collector's new ticks may be at any time: the grid follows the first, and every sample moves by half a step.
		writeSeries(store, ["n001", "cpu_load"], [350], {
			startTime: TEST_START_TIME + 350,
		});
		expect(await taken()).to.deep.equal([NAN, 60, 180]);
	});

	it("does not mix scopes when a metric is measured at another one", async () => {
		const store = testStore();
		writeSeries(store, ["n001", "mem_bw", "0"], [1, 2]);
		const cluster = testCluster();
		const mem_bw = cluster.metricConfig.find(({ name }) => name === "mem_bw");
		Object.assign(mem_bw ?? {}, { scope: "memoryDomain" });
		await store.configure(cluster);
		writeSeries(store, ["n001", "mem_bw", "3"], [7, 8]);
		const request = loadRequest(testJob({ duration: 60 }), {}, cluster);
		expect([...seriesOf(await load(store, request))]).to.deep.equal([
			["mem_bw/memoryDomain/n001/3", Float64Array.of(7, 8)],
		]);
		expect(store.stats()).to.include({ series: 1, evicted: 2 });
	});
});

/** All of a job's hosts: two metrics of the node and two of its sockets. */
function fullStore({ resources, duration }: Job) {
	const store = testStore();
	const count = duration / 60 + 1;
	for (const [host, { hostname }] of resources.entries()) {
		for (const [metric, device] of [
			["cpu_load"],
			["mem_used"],
			["mem_bw", "0"],
			["mem_bw", "1"],
			["cpu_power", "0"],
			["cpu_power", "1"],
		] as const) {
			const values = Array.from({ length: count }, (_, i) => host * 1000 + i);
			writeSeries(store, [hostname, metric, device], values);
		}
	}
	return store;
}

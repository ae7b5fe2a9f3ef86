import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import type { Topology } from "../../lib/schema/cluster.js";
import { useHouse } from "../support/house.js";
import { testCluster, testColumn, testJob } from "../support/jobs.js";
import { NativeSource } from "../support/native-source.js";
import { ScriptedSource } from "../support/scripted-source.js";
import { archiveAndRead, clusterOf, metric, samplesOf } from "./archived.js";

const NONE = Number.NaN;

/** One test for each thing that ClusterCockpit's archiver gets wrong. */
describe("numbers that are right", () => {
	const openHouse = useHouse();

	it("average over the nodes that have data, not over all that the job has", async () => {
		const loads: Record<string, number[] | undefined> = {
			n001: [10, 10, 10],
			n002: [NONE, 20, NONE],
			n003: [NONE, NONE, NONE],
			n004: undefined,
		};
		const house = await openHouse({
			source: new NativeSource((name, host) =>
				name === "cpu_load" ? loads[host] : undefined,
			),
		});
		const { job } = await archiveAndRead(
			house,
			testJob({ numNodes: 4, duration: 180 }),
		);
		expect(job.statistics?.cpu_load).to.include({ avg: 15, min: 10, max: 20 });
		expect(job.footprint).to.deep.equal({ cpu_load_avg: 15 });
	});

	it("have the median of the samples that are there", async () => {
		const steps = [
			[1, 2, 3, 4, 5, 6, 7, 8],
			[NONE, NONE, NONE, 5, 5, 9, NONE, 5],
			[NONE, 4, NONE, NONE, NONE, 8, 6, NONE],
			[NONE, NONE, NONE, 1, NONE, NONE, NONE, 1],
			[NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE],
		];
		for (const format of ["columnar", "json"] as const) {
			const house = await openHouse({
				format,
				source: new NativeSource((name, host) =>
					name === "cpu_load"
						? steps.map((loads) => loads[Number(host.slice(1)) - 1])
						: undefined,
				),
			});
			const { data } = await archiveAndRead(
				house,
				testJob({ numNodes: 8, duration: 300 }),
			);
			const { min, median, max } = data.cpu_load.node?.statisticsSeries ?? {};
			expect([...(median ?? [])]).to.deep.equal([4.5, 5, 6, NONE, NONE]);
			expect([...(min ?? [])]).to.deep.equal([1, 5, 4, NONE, NONE]);
			expect([...(max ?? [])]).to.deep.equal([8, 9, 8, NONE, NONE]);
		}
	});

	it("have a derived node scope whose statistics are those of its own samples, whatever the aggregation", async () => {
		const fed: Record<string, number[]> = {
			"0": [1, 5, NONE, 2],
			"1": [3, NONE, NONE, 6],
		};
		const house = await openHouse({
			source: new NativeSource((_, __, device) => fed[device ?? ""]),
		});
		await house.archive.storeClusterConfig(
			"testcluster",
			clusterOf(
				metric("mem_bw", { scope: "socket", aggregation: "sum" }),
				metric("temperature", { scope: "socket", aggregation: "avg" }),
			),
		);
		const { job, data } = await archiveAndRead(
			house,
			testJob({ duration: 240 }),
		);
		const nodes = { n001: [4, 5, NONE, 8] };
		expect(samplesOf(data, "mem_bw")).to.deep.equal(nodes);
		expect(samplesOf(data, "temperature")).to.deep.equal({
			n001: [2, 5, NONE, 4],
		});
		const [series] = data.mem_bw.node?.series ?? [];
		expect(series.statistics).to.deep.equal({ avg: 17 / 3, min: 4, max: 8 });
		expect(job.statistics?.mem_bw).to.include({ avg: 5.67, min: 4, max: 8 });
		expect(job.statistics?.temperature).to.include({
			avg: 3.67,
			min: 2,
			max: 5,
		});
	});

	it("derive the node scope of a replay that lacks it from the coarsest scope there is", async () => {
		const header = { series: 2, samplesPerSeries: 3, hostnames: ["a", "a"] };
		const column = (
			name: string,
			scope: "socket" | "core",
			samples: number[],
		) => ({
			...testColumn({ ...header, metric: name, scope }),
			samples: Float64Array.from(samples),
		});
		const source = new ScriptedSource(() => [
			column("flops_any", "core", [100, 200, NONE, 1, NONE, NONE]),
			column("flops_any", "socket", [1, 2, 3, 10, NONE, 30]),
			column("mem_bw", "core", [1, 2, 3, 3, 4, NONE]),
			column("ipc", "core", [1, 1, 1, 1, 1, 1]),
		]);
		const house = await openHouse({ source });
		await house.archive.storeClusterConfig(
			"testcluster",
			clusterOf(metric("mem_bw", { scope: "core", aggregation: "avg" })),
		);
		const { job, data } = await archiveAndRead(house, testJob());
		// Nothing says how flops_any is aggregated, so it is summed.
		expect(samplesOf(data, "flops_any")).to.deep.equal({ a: [11, 2, 33] });
		expect(samplesOf(data, "mem_bw")).to.deep.equal({ a: [2, 3, 3] });
		expect(samplesOf(data, "ipc")).to.deep.equal({});
		expect(Object.keys(data.flops_any)).to.have.members([
			"node",
			"core",
			"socket",
		]);
		expect(job.statistics).to.have.all.keys("flops_any", "mem_bw");
		expect(job.statistics?.flops_any).to.include({ avg: 15.33, min: 2 });
	});

	it("say nothing of a series without samples, rather than 0", async () => {
		const loads: Record<string, number[]> = {
			n001: [5, 6, 7],
			n002: [NONE, NONE, NONE],
		};
		for (const format of ["columnar", "json"] as const) {
			const house = await openHouse({
				format,
				source: new NativeSource((name, host) =>
					name === "cpu_load" ? loads[host] : undefined,
				),
			});
			const { job } = await archiveAndRead(
				house,
				testJob({ numNodes: 2, duration: 180 }),
			);
			const { cpu_load } = await house.archive.loadJobStats(job);
			expect(cpu_load.node).to.deep.equal([
				{ hostname: "n001", statistics: { avg: 6, min: 5, max: 7 } },
				{ hostname: "n002", statistics: { avg: NONE, min: NONE, max: NONE } },
			]);
			expect(job.statistics?.cpu_load).to.include({ avg: 6, min: 5 });
			if (format === "columnar") continue;
			const { bytes, encoding } = await house.archive.loadStoredData(job);
			const text = encoding === "json" ? bytes : gunzipSync(bytes);
			const [, empty] = JSON.parse(Buffer.from(text).toString()).cpu_load.node
				.series;
			expect(empty.statistics).to.deep.equal({
				min: null,
				avg: null,
				max: null,
			});
		}
	});

	it("have the footprint that the subcluster asks for, and the cluster's where it asks for none", async () => {
		const house = await openHouse({
			source: new NativeSource((name) =>
				name === "cpu_load" || name === "mem_used" ? [1, 2, 6] : undefined,
			),
		});
		const onCpu = await archiveAndRead(
			house,
			testJob({ jobId: 1, subCluster: "cpu", duration: 180 }),
		);
		expect(onCpu.job.footprint).to.deep.equal({
			cpu_load_avg: 3,
			mem_used_max: 6,
		});
		const onGpu = await archiveAndRead(
			house,
			testJob({ jobId: 2, subCluster: "gpu", duration: 180 }),
		);
		expect(onGpu.job.footprint).to.deep.equal({
			cpu_load_max: 6,
			mem_used_max: 6,
		});
		const { footprint } = (await house.repository.findJob(onGpu.job)) ?? {};
		expect(footprint).to.deep.equal(onGpu.job.footprint);
	});

	it("have a footprint in the metric's unit, whatever prefix a source measured in", async () => {
		const config = metric("flops_any", {
			unit: { base: "Flops/s", prefix: "G" },
			footprint: "max",
		});
		const source = new NativeSource(() => [1500, 2500], {
			header: () => ({ unit: { base: "Flops/s", prefix: "M" } }),
		});
		const house = await openHouse({ source });
		await house.archive.storeClusterConfig("testcluster", clusterOf(config));
		const { job } = await archiveAndRead(house, testJob({ duration: 120 }));
		expect(job.footprint).to.deep.equal({ flops_any_max: 2.5 });
		expect(job.statistics?.flops_any).to.deep.include({
			max: 2500,
			unit: { base: "Flops/s", prefix: "M" },
		});
	});

	it("have the energy of metrics that measure energy, summed over time, in kWh", async () => {
		const units = {
			joules: { base: "J" },
			kilojoules: { base: "J", prefix: "k" },
			megajoules: { base: "J", prefix: "M" },
			watthours: { base: "Wh" },
			kilowatthours: { base: "Wh", prefix: "K" },
		};
		// 3.6 MJ are a kWh: what ten samples on each of two nodes make together is known exactly.
		const kilowattHours = 2 * (1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10);
		const perKilowattHour: Record<string, number> = {
			joules: 3.6e6,
			kilojoules: 3600,
			megajoules: 3.6,
			watthours: 1000,
			kilowatthours: 1,
		};
		const source = new NativeSource((name) =>
			Array.from({ length: 10 }, (_, i) => (i + 1) * perKilowattHour[name]),
		);
		const house = await openHouse({ source });
		await house.archive.storeClusterConfig(
			"testcluster",
			clusterOf(
				...Object.entries(units).map(([name, unit]) =>
					metric(name, { unit, energy: "energy" }),
				),
			),
		);
		const { job } = await archiveAndRead(
			house,
			testJob({ numNodes: 2, duration: 600 }),
		);
		expect(job.energyFootprint).to.deep.equal(
			Object.fromEntries(
				Object.keys(units).map((name) => [name, kilowattHours]),
			),
		);
		expect(job.energy).to.equal(5 * kilowattHours);
	});

	it("have the energy of power in every unit that power has", async () => {
		const watts = { base: "W" };
		const metrics = [
			metric("cpu_power", { unit: watts, energy: "power", scope: "socket" }),
			metric("in_mw", { unit: { ...watts, prefix: "m" }, energy: "power" }),
			metric("in_kw", { unit: { ...watts, prefix: "K" }, energy: "power" }),
			metric("in_megawatts", {
				unit: { ...watts, prefix: "M" },
				energy: "power",
			}),
		];
		const values: Record<string, number> = {
			cpu_power: 250, // on each of two sockets
			in_mw: 500_000,
			in_kw: 0.5,
			in_megawatts: 0.0005,
		};
		const house = await openHouse({
			source: new NativeSource((name) => Array(120).fill(values[name])),
		});
		const cluster = clusterOf(...metrics);
		await house.archive.storeClusterConfig("testcluster", cluster);
		const { job } = await archiveAndRead(
			house,
			testJob({ numNodes: 3, duration: 7200 }),
		);
		// 500 W on each of three nodes for two hours.
		expect(job.energyFootprint).to.deep.equal({
			cpu_power: 3,
			in_mw: 3,
			in_kw: 3,
			in_megawatts: 3,
		});
		expect(job.energy).to.equal(12);
	});

	describe("on a node whose cores are not named like their hwthreads", () => {
		/** Core 0 is hwthreads 3 and 7, core 1 is 2 and 6, on socket 1; cores 2 and 3 are on socket 0. */
		const topology: Topology = {
			node: [0, 1, 2, 3, 4, 5, 6, 7, 8],
			socket: [
				[0, 1, 4, 5, 8],
				[2, 3, 6, 7],
			],
			core: [
				[3, 7],
				[2, 6],
				[0, 4],
				[1, 5],
			],
		};
		const cluster = (own: Topology = topology) => ({
			...clusterOf(
				metric("flops_any", { scope: "hwthread" }),
				metric("core_power", { scope: "core" }),
			),
			subClusters: [{ name: "cpu", nodes: "n[001-128]", topology: own }],
		});
		const powersOfTwo = new NativeSource((_, __, device) => [
			2 ** Number(device),
		]);

		it("label a core with its position", async () => {
			const house = await openHouse({ source: powersOfTwo });
			await house.archive.storeClusterConfig("testcluster", cluster());
			const { data } = await archiveAndRead(house, testJob({ duration: 60 }));
			expect(samplesOf(data, "flops_any", "core")).to.deep.equal({
				"n001/0": [2 ** 3 + 2 ** 7],
				"n001/1": [2 ** 2 + 2 ** 6],
				"n001/2": [2 ** 0 + 2 ** 4],
				"n001/3": [2 ** 1 + 2 ** 5],
			});
			// No core lists hwthread 8.
			expect(samplesOf(data, "flops_any")).to.deep.equal({ n001: [511] });
		});

		it("take a core's id for a core, not for a hwthread", async () => {
			const house = await openHouse({ source: powersOfTwo });
			await house.archive.storeClusterConfig("testcluster", cluster());
			const job = testJob({
				duration: 60,
				resources: [{ hostname: "n001", hwthreads: [0, 1, 4] }],
			});
			const { data } = await archiveAndRead(house, job);
			expect(samplesOf(data, "core_power", "core")).to.deep.equal({
				"n001/2": [4],
				"n001/3": [8],
			});
			expect(samplesOf(data, "core_power")).to.deep.equal({ n001: [12] });
			expect(samplesOf(data, "flops_any", "core")).to.deep.equal({
				"n001/2": [2 ** 0 + 2 ** 4],
				"n001/3": [2 ** 1],
			});
		});

		it("leave out a scope that cannot be had, and say so", async () => {
			const house = await openHouse({ source: powersOfTwo });
			const twice = { ...topology, core: [...(topology.core ?? []), [3]] };
			await house.archive.storeClusterConfig("testcluster", cluster(twice));
			const { data, facts } = await archiveAndRead(
				house,
				testJob({ duration: 60 }),
			);
			expect(Object.keys(data.flops_any)).to.deep.equal(["node"]);
			expect(samplesOf(data, "flops_any")).to.deep.equal({ n001: [511] });
			expect(facts.notes).to.deep.equal([
				"what is measured at hwthread cannot be brought to core: hwthread 3 spans core 0 and 4",
			]);
		});
	});

	it("leave out metrics that the subcluster does not have", async () => {
		const house = await openHouse({ source: new NativeSource(() => [1]) });
		const { data } = await archiveAndRead(
			house,
			testJob({ subCluster: "gpu", duration: 60 }),
		);
		expect(Object.keys(data)).to.deep.equal(
			testCluster()
				.metricConfig.map(({ name }) => name)
				.filter((name) => name !== "clock"),
		);
		expect(samplesOf(data, "acc_power")).to.deep.equal({ g01: [4] });
	});
});

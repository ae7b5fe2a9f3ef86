import { expect } from "chai";
import { useHouse } from "../support/house.js";
import { testJob } from "../support/jobs.js";
import { NativeSource } from "../support/native-source.js";
import { archiveAndRead, clusterOf, metric, samplesOf } from "./archived.js";

const NONE = Number.NaN;

describe("archived resolution and scopes", () => {
	const openHouse = useHouse();
	const samples = [1, 2, 3, NONE, NONE, NONE, 7, NONE, 9, 100, 20];
	const feed = () => samples;
	const tenMinutes = testJob({ duration: 600 });

	for (const [format, hostsPerChunk] of [
		["columnar", 2],
		["columnar", 1],
		["json", 2],
	] as const)
		it(`averages what is there, and leaves statistics and energy as recorded (${format}, ${hostsPerChunk} hosts a chunk)`, async () => {
			const house = await openHouse({
				format,
				source: new NativeSource(feed, { hostsPerChunk }),
				options: { resolutionSeconds: 180 },
			});
			await house.archive.storeClusterConfig(
				"testcluster",
				clusterOf(
					metric("mem_used", { footprint: "max" }),
					metric("work", {
						energy: "energy",
						unit: { base: "Wh", prefix: "k" },
					}),
				),
			);
			const { job, data, facts } = await archiveAndRead(
				house,
				testJob({ numNodes: 2, duration: 600 }),
			);
			expect(data.mem_used.node?.timestep).to.equal(180);
			const averages = [2, NONE, 8, 60];
			expect(samplesOf(data, "mem_used")).to.deep.equal({
				n001: averages,
				n002: averages,
			});
			expect(job.footprint).to.deep.equal({ mem_used_max: 100 });
			expect(job.statistics?.mem_used).to.include({
				avg: 20.29,
				min: 1,
				max: 100,
			});
			// Seven of the ten or eleven samples that there should be.
			expect(facts.completeness.metrics.mem_used.samples).to.deep.equal([
				14, 20,
			]);
			// An amount is not averaged away: it stays what it is, minute by minute.
			expect(data.work.node?.timestep).to.equal(60);
			expect(samplesOf(data, "work").n002).to.deep.equal(samples);
		});

	it("keeps a timestep that the resolution is no multiple of, or that is coarser", async () => {
		for (const resolutionSeconds of [90, 30, 60]) {
			const house = await openHouse({
				source: new NativeSource(feed),
				options: { resolutionSeconds },
			});
			await house.archive.storeClusterConfig(
				"testcluster",
				clusterOf(metric("load")),
			);
			const { data } = await archiveAndRead(house, tenMinutes);
			expect(data.load.node?.timestep).to.equal(60);
			expect(samplesOf(data, "load")).to.deep.equal({ n001: samples });
		}
	});

	it("may differ by cluster", async () => {
		const house = await openHouse({
			source: new NativeSource(feed),
			options: {
				resolutionSeconds: 180,
				perCluster: {
					testcluster: { coreScopeMaxNodes: 1, resolutionSeconds: 0 },
					another: { coreScopeMaxNodes: 0 },
				},
			},
		});
		for (const name of ["testcluster", "another"])
			await house.archive.storeClusterConfig(name, {
				...clusterOf(metric("load", { scope: "hwthread" })),
				name,
			});
		const scopesAndTimestep = async (cluster: string, numNodes: number) => {
			const { data } = await archiveAndRead(
				house,
				testJob({ cluster, numNodes, jobId: numNodes, duration: 600 }),
			);
			return [...Object.keys(data.load), data.load.node?.timestep];
		};
		expect(await scopesAndTimestep("testcluster", 1)).to.deep.equal([
			"node",
			"core",
			60,
		]);
		expect(await scopesAndTimestep("testcluster", 2)).to.deep.equal([
			"node",
			60,
		]);
		expect(await scopesAndTimestep("another", 1)).to.deep.equal(["node", 180]);
	});
});

describe("percentiles over the series", () => {
	const openHouse = useHouse();
	const feed = (_: string, host: string) => {
		const node = Number(host.slice(1));
		return [node, node < 3 ? node : NONE, node <= 4 ? node * 1.5 : NONE];
	};

	it("are written with json data, and derived when columnar data is read", async () => {
		for (const format of ["json", "columnar"] as const) {
			const house = await openHouse({
				format,
				source: new NativeSource(feed),
				options: { percentiles: [50, 25, 75] },
			});
			await house.archive.storeClusterConfig(
				"testcluster",
				clusterOf(metric("load")),
			);
			const { job } = await archiveAndRead(
				house,
				testJob({ numNodes: 9, duration: 180 }),
			);
			const selection =
				format === "json" ? undefined : { percentiles: [50, 25, 75] };
			const { load } = await house.archive.loadJobData(job, selection);
			const { percentiles = {}, median } = load.node?.statisticsSeries ?? {};
			const values = (name: string) => [...percentiles[name]];
			// Json data has two decimals.
			const quarter = format === "json" ? 2.63 : 2.625;
			const threeQuarters = format === "json" ? 4.88 : 4.875;
			expect(values("25")).to.deep.equal([3, NONE, quarter]);
			expect(values("50")).to.deep.equal([5, NONE, 3.75]);
			expect(values("75")).to.deep.equal([7, NONE, threeQuarters]);
			expect(values("50")).to.deep.equal([...(median ?? [])]);
		}
	});

	it("are not there unless asked for", async () => {
		const house = await openHouse({
			format: "json",
			source: new NativeSource(feed),
		});
		await house.archive.storeClusterConfig(
			"testcluster",
			clusterOf(metric("load")),
		);
		const { data } = await archiveAndRead(
			house,
			testJob({ numNodes: 9, duration: 180 }),
		);
		expect(data.load.node?.statisticsSeries).to.have.all.keys(
			"min",
			"median",
			"max",
		);
	});
});

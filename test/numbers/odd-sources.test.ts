import { expect } from "chai";
import { useHouse } from "../support/house.js";
import { testJob } from "../support/jobs.js";
import { NativeSource } from "../support/native-source.js";
import { rejected } from "../support/rejected.js";
import { archiveAndRead, clusterOf, metric, samplesOf } from "./archived.js";

const NONE = Number.NaN;
const PROTO = "__proto__";

describe("sources that behave oddly", () => {
	const openHouse = useHouse();
	const cluster = clusterOf(
		metric("load", { aggregation: "avg", footprint: "avg" }),
		metric("power", { scope: "socket", energy: "power", unit: { base: "W" } }),
	);

	it("a node that stops half-way counts for as long as it reported", async () => {
		const until: Record<string, number> = { n001: 60, n002: 30 };
		for (const tail of [[], [NONE]]) {
			const source = new NativeSource((name, host) => {
				const value = name === "load" ? 10 * Number(host.slice(1)) : 100;
				const missing = Array(60 - until[host]).fill(tail);
				return [...Array(until[host]).fill(value), ...missing.flat()];
			});
			const house = await openHouse({ source });
			await house.archive.storeClusterConfig("testcluster", cluster);
			const { job, data, facts } = await archiveAndRead(
				house,
				testJob({ numNodes: 2, duration: 3600 }),
			);
			expect(job.statistics?.load).to.include({ avg: 15, min: 10, max: 20 });
			expect(job.footprint).to.deep.equal({ load_avg: 15 });
			// 200 W on each of two nodes for an hour.
			expect(job.energyFootprint).to.deep.equal({ power: 0.4 });
			expect(samplesOf(data, "power").n002.slice(0, 30)).to.deep.equal(
				Array(30).fill(200),
			);
			expect(facts.completeness.metrics.power).to.deep.equal({
				hosts: [2, 2],
				series: [4, 4],
				samples: [180, 240],
			});
			expect(facts.completeness.share).to.equal(0.75);
		}
	});

	it("a metric that is recorded at another timestep than configured keeps the one it has", async () => {
		const source = new NativeSource(() => Array(120).fill(0.25), {
			header: () => ({ timestep: 30 }),
		});
		const house = await openHouse({ source });
		await house.archive.storeClusterConfig(
			"testcluster",
			clusterOf(
				metric("work", { energy: "energy", unit: { base: "Wh", prefix: "k" } }),
			),
		);
		const { job, data, facts } = await archiveAndRead(
			house,
			testJob({ duration: 3600 }),
		);
		expect(data.work.node?.timestep).to.equal(30);
		expect(facts.completeness.share).to.equal(1);
		expect(job.energy).to.equal(30);
	});

	it("a metric whose timestep or unit changes from host to host fails the job instead of being misread", async () => {
		for (const header of [
			{ timestep: 30 },
			{ unit: { base: "W", prefix: "k" } },
		]) {
			const source = new NativeSource(() => [1, 2, 3], {
				hostsPerChunk: 1,
				header: (_, firstHost) => (firstHost === "n002" ? header : {}),
			});
			const house = await openHouse({ source });
			await house.archive.storeClusterConfig("testcluster", cluster);
			const [job] = await house.register([testJob({ numNodes: 2 })]);
			const error = await rejected(house.archiver.archiveJob(job));
			expect(error.code).to.equal("SOURCE_DATA_INVALID");
			expect(error.message).to.match(/^load\/node came in "" every 60 s, then/);
			expect(await house.archive.exists(job)).to.equal(false);
			expect((await house.repository.findJob(job))?.monitoringStatus).to.equal(
				2,
			);
		}
	});

	it("hosts and metrics with awkward names are hosts and metrics like any other", async () => {
		const names = ["n'001", 'n"002', PROTO, "nö 3", "constructor"];
		const source = new NativeSource((name, host) => [
			names.indexOf(host) + (name === "load" ? 0 : 10),
		]);
		for (const format of ["columnar", "json"] as const) {
			const house = await openHouse({ source, format });
			await house.archive.storeClusterConfig(
				"testcluster",
				clusterOf(
					metric("load"),
					metric(PROTO, { scope: "socket", footprint: "max" }),
				),
			);
			const { job, data, facts } = await archiveAndRead(
				house,
				testJob({
					duration: 60,
					resources: names.map((hostname) => ({ hostname })),
				}),
			);
			for (const [at, name] of names.entries()) {
				expect(samplesOf(data, "load")).to.have.own.property(name);
				const series = data[PROTO].node?.series ?? [];
				expect(series[at].hostname).to.equal(name);
				expect([...series[at].data]).to.deep.equal([2 * (at + 10)]);
			}
			expect(job.statistics).to.have.own.property(PROTO);
			expect(job.footprint).to.deep.equal({ __proto___max: 28 });
			expect(facts.completeness.share).to.equal(1);
			expect(facts.completeness.metrics).to.have.own.property(PROTO);
		}
	});
});

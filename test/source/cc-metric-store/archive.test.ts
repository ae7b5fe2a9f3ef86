import { expect } from "chai";
import { dataFactsOf } from "../../../lib/archive/data-facts.js";
import type { Job } from "../../../lib/schema/job.js";
import { type Fault, StoredData } from "../../servers/cc-metric-store.js";
import { useHouse } from "../../support/house.js";
import { TEST_START_TIME, testJob } from "../../support/jobs.js";
import { loadRequest } from "../../support/load-request.js";
import { rejected } from "../../support/rejected.js";
import { seriesOfJob, storeOf } from "./stored-job.js";
import { useStore } from "./use-store.js";

const { NaN: none } = Number;

describe("a job archived from a metric store", () => {
	const openHouse = useHouse();
	const startStore = useStore();
	const quoted = 'n"001';
	const from = TEST_START_TIME;

	for (const format of ["columnar", "json"] as const) {
		it(`has its hwthreads brought to cores and nodes (${format})`, async () => {
			const hwthreads = [2, 3, 18, 19, 20];
			const job = testJob({
				resources: [{ hostname: quoted, hwthreads }],
				duration: 120,
			});
			const data = new StoredData();
			// Thread t has t, t + 100, t + 200; 19 is missing.
			for (let thread = 0; thread < 32; thread++)
				if (thread !== 19)
					for (const metric of ["flops_any", "clock"])
						data.put(
							{
								cluster: job.cluster,
								host: quoted,
								metric,
								type: "hwthread",
								id: String(thread),
							},
							{
								from,
								frequency: 60,
								samples: [thread, thread + 100, thread + 200],
							},
						);
			const { source } = await startStore(data);
			const { archive, archiver, register } = await openHouse({
				source,
				format,
			});
			const [recorded] = await register([job]);
			const { job: archived } = await archiver.archiveJob(recorded);
			const { flops_any: flops, clock } = await archive.loadJobData(job);
			const seriesOf = (metric: typeof flops, scope: "node" | "core") =>
				metric[scope]?.series.map(({ hostname, id, data }) => [
					hostname,
					id,
					[...data],
				]);
			// Core c has the hwthreads c and c + 16.
			expect(seriesOf(flops, "core")).to.deep.equal([
				[quoted, "2", [20, 220, 420]],
				[quoted, "3", [3, 103, 203]],
				[quoted, "4", [20, 120, 220]],
			]);
			expect(seriesOf(flops, "node")).to.deep.equal([
				[quoted, undefined, [43, 443, 843]],
			]);
			expect(seriesOf(clock, "core")).to.deep.equal([
				[quoted, "2", [10, 110, 210]],
				[quoted, "3", [3, 103, 203]],
				[quoted, "4", [20, 120, 220]],
			]);
			expect(seriesOf(clock, "node")).to.deep.equal([
				[quoted, undefined, [10.75, 110.75, 210.75]],
			]);
			expect(archived.statistics?.flops_any).to.include({
				min: 43,
				avg: 443,
				max: 843,
			});
			expect(
				dataFactsOf(archived)?.completeness?.metrics.flops_any,
			).to.deep.equal({ hosts: [1, 1], series: [4, 5], samples: [12, 14] });
		});
	}

	it("has no wrong number when a node stops half-way and a timestep changes", async () => {
		const hostnames = [quoted, "n002", "n003", "n004"];
		const job = testJob({
			resources: hostnames.map((hostname) => ({ hostname })),
			duration: 240,
		});
		const place = { cluster: job.cluster, metric: "cpu_load" };
		const { source } = await startStore(
			new StoredData()
				.put(
					{ ...place, host: quoted },
					{ from, frequency: 60, samples: [1, 2, 3, 4, 5] },
				)
				.put(
					{ ...place, host: "n002" },
					{ from, frequency: 60, samples: [10, 20] },
				)
				.put(
					{ ...place, host: "n003" },
					{ from, frequency: 120, samples: [7, 8, 9] },
				),
		);
		const { archive, archiver, register } = await openHouse({ source });
		const [recorded] = await register([job]);
		const { job: archived } = await archiver.archiveJob(recorded);
		const { node } = (await archive.loadJobData(job)).cpu_load;
		expect(node?.timestep).to.equal(60);
		expect(
			node?.series.map(({ hostname, data, statistics }) => [
				hostname,
				[...data],
				statistics.avg,
			]),
		).to.deep.equal([
			[quoted, [1, 2, 3, 4, 5], 3],
			["n002", [10, 20, none, none], 15],
			["n003", [7, none, 8, none, 9], 8],
		]);
		expect(archived.statistics?.cpu_load).to.include({
			min: 1,
			avg: 8.67,
			max: 20,
		});
		const facts = dataFactsOf(archived)?.completeness?.metrics.cpu_load;
		expect(facts).to.deep.equal({
			hosts: [3, 4],
			series: [3, 4],
			samples: [10, 17],
		});
	});

	it("tells what the store failed at", async () => {
		const job = testJob({ numNodes: 2, duration: 300 });
		const stored = seriesOfJob(loadRequest(job), 1);
		const { source } = await startStore({
			...storeOf(stored),
			failing: ({ metric, id }) =>
				metric === "ipc" && Number(id) < 3 ? "out of memory" : undefined,
		});
		const { archiver, register } = await openHouse({ source });
		const [recorded] = await register([job]);
		const { job: archived } = await archiver.archiveJob(recorded);
		const facts = dataFactsOf(archived);
		expect(facts?.notes).to.deep.equal([
			"ipc: the metric store failed: out of memory (6 series)",
		]);
		expect(facts?.completeness?.metrics.ipc.series).to.deep.equal([58, 64]);
	});

	for (const [name, fault, code] of [
		["an answer that is no JSON", { text: "<html>" }, "SOURCE_DATA_INVALID"],
		["an answer of another shape", { text: "{}" }, "SOURCE_DATA_INVALID"],
		["a store that refuses", { status: 403 }, "SOURCE_UNAVAILABLE"],
		["a store that is out of order", { status: 500 }, "SOURCE_UNAVAILABLE"],
	] as [string, Fault, string][]) {
		it(`fails with its reason after ${name}, and can be tried again`, async () => {
			const job = testJob({ duration: 300 });
			const stored = seriesOfJob(loadRequest(job), 1);
			let outOfOrder = true;
			const { server, source } = await startStore(
				{
					...storeOf(stored),
					fault: () => (outOfOrder ? fault : undefined),
				},
				{ retries: 1 },
			);
			const { archiver, repository, register } = await openHouse({ source });
			const [recorded] = await register([job]);
			const error = await rejected(archiver.archiveJob(recorded));
			expect(error.code).to.equal(code);
			const reason = await repository.failureOf(job);
			expect(reason?.code).to.equal(code);
			expect(reason?.message).to.include(server.url);
			outOfOrder = false;
			expect(await archiver.retryFailed()).to.equal(1);
			await archiver.waitForArchiving();
			const after = (await repository.findJob(job)) as Job;
			expect(after.monitoringStatus).to.equal(3);
		});
	}

	it("fails with NO_DATA when the store knows nothing of it", async () => {
		const { source } = await startStore({ find: () => undefined });
		const { archiver, registerIds } = await openHouse({ source });
		const [job] = await registerIds([1]);
		const error = await rejected(archiver.archiveJob(job));
		expect(error.code).to.equal("NO_DATA");
	});
});

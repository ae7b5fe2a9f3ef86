import { expect } from "chai";
import fc from "fast-check";
import type { Cluster, MetricConfig } from "../../../lib/schema/cluster.js";
import { CcMetricStoreSource } from "../../../lib/source/cc-metric-store/source.js";
import type { MetricStoreChunk } from "../../../lib/source/source.js";
import {
	MetricStoreServer,
	StoredData,
} from "../../servers/cc-metric-store.js";
import {
	bitsOf,
	TEST_START_TIME,
	testCluster,
	testJob,
} from "../../support/jobs.js";
import { loadRequest } from "../../support/load-request.js";
import { load, seriesOf } from "../../support/loaded-columns.js";
import { rejected } from "../../support/rejected.js";
import { seriesOfJob, storeOf } from "./stored-job.js";
import { useStore } from "./use-store.js";

describe("CcMetricStoreSource", () => {
	const startStore = useStore();

	for (const subCluster of ["cpu", "gpu"] as const) {
		it(`brings every device of a job on ${subCluster} at native scope, to the bit`, async () => {
			const request = loadRequest(testJob({ subCluster, numNodes: 3 }));
			const stored = seriesOfJob(request, 1);
			const { source } = await startStore(storeOf(stored));
			const loaded = await load(source, request);
			expect(loaded.chunks).to.have.length(1);
			expect(loaded.chunks[0]).to.include({ native: true, last: true });
			const series = seriesOf(loaded);
			expect([...series.keys()]).to.deep.equal(stored.map(({ key }) => key));
			for (const { key, series: expected } of stored)
				expect(bitsOf(series.get(key) as Float64Array), key).to.equal(
					bitsOf(Float64Array.from(expected.samples)),
				);
		});
	}

	it("asks for the job's hwthreads and accelerators only", async () => {
		const resources = [
			{
				hostname: "g01",
				hwthreads: [4, 5],
				accelerators: ["00000000:41:00.0", ""],
			},
		];
		const request = loadRequest(testJob({ subCluster: "gpu", resources }));
		const { server, source } = await startStore({ find: () => undefined });
		await load(source, request);
		const ids = new Map(
			server.requests
				.flatMap(({ queries }) => queries)
				.map(({ metric, type, "type-ids": typeIds }) => [
					`${metric} ${type} ${typeIds}`,
					true,
				]),
		);
		expect([...ids.keys()].sort()).to.deep.equal(
			[
				"cpu_load undefined undefined",
				"mem_used undefined undefined",
				"ib_recv undefined undefined",
				...["cpu_user", "flops_any", "ipc"].flatMap((metric) => [
					`${metric} hwthread 4`,
					`${metric} hwthread 5`,
				]),
				"mem_bw socket 0",
				"cpu_power socket 0",
				"numa_bw memoryDomain 0",
				"acc_utilization accelerator 00000000:41:00.0",
				"acc_mem_used accelerator 00000000:41:00.0",
				"acc_power accelerator 00000000:41:00.0",
			].sort(),
		);
	});

	it("keeps every device's own samples when others are silently left out", async () => {
		const request = loadRequest(testJob({ numNodes: 2 }));
		const stored = seriesOfJob(request, 2);
		const kept = stored.filter((_, i) => i % 3 !== 0);
		const { source } = await startStore(storeOf(kept));
		const series = seriesOf(await load(source, request));
		expect([...series.keys()]).to.deep.equal(kept.map(({ key }) => key));
		for (const { key, series: expected } of kept)
			expect(bitsOf(series.get(key) as Float64Array), key).to.equal(
				bitsOf(Float64Array.from(expected.samples)),
			);
	});

	it("leaves out what the store tells an error for, and keeps the rest", async () => {
		const request = loadRequest(testJob());
		const stored = seriesOfJob(request, 3);
		const { source } = await startStore({
			...storeOf(stored),
			failing: ({ id }) => (id === "7" ? "disk on fire" : undefined),
		});
		const series = seriesOf(await load(source, request));
		const good = stored.filter(({ place }) => place.id !== "7");
		expect(good.length).to.be.lessThan(stored.length);
		expect([...series.keys()]).to.deep.equal(good.map(({ key }) => key));
	});

	it("brings nothing of a job that the store knows nothing of", async () => {
		const { source } = await startStore({ find: () => undefined });
		const { columns } = await load(source, loadRequest(testJob()));
		expect(columns.flat()).to.have.length(0);
	});

	describe("places samples", () => {
		const start = TEST_START_TIME;
		const config = (changes: Partial<MetricConfig> = {}): MetricConfig => ({
			name: "power",
			unit: { base: "W" },
			scope: "node",
			aggregation: "sum",
			timestep: 60,
			...changes,
		});

		/** What a job of ten minutes gets of one series. */
		async function placed(
			series: { from: number; frequency: number; samples: number[] },
			changes?: Partial<MetricConfig>,
			duration = 600,
		): Promise<number[] | undefined> {
			const metrics = [{ config: config(changes), scopes: ["node" as const] }];
			const job = testJob({ duration });
			const data = new StoredData().put(
				{ cluster: job.cluster, host: "n001", metric: "power" },
				series,
			);
			const { source } = await startStore(data);
			const loaded = await load(source, loadRequest(job, { metrics }));
			const samples = seriesOf(loaded).get("power/node/n001");
			return samples && [...samples];
		}

		const ramp = (length: number, first = 0) =>
			Array.from({ length }, (_, i) => first + i);
		const { NaN: none } = Number;

		it("from the job's start to its end, the end included", async () => {
			expect(
				await placed({ from: start - 600, frequency: 60, samples: ramp(100) }),
			).to.deep.equal(ramp(11, 10));
		});

		it("where they belong when a node reports late, stops early, or pauses", async () => {
			expect(
				await placed({
					from: start + 180,
					frequency: 60,
					samples: [3, 4, none, 6],
				}),
			).to.deep.equal([none, none, none, 3, 4, none, 6, none, none, none]);
		});

		it("that were taken between two timesteps into the one that they lie in", async () => {
			expect(
				await placed({ from: start + 47, frequency: 60, samples: ramp(20) }),
			).to.deep.equal(ramp(10));
			expect(
				await placed({ from: start + 107, frequency: 60, samples: ramp(20) }),
			).to.deep.equal([none, ...ramp(9)]);
		});

		it("of a longer timestep with gaps between them", async () => {
			expect(
				await placed({ from: start, frequency: 180, samples: ramp(4, 1) }),
			).to.deep.equal([1, none, none, 2, none, none, 3, none, none, 4]);
		});

		it("of a shorter timestep as the average of those that are there", async () => {
			const samples = [1, 2, none, 4, none, none, 7, 8];
			expect(
				await placed({ from: start, frequency: 30, samples }),
			).to.deep.equal([1.5, 4, none, 7.5, none, none, none, none, none, none]);
		});

		it("of a shorter timestep as their sum where they are amounts of energy", async () => {
			const samples = [1, 2, none, 4, none, none, 7, 8];
			expect(
				await placed(
					{ from: start, frequency: 30, samples },
					{ energy: "energy", unit: { base: "J" } },
				),
			).to.deep.equal([3, 4, none, 15, none, none, none, none, none, none]);
		});

		it("of a timestep that fits the configured one at no point", async () => {
			expect(
				await placed({ from: start, frequency: 45, samples: ramp(9) }),
			).to.deep.equal([0.5, 2, 3, 4.5, 6, 7, 8, none, none, none]);
		});

		it("of a job that is shorter than a timestep", async () => {
			const samples = [5];
			expect(
				await placed({ from: start, frequency: 60, samples }, {}, 0),
			).to.deep.equal([5]);
			expect(
				await placed({ from: start + 20, frequency: 60, samples }, {}, 30),
			).to.deep.equal([5]);
			expect(
				await placed({ from: start + 40, frequency: 60, samples }, {}, 30),
			).to.equal(undefined);
		});

		it("in the last timestep, which the job's end cuts short", async () => {
			const series = { from: start + 10, frequency: 60, samples: ramp(20) };
			expect(await placed(series, {}, 605)).to.deep.equal(ramp(10));
			expect(await placed(series, {}, 610)).to.deep.equal(ramp(11));
		});
	});

	it("takes a metric whose timestep differs from host to host", async () => {
		const request = loadRequest(testJob({ numNodes: 2, duration: 240 }), {
			metrics: [
				{
					config: testCluster().metricConfig[0],
					scopes: ["node"],
				},
			],
		});
		const place = { cluster: "testcluster", metric: "cpu_load" };
		const from = TEST_START_TIME;
		const { source } = await startStore(
			new StoredData()
				.put(
					{ ...place, host: "n001" },
					{ from, frequency: 60, samples: [1, 2, 3, 4, 5] },
				)
				.put(
					{ ...place, host: "n002" },
					{ from, frequency: 120, samples: [1, 3, 5] },
				),
		);
		const series = seriesOf(await load(source, request));
		expect([...(series.get("cpu_load/node/n001") ?? [])]).to.deep.equal([
			1, 2, 3, 4, 5,
		]);
		expect([...(series.get("cpu_load/node/n002") ?? [])]).to.deep.equal([
			1,
			Number.NaN,
			3,
			Number.NaN,
			5,
		]);
	});

	it("takes hosts and metrics of any name", async () => {
		const names = [
			'n"1',
			"n\\2",
			"n'3",
			"__proto__",
			"knoten-äöü",
			"n 5",
			"n\n6",
		];
		const metrics = ["__proto__", 'a"b', "constructor"].map((name) => ({
			config: { ...testCluster().metricConfig[0], name },
			scopes: ["node" as const],
		}));
		const job = testJob({ resources: names.map((hostname) => ({ hostname })) });
		const request = loadRequest(job, { metrics });
		const stored = seriesOfJob(request, 4);
		const { source } = await startStore(storeOf(stored));
		const series = seriesOf(await load(source, request));
		expect([...series.keys()]).to.deep.equal(stored.map(({ key }) => key));
	});

	it("asks in batches of so many queries, for one device in each", async () => {
		const request = loadRequest(testJob({ numNodes: 4 }));
		const stored = seriesOfJob(request, 5);
		const { server, source } = await startStore(storeOf(stored), {
			batchQueries: 37,
		});
		await load(source, request);
		const sizes = server.requests.map(({ queries }) => queries.length);
		expect(Math.max(...sizes)).to.equal(37);
		expect(sizes.filter((size) => size < 37)).to.have.length(1);
		const asked = server.requests.flatMap(({ queries }) => queries);
		expect(asked).to.have.length(stored.length);
		for (const query of asked) {
			expect(query).to.include({ resolution: 0, aggreg: false });
			if (query.type !== undefined) expect(query["type-ids"]).to.have.length(1);
		}
		for (const sent of server.requests)
			expect(sent).to.include({
				cluster: "testcluster",
				from: TEST_START_TIME,
				to: TEST_START_TIME + 3601,
				"with-data": true,
				"with-stats": false,
				"with-padding": false,
			});
	});

	it("brings the same series in chunks of any size, each host's devices together", async () => {
		const request = loadRequest(testJob({ numNodes: 3, duration: 900 }));
		const stored = seriesOfJob(request, 6);
		const { source } = await startStore(storeOf(stored));
		const expected = stored
			.map(
				({ key, series }) =>
					`${key} ${bitsOf(Float64Array.from(series.samples))}`,
			)
			.sort();
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 1, max: 60_000 }),
				fc.boolean(),
				async (maxChunkBytes, splitColumns) => {
					const loaded = await load(source, {
						...request,
						maxChunkBytes,
						splitColumns,
					});
					const series = [...seriesOf(loaded)].map(
						([key, samples]) => `${key} ${bitsOf(samples)}`,
					);
					expect(series.sort()).to.deep.equal(expected);
					expect(loaded.chunks.map(({ last }) => last ?? false)).to.deep.equal(
						loaded.chunks.map((_, i) => i === loaded.chunks.length - 1),
					);
					const chunks = loaded.chunks as MetricStoreChunk[];
					for (const { columns, decodedBytes } of chunks) {
						const alone =
							columns.length === 1 &&
							(columns[0].hosts.length === 1 || !splitColumns);
						if (!alone) expect(decodedBytes).to.be.at.most(maxChunkBytes / 2);
					}
					const places = chunks.flatMap(({ columns }) =>
						columns.flatMap(({ metric, hosts }) =>
							hosts.map(({ hostname }) => `${metric} ${hostname}`),
						),
					);
					expect(new Set(places).size).to.equal(places.length);
					if (!splitColumns) {
						const metrics = chunks.flatMap(({ columns }) =>
							columns.map(({ metric }) => metric),
						);
						expect(new Set(metrics).size).to.equal(metrics.length);
					}
				},
			),
			{ numRuns: 25, verbose: true },
		);
	});

	it("asks the most specific store, with its own token", async () => {
		const answered: string[] = [];
		const servers = await Promise.all(
			["*", "testcluster", "testcluster-gpu"].map((name) =>
				MetricStoreServer.start({
					token: `token-of-${name}`,
					find: () => {
						answered.push(name);
						return undefined;
					},
				}),
			),
		);
		const [all, cluster, gpu] = servers.map(({ url }) => url);
		const source = new CcMetricStoreSource({
			url: all,
			token: "token-of-*",
			stores: {
				testcluster: { url: `${cluster}/`, token: "token-of-testcluster" },
				"testcluster-gpu": { url: gpu, token: "token-of-testcluster-gpu" },
			},
		});
		try {
			const asks = async (cluster: string, subCluster: "cpu" | "gpu") => {
				answered.length = 0;
				const known: Cluster = { ...testCluster(), name: cluster };
				const job = testJob({ cluster, subCluster });
				await load(source, loadRequest(job, {}, known));
				return [...new Set(answered)];
			};
			expect(await asks("testcluster", "cpu")).to.deep.equal(["testcluster"]);
			expect(await asks("testcluster", "gpu")).to.deep.equal([
				"testcluster-gpu",
			]);
			expect(await asks("other", "gpu")).to.deep.equal(["*"]);
		} finally {
			await source.close();
			for (const server of servers) await server.close();
		}
	});

	it("refuses a job that no store is responsible for", async () => {
		const source = new CcMetricStoreSource({
			stores: { other: { url: "http://127.0.0.1:1" } },
		});
		const error = await rejected(load(source, loadRequest(testJob())));
		expect(error.code).to.equal("CLUSTER_UNKNOWN");
		await source.close();
	});

	it("refuses a job that holds nothing there is a metric for", async () => {
		const source = new CcMetricStoreSource({ url: "http://127.0.0.1:1" });
		const request = loadRequest(testJob(), { metrics: [] });
		expect((await rejected(load(source, request))).code).to.equal("NO_DATA");
		await source.close();
	});

	for (const [problem, text] of Object.entries({
		"no JSON": "<html>all is well</html>",
		"a torn list": '{"results":[[{"data":[1,2',
		"no results": "{}",
		"too few rows": '{"results":[]}',
		"too many rows": `{"results":[${Array(600).fill("[]")}]}`,
		"two entries for one device":
			'{"results":[[{"data":[],"from":0,"resolution":60},{"data":[],"from":0,"resolution":60}]]}',
		"text for a sample":
			'{"results":[[{"data":["1"],"from":0,"resolution":60}]]}',
		"no resolution": '{"results":[[{"data":[1],"from":0}]]}',
		"a resolution of 0": '{"results":[[{"data":[1],"from":0,"resolution":0}]]}',
		"something behind the answer": '{"results":[]} {}',
	})) {
		it(`refuses an answer with ${problem}`, async () => {
			const { server, source } = await startStore({
				find: () => undefined,
				fault: () => ({ text }),
			});
			const error = await rejected(load(source, loadRequest(testJob())));
			expect(error.code).to.equal("SOURCE_DATA_INVALID");
			expect(error.retryable).to.equal(false);
			expect(error.message).to.include(`${server.url}/api/query`);
			expect(error.details.path).to.include(server.url);
			expect(error.details.offset).to.be.a("number");
		});
	}

	for (const [problem, options] of Object.entries({
		"no address": {},
		"an address that is none": { url: "localhost" },
		"another protocol": { url: "ftp://localhost" },
		"credentials in the address": { url: "http://me:secret@localhost" },
		"a token with a line break": { url: "http://localhost", token: "sec\nret" },
		"an empty token": { url: "http://localhost", token: "" },
		"a store without an address": { stores: { fritz: { url: "" } } },
		"no queries in a batch": { url: "http://localhost", batchQueries: 0 },
		"no time": { url: "http://localhost", timeoutMs: 0 },
	})) {
		it(`refuses ${problem}`, async () => {
			const error = await rejected(
				(async () => new CcMetricStoreSource(options))(),
			);
			expect(error.code).to.equal("INVALID_OPTION");
			expect(JSON.stringify([error.message, error.details])).not.to.include(
				"secret",
			);
		});
	}
});

import { expect } from "chai";
import {
	ArchiverError,
	type IngestResult,
	type MemoryMetricStore,
	WorkerPool,
} from "../../../lib/index.js";
import { TEST_START_TIME, testCluster, testJob } from "../../support/jobs.js";
import { takeOut, takeSeries, testStore } from "../../support/memory-store.js";
import { seededRandom } from "../../support/random.js";
import { rejected } from "../../support/rejected.js";

const TAGS = "cluster=testcluster,hostname=n001";

describe("line protocol into the memory store", () => {
	describe("as cc-metric-collector sends it", () => {
		for (const [tags, metric, series] of [
			[`${TAGS},type=node`, "cpu_load", "cpu_load/node/n001"],
			[TAGS, "cpu_load", "cpu_load/node/n001"],
			[
				"type=node,hostname=n001,cluster=testcluster",
				"cpu_load",
				"cpu_load/node/n001",
			],
			[
				`${TAGS},type=node,type-id=0,source=x`,
				"cpu_load",
				"cpu_load/node/n001",
			],
			[`${TAGS},type=socket,type-id=1`, "mem_bw", "mem_bw/socket/n001/1"],
			[
				`${TAGS},type=memoryDomain,type-id=3`,
				"numa_bw",
				"numa_bw/memoryDomain/n001/3",
			],
			[
				`${TAGS},type=hwthread,type-id=31,group=g`,
				"ipc",
				"ipc/hwthread/n001/31",
			],
		] as const) {
			it(`${metric},${tags}`, async () => {
				const store = testStore();
				const line = `${metric},${tags} value=1.5 ${TEST_START_TIME}`;
				expectCounts(await store.ingestLineProtocol(line), { samples: 1 });
				const taken = await takeOut(store, testJob({ duration: 0 }));
				expect([...taken]).to.deep.equal([[series, Float64Array.of(1.5)]]);
			});
		}

		it("with accelerators, whose names have colons", async () => {
			const store = testStore();
			const id = "00000000:41:00.0";
			await store.ingestLineProtocol(
				`acc_power,cluster=testcluster,hostname=g01,type=accelerator,type-id=${id} value=250 ${TEST_START_TIME}`,
			);
			const job = testJob({ subCluster: "gpu", duration: 0 });
			expect([...(await takeOut(store, job)).keys()]).to.deep.equal([
				`acc_power/accelerator/g01/${id}`,
			]);
		});

		it("from hosts and of metrics with any name", async () => {
			const cluster = testCluster();
			const names = ["__proto__", "constructor", "o'brien\"s", "a b,c=d", "ü"];
			const [config] = cluster.metricConfig;
			cluster.metricConfig = names.map((name) => ({ ...config, name }));
			const store = testStore({ clusters: [cluster] });
			const escaped = (name: string) => name.replace(/[ ,=]/g, "\\$&");
			const lines = names.flatMap((metric, m) =>
				names.map(
					(host, h) =>
						`${escaped(metric)},cluster=testcluster,hostname=${escaped(host)} value=${m}${h} ${TEST_START_TIME}`,
				),
			);
			expectCounts(await store.ingestLineProtocol(lines.join("\n")), {
				samples: 25,
			});
			for (const [m, metric] of names.entries())
				for (const [h, host] of names.entries()) {
					const ring = store.series("testcluster", host, metric);
					ring.write(TEST_START_TIME + 60, 1);
					expect(ring.write(TEST_START_TIME, Number(`${m}${h}`))).to.equal(
						true,
					);
				}
			expect(store.stats()).to.include({ series: 25, duplicates: 25 });
		});

		it("in seconds, milli-, micro- and nanoseconds, or without a time", async () => {
			const store = testStore({ clock: () => TEST_START_TIME + 240 });
			const key = `cpu_load,${TAGS}`;
			await store.ingestLineProtocol(
				[
					`${key} value=0 ${TEST_START_TIME}`,
					`${key} value=1 ${TEST_START_TIME + 60}000`,
					`${key} value=2 ${TEST_START_TIME + 120}000000`,
					`${key} value=3 ${TEST_START_TIME + 180}000000000`,
					`${key} value=4`,
				].join("\r\n"),
			);
			expect(
				await takeSeries(store, "cpu_load", { duration: 240 }),
			).to.deep.equal([0, 1, 2, 3, 4]);
		});

		it("with the cluster named once for all lines that name none", async () => {
			const store = testStore();
			const text = [
				`cpu_load,hostname=n001 value=1 ${TEST_START_TIME}`,
				`cpu_load,hostname=n001,cluster=other value=2 ${TEST_START_TIME}`,
			].join("\n");
			const named = await store.ingestLineProtocol(text, {
				cluster: "testcluster",
			});
			expectCounts(named, { samples: 1, unknown: 1 });
			const unnamed = await store.ingestLineProtocol(text);
			expectCounts(unnamed, { malformed: 1, unknown: 1 });
			expect(unnamed.problems).to.deep.equal([
				{
					line: 1,
					reason: "there is no tag cluster",
					text: "cpu_load,hostname=n001",
				},
			]);
		});
	});

	it("counts what is unknown: clusters, metrics, scopes and parts of devices", async () => {
		const store = testStore();
		const end = `value=1 ${TEST_START_TIME}`;
		const result = await store.ingestLineProtocol(
			[
				`cpu_load,cluster=elsewhere,hostname=n001 ${end}`,
				`fan_speed,${TAGS} ${end}`,
				`ipc,${TAGS},type=core,type-id=1 ${end}`,
				`mem_bw,${TAGS},type=node ${end}`,
				`cpu_load,${TAGS},type=socket,type-id=0 ${end}`,
				`cpu_load,${TAGS},type=node,stype=network,stype-id=eth0 ${end}`,
			].join("\n"),
		);
		expectCounts(result, { unknown: 6 });
		expect(store.stats()).to.include({ unknown: 6, series: 0 });
	});

	it("tells malformed lines by number, with a reason", async () => {
		const store = testStore();
		const good = `cpu_load,${TAGS} value=1 ${TEST_START_TIME}`;
		const result = await store.ingestLineProtocol(
			[
				good,
				"",
				"# fine",
				"what is this",
				`cpu_load,cluster=testcluster value=1 ${TEST_START_TIME}`,
				`ipc,${TAGS},type=hwthread value=1 ${TEST_START_TIME}`,
				`cpu_load,hostname= value=1 ${TEST_START_TIME}`,
				`cpu_load,${TAGS} value="high" ${TEST_START_TIME}`,
				`cpu_load,${TAGS} event="boot" ${TEST_START_TIME}`,
				good,
			].join("\n"),
		);
		expectCounts(result, { samples: 2, malformed: 6 });
		expect(
			result.problems.map(({ line, reason }) => [line, reason]),
		).to.deep.equal([
			[4, "a field has no value"],
			[5, "there is no tag hostname"],
			[6, "there is no tag type-id"],
			[7, '"hostname=" is not a tag with its value'],
			[8, "the value is a text"],
			[9, "there is no field named value"],
		]);
		expect(store.stats()).to.include({ lines: 8, malformed: 6, duplicates: 1 });
	});

	it("counts what the store drops", async () => {
		const store = testStore({ retentionSeconds: 600 });
		const key = `cpu_load,${TAGS}`;
		const result = await store.ingestLineProtocol(
			[
				`${key} value=1 ${TEST_START_TIME}`,
				`${key} value=1 ${TEST_START_TIME - 6000}`,
				`${key} value=1 ${TEST_START_TIME + 1e9}`,
			].join("\n"),
		);
		expectCounts(result, { samples: 1, dropped: 2 });
		expect(store.stats()).to.include({ late: 1, ahead: 1 });
	});

	it("asks a provider for the configurations of clusters, once each", async () => {
		const asked: string[] = [];
		const store = testStore({
			clusters: {
				async loadClusterConfig(name) {
					asked.push(name);
					if (name === "testcluster") return testCluster();
					throw new ArchiverError("CLUSTER_UNKNOWN", `no ${name}`);
				},
			},
		});
		const text = [
			`cpu_load,${TAGS} value=1 ${TEST_START_TIME}`,
			`cpu_load,cluster=other,hostname=n001 value=1 ${TEST_START_TIME}`,
		].join("\n");
		for (let i = 0; i < 2; i++)
			expectCounts(await store.ingestLineProtocol(text), {
				samples: 1,
				unknown: 1,
			});
		expect(asked).to.deep.equal(["testcluster", "other"]);
		await store.configure({ ...testCluster(), name: "other" });
		expectCounts(await store.ingestLineProtocol(text), { samples: 2 });
	});

	describe("in large texts", () => {
		const seed = 11;
		const { text, expected, malformed } = seededText(seed, 12_000);
		let pool: WorkerPool;
		before(() => {
			pool = new WorkerPool({
				poolMinThreads: 1,
				poolMaxThreads: 1,
				poolIdleTimeoutMs: 0,
			});
		});
		after(() => pool.close());

		for (const [where, options] of [
			["here", () => ({})],
			["in a pool", () => ({ pool })],
		] as const) {
			for (const [what, given] of [
				["bytes", Buffer.from(text)],
				["a text", text],
			] as const) {
				it(`is read ${where}, from ${what} (seed ${seed})`, async () => {
					const store = testStore(options());
					const result = await store.ingestLineProtocol(given);
					expect(result).to.deep.include({
						lines: 12_000,
						samples: 12_000 - malformed.length,
						malformed: malformed.length,
						unknown: 0,
						dropped: 0,
					});
					expect(result.problems.map(({ line }) => line)).to.deep.equal(
						malformed.slice(0, 10),
					);
					await expectSamples(store, expected);
				});
			}
		}

		it("is read the same when several come at once", async () => {
			const store = testStore({ pool });
			const results = await Promise.all([
				store.ingestLineProtocol(text),
				store.ingestLineProtocol(Buffer.from(text)),
			]);
			for (const result of results) expect(result.dropped).to.equal(0);
			await expectSamples(store, expected);
		});

		it("leaves the caller's bytes alone", async () => {
			const bytes = Buffer.from(text);
			await testStore({ pool }).ingestLineProtocol(bytes);
			expect(bytes.toString()).to.equal(text);
		});

		it("is refused when the pool is closed", async () => {
			const closed = new WorkerPool({
				poolMinThreads: 0,
				poolMaxThreads: 1,
				poolIdleTimeoutMs: 0,
			});
			await closed.close();
			const store = testStore({ pool: closed });
			const error = await rejected(store.ingestLineProtocol(text));
			expect(error.code).to.equal("ARCHIVER_CLOSED");
		});

		it("takes a line that is longer than any piece", async () => {
			const store = testStore();
			const long = `cpu_load,${TAGS} log="${"x".repeat(2_000_000)}",value=5 ${TEST_START_TIME}`;
			const result = await store.ingestLineProtocol(`${long}\n${long}`);
			expectCounts(result, { samples: 2 });
		});
	});
});

/** All samples of the job that the seeded lines are about, in the order in which they count: a later one in a slot stays. */
interface SeededText {
	text: string;
	/** Host -> samples. */
	expected: Map<string, Float64Array>;
	/** Numbers of lines that carry no sample. */
	malformed: number[];
}

function seededText(seed: number, lineCount: number): SeededText {
	const random = seededRandom(seed);
	const lines: string[] = [];
	const malformed: number[] = [];
	const expected = new Map<string, Float64Array>();
	for (let i = 1; i <= lineCount; i++) {
		if (random() < 0.01) {
			malformed.push(i);
			lines.push(`cpu_load,${TAGS} value=${"9".repeat(i % 300)}x`);
			continue;
		}
		const host = `n${String(1 + Math.floor(random() * 20)).padStart(3, "0")}`;
		const slot = Math.floor(random() * 100);
		const value = random() < 0.5 ? random() : Math.round(random() * 1e4) / 100;
		const extra = ",note=größe".repeat(Math.floor(random() * 6));
		lines.push(
			`cpu_load,cluster=testcluster,hostname=${host}${extra} value=${value} ${TEST_START_TIME + slot * 60}`,
		);
		const samples =
			expected.get(host) ?? new Float64Array(100).fill(Number.NaN);
		samples[slot] = value;
		expected.set(host, samples);
	}
	return { text: lines.join("\n"), expected, malformed };
}

async function expectSamples(
	store: MemoryMetricStore,
	expected: Map<string, Float64Array>,
): Promise<void> {
	const job = testJob({ numNodes: 20, duration: 99 * 60 });
	const taken = await takeOut(store, job);
	expect(taken.size).to.equal(expected.size);
	for (const [host, samples] of expected)
		expect(taken.get(`cpu_load/node/${host}`)).to.deep.equal(samples);
}

function expectCounts(
	result: IngestResult,
	counts: Partial<IngestResult>,
): void {
	const none = { samples: 0, malformed: 0, unknown: 0, dropped: 0 };
	const { lines, problems: _, ...actual } = result;
	expect(actual).to.deep.equal({ ...none, ...counts });
	const { samples, malformed, unknown, dropped } = actual;
	expect(lines).to.equal(samples + malformed + unknown + dropped);
}

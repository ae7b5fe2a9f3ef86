import { expect } from "chai";
import type { MetricConfig } from "../../../lib/schema/cluster.js";
import type { Job } from "../../../lib/schema/job.js";
import type { MetricScope } from "../../../lib/schema/scope.js";
import type { PrometheusQueries } from "../../../lib/source/prometheus/queries.js";
import { PrometheusSource } from "../../../lib/source/prometheus/source.js";
import type { LoadRequest } from "../../../lib/source/source.js";
import {
	type PrometheusSeries,
	PrometheusServer,
} from "../../servers/prometheus.js";
import { useHouse } from "../../support/house.js";
import {
	bitsOf,
	TEST_START_TIME,
	testCluster,
	testJob,
} from "../../support/jobs.js";
import { loadRequest } from "../../support/load-request.js";
import { load, seriesOf } from "../../support/loaded-columns.js";
import { seededRandom } from "../../support/random.js";
import { rejected } from "../../support/rejected.js";

const START = TEST_START_TIME;
const { NaN: none } = Number;

/** Samples every so many seconds, beginning with value 0. */
function ramp(from: number, count: number, every = 60): [number, number][] {
	return Array.from({ length: count }, (_, i) => [from + i * every, i]);
}

const ODD_NAMES = [
	'n"1',
	"n'2",
	"n\\3",
	"n.4",
	"n|5",
	"n+6",
	"n\n7",
	"n(8)",
	"__proto__",
	"knoten-ä",
	"$hosts",
	"n`9",
];

const random = seededRandom(1);
/** Full precision, on each hwthread of two hosts. */
const threads = Array.from({ length: 64 }, (_, i) => ({
	host: i < 32 ? "n001" : "n002",
	thread: String(i % 32),
	samples: Array.from({ length: 11 }, (_, k): [number, number] => [
		START + k * 60,
		random() * 1000,
	]),
}));

/** Every test's series, since a server takes a second to start. Each test asks for a name of its own. */
const SERIES: PrometheusSeries[] = [
	{
		name: "aligned",
		labels: { instance: "n001" },
		samples: ramp(START - 600, 40),
	},
	{
		name: "offset",
		labels: { instance: "n001:9100" },
		samples: ramp(START - 600 + 47.25, 40),
	},
	{
		name: "gappy",
		labels: { instance: "n001" },
		samples: ramp(START, 11).filter(([, i]) => ![3, 4, 8].includes(i)),
	},
	{
		name: "stops",
		labels: { instance: "n001" },
		samples: ramp(START - 300, 10),
	},
	{
		name: "ended",
		labels: { instance: "n001" },
		samples: ramp(START - 300, 5),
	},
	{
		name: "not_finite",
		labels: { instance: "n001" },
		samples: [
			[START, 1],
			[START + 60, Number.NaN],
			[START + 120, 3],
		],
	},
	...ODD_NAMES.map((name, i) => ({
		name: "odd",
		labels: { instance: `${name}:9100` },
		samples: [[START, i] as const],
	})),
	{ name: "odd", labels: { instance: "nx4:9100" }, samples: [[START, 99]] },
	...threads.map(({ host, thread, samples }) => ({
		name: "busy",
		labels: { node: host, cpu: thread },
		samples,
	})),
	{
		name: "counter",
		labels: { instance: "n001" },
		samples: ramp(START - 600, 60, 30),
	},
	{
		name: "long",
		labels: { instance: "n001" },
		samples: ramp(START, 12_346, 1),
	},
	{
		name: "double",
		labels: { instance: "n001", a: "1" },
		samples: ramp(START, 3),
	},
	{
		name: "double",
		labels: { instance: "n001", a: "2" },
		samples: ramp(START, 3),
	},
];

describe("PrometheusSource", () => {
	const openHouse = useHouse();
	let server: PrometheusServer;
	before(async function () {
		this.timeout(60_000);
		server = await PrometheusServer.start(this, SERIES);
	});
	after(async () => server?.close());

	interface Asked {
		queries: PrometheusQueries;
		job?: Job;
		config?: Partial<MetricConfig>;
		scopes?: MetricScope[];
		request?: Partial<LoadRequest>;
	}

	/** Loads a job with one metric, `power`. */
	async function ask({
		queries,
		job = testJob({ duration: 600 }),
		config,
		scopes = ["node"],
		request,
	}: Asked) {
		const source = new PrometheusSource({
			url: server.url,
			queries,
			retryDelayMs: 1,
		});
		const metric: MetricConfig = {
			name: "power",
			unit: { base: "W" },
			scope: "node",
			aggregation: "sum",
			timestep: 60,
			...config,
		};
		try {
			return await load(
				source,
				loadRequest(job, { metrics: [{ config: metric, scopes }], ...request }),
			);
		} finally {
			await source.close();
		}
	}

	/** What a job of ten minutes gets of its host's series of this name. */
	async function placed(
		name: string,
		duration = 600,
		query = `${name}{instance=~"$hosts"}`,
	): Promise<number[] | undefined> {
		const job = testJob({ duration });
		const loaded = await ask({ job, queries: { power: { node: query } } });
		const samples = seriesOf(loaded).get("power/node/n001");
		return samples && [...samples];
	}

	it("brings what was measured within the job, its end included", async () => {
		const expected = Array.from({ length: 11 }, (_, i) => i + 10);
		expect(await placed("aligned")).to.deep.equal(expected);
		expect(await placed("aligned", 599)).to.deep.equal(expected.slice(0, 10));
		expect(await placed("aligned", 0)).to.deep.equal([10]);
	});

	it("brings nothing from before the job or after it, whatever moment samples are taken at", async () => {
		const expected = Array.from({ length: 10 }, (_, i) => i + 10);
		expect(await placed("offset")).to.deep.equal(expected);
		expect(await placed("offset", 647)).to.deep.equal(expected);
		expect(await placed("offset", 648)).to.deep.equal([...expected, 20]);
	});

	it("keeps gaps, and fills none with what is older", async () => {
		expect(await placed("gappy")).to.deep.equal([
			...[0, 1, 2, none, none, 5, 6, 7, none, 9, 10],
		]);
		expect(await placed("stops")).to.deep.equal([
			...[5, 6, 7, 8, 9, none, none, none, none, none],
		]);
		expect(await placed("ended")).to.equal(undefined);
	});

	it("takes what is not finite for missing", async () => {
		expect((await placed("not_finite"))?.slice(0, 3)).to.deep.equal([
			1,
			none,
			3,
		]);
	});

	it("evaluates other expressions at the end of each timestep, over its window", async () => {
		const rate = 'rate(counter{instance=~"$hosts"}[$window]) * 30';
		const rates = await placed("counter", 600, rate);
		expect(rates).to.have.length(10);
		for (const value of rates ?? []) expect(value).to.be.closeTo(1, 1e-9);
	});

	it("tells hosts of any name apart", async () => {
		const job = testJob({
			resources: ODD_NAMES.map((hostname) => ({ hostname })),
			duration: 0,
		});
		const queries = { power: { node: 'odd{instance=~"$hosts"}' } };
		const series = seriesOf(await ask({ job, queries }));
		expect([...series]).to.deep.equal(
			ODD_NAMES.map((name, i) => [`power/node/${name}`, Float64Array.of(i)]),
		);
	});

	it("brings each device that the job holds, to the bit", async () => {
		const hwthreads = [0, 1, 16, 17];
		const job = testJob({
			resources: [{ hostname: "n001", hwthreads }, { hostname: "n002" }],
			duration: 600,
		});
		const loaded = await ask({
			job,
			config: { scope: "hwthread" },
			scopes: ["node", "core"],
			queries: {
				power: {
					hwthread: {
						query: 'busy{node=~"$hosts"}',
						hostLabel: "node",
						idLabel: "cpu",
					},
					// Not asked, since a worker makes it of the above.
					node: 'sum by (node) (busy{node=~"$hosts"})',
				},
			},
		});
		expect(loaded.chunks[0]).to.include({ native: true, last: true });
		const held = threads.filter(
			({ host, thread }) =>
				host === "n002" || hwthreads.includes(Number(thread)),
		);
		const series = [...seriesOf(loaded)].map(
			([key, samples]) => `${key} ${bitsOf(samples)}`,
		);
		expect(series).to.deep.equal(
			held.map(
				({ host, thread, samples }) =>
					`power/hwthread/${host}/${thread} ${bitsOf(Float64Array.from(samples, ([, value]) => value))}`,
			),
		);
	});

	it("asks at the scopes that are wanted where the native one has no query", async () => {
		const job = testJob({ numNodes: 2, duration: 600 });
		const loaded = await ask({
			job,
			config: { scope: "hwthread" },
			scopes: ["node", "core"],
			queries: {
				power: {
					node: {
						query:
							'sum by (node) (last_over_time(busy{node=~"$hosts"}[$window]))',
						hostLabel: "node",
					},
				},
			},
		});
		expect(loaded.chunks[0].native).to.equal(false);
		const series = seriesOf(loaded);
		expect([...series.keys()]).to.deep.equal([
			"power/node/n001",
			"power/node/n002",
		]);
		const sum = threads
			.filter(({ host }) => host === "n002")
			.reduce((total, { samples }) => total + samples[3][1], 0);
		expect(series.get("power/node/n002")?.[3]).to.be.closeTo(sum, 1e-6);
	});

	it("is archived at cores and nodes", async () => {
		const job = testJob({ numNodes: 2, duration: 600 });
		const source = new PrometheusSource({
			url: server.url,
			queries: {
				flops_any: {
					hwthread: {
						query: 'busy{node=~"$hosts"}',
						hostLabel: "node",
						idLabel: "cpu",
					},
				},
				cpu_load: { node: 'aligned{instance=~"$hosts"}' },
			},
		});
		const { archive, archiver, register } = await openHouse({ source });
		const [recorded] = await register([job]);
		await archiver.archiveJob(recorded);
		await source.close();
		const data = await archive.loadJobData(job);
		expect(Object.keys(data).sort()).to.deep.equal(["cpu_load", "flops_any"]);
		const cores = data.flops_any.core?.series ?? [];
		expect(cores.map(({ hostname, id }) => `${hostname}/${id}`)).to.deep.equal(
			["n001", "n002"].flatMap((host) =>
				Array.from({ length: 16 }, (_, core) => `${host}/${core}`),
			),
		);
		const [, one] = threads[1].samples[5];
		const [, other] = threads[17].samples[5];
		expect(cores[1].data[5]).to.equal(one + other);
		expect(data.flops_any.node?.series).to.have.length(2);
	});

	it("asks for more points than Prometheus gives at once in several requests", async () => {
		const loaded = await ask({
			job: testJob({ duration: 12_345 }),
			config: { timestep: 1 },
			queries: { power: { node: 'long{instance=~"$hosts"}' } },
		});
		const samples = seriesOf(loaded).get("power/node/n001");
		expect(samples).to.deep.equal(
			Float64Array.from({ length: 12_346 }, (_, i) => i),
		);
	});

	it("brings the same in chunks of any size", async () => {
		const hosts = { numNodes: 2, duration: 600 };
		const asked = {
			job: testJob(hosts),
			config: { scope: "hwthread" as const },
			queries: {
				power: {
					hwthread: {
						query: 'busy{node=~"$hosts"}',
						hostLabel: "node",
						idLabel: "cpu",
					},
				},
			},
		};
		const whole = await ask(asked);
		const cut = await ask({ ...asked, request: { maxChunkBytes: 1 } });
		expect(cut.chunks.map(({ last }) => last)).to.deep.equal([false, true]);
		expect([...seriesOf(cut)]).to.deep.equal([...seriesOf(whole)]);
	});

	it("tells what Prometheus has against a query, and does not ask again", async () => {
		const error = await rejected(
			ask({ queries: { power: { node: 'sum(x{instance=~"$hosts"}' } } }),
		);
		expect(error).to.include({ code: "SOURCE_UNAVAILABLE", retryable: false });
		expect(error.message).to.include("status 400").and.include("parse error");
	});

	it("refuses two series for one host", async () => {
		const error = await rejected(
			ask({ queries: { power: { node: 'double{instance=~"$hosts"}' } } }),
		);
		expect(error.code).to.equal("SOURCE_DATA_INVALID");
		expect(error.message).to.include("one series for n001");
	});

	it("refuses a series that does not tell its host or device", async () => {
		const noHost = await rejected(
			ask({ queries: { power: { node: 'sum(aligned{instance=~"$hosts"})' } } }),
		);
		expect(noHost.code).to.equal("SOURCE_DATA_INVALID");
		expect(noHost.message).to.include("a label instance");
		const noDevice = await rejected(
			ask({
				config: { scope: "socket" },
				queries: {
					power: {
						socket: { query: 'aligned{instance=~"$hosts"}', idLabel: "socket" },
					},
				},
			}),
		);
		expect(noDevice.message).to.include("a label socket");
	});

	it("refuses a job that there is no query for", async () => {
		const error = await rejected(ask({ queries: {} }));
		expect(error.code).to.equal("NO_DATA");
	});
});

describe("PrometheusSource's options", () => {
	for (const [problem, queries] of Object.entries({
		"a scope that there is not": { power: { rack: 'x{a=~"$hosts"}' } },
		"a query without hosts": { power: { node: "x" } },
		"a device without a label": { power: { socket: 'x{a=~"$hosts"}' } },
	})) {
		it(`refuse ${problem}`, async () => {
			const error = await rejected(
				(async () =>
					new PrometheusSource({
						url: "http://localhost:9090",
						queries: queries as PrometheusQueries,
					}))(),
			);
			expect(error.code).to.equal("INVALID_OPTION");
			expect(error.message).to.include("queries.power.");
		});
	}

	it("take a metric of any name", async () => {
		const source = new PrometheusSource({
			url: "http://127.0.0.1:1",
			retries: 0,
			queries: JSON.parse(`{"__proto__": {"node": "x{a=~'$hosts'}"}}`),
		});
		const config = { ...testCluster().metricConfig[0], name: "__proto__" };
		const metrics = [{ config, scopes: ["node" as const] }];
		const error = await rejected(
			load(source, loadRequest(testJob(), { metrics })),
		);
		// It was asked for, and nobody answered.
		expect(error.code).to.equal("SOURCE_UNAVAILABLE");
		await source.close();
	});
});

import { CcMetricStoreSource, WorkerPool } from "../../lib/index.js";
import { buffersOf } from "../../lib/source/chunk-buffers.js";
import type { LoadRequest, MetricStoreChunk } from "../../lib/source/source.js";
import { startGeneratedStore } from "../../test/servers/generated-store.js";
import { testJob } from "../../test/support/jobs.js";
import { loadRequest } from "../../test/support/load-request.js";
import { columnsOfChunk } from "../../workers/columns-of-chunk.js";
import { joinBody } from "../../workers/join-body.js";
import { print } from "../support/bench.js";
import { type Cost, measureCost } from "../support/measure.js";
import { alternate, type RoundsOptions } from "../support/rounds.js";
import { format, formatMib, median, spread } from "../support/statistics.js";
import { tableText } from "../support/table.js";

/** Eight nodes of 32 hwthreads for a day: the largest job whose hwthreads are archived as cores. */
const JOB = testJob({ numNodes: 8, duration: 86_400 });
/** As the archiver asks for them. */
const CHUNK_BYTES = 8 * 2 ** 20;
/** Times that the job is got at in one run. */
const REPEATS = 5;

export interface HttpFigures {
	name: string;
	samplesPerSecond: number;
	spread: string;
	bytesPerSecond: number;
	/** Absent where the work is done on the main thread. */
	eventLoopDelayP99Ms?: number;
	eventLoopDelayMaxMs?: number;
}

/** A way to a job's samples, or a part of it. Checks what it gets. */
interface Way {
	name: string;
	run(): Promise<void>;
	onMainThread: boolean;
}

/** A large job from a metric store over loopback, which answers at once from a thread of its own; and parts of the way. */
export async function benchHttpSource(
	rounds: RoundsOptions,
): Promise<HttpFigures[]> {
	const store = await startGeneratedStore({ remembers: true });
	const source = new CcMetricStoreSource({ url: store.url });
	const pool = new WorkerPool({
		poolMinThreads: 1,
		poolMaxThreads: 1,
		poolIdleTimeoutMs: 0,
	});
	try {
		const request = loadRequest(JOB, {
			maxChunkBytes: CHUNK_BYTES,
			allocate: takeBuffer,
		});
		const kept: MetricStoreChunk[] = [];
		for await (const chunk of source.load(request)) kept.push(chunk);
		const bytes = sum(kept, bytesOf);
		const samples = sum(kept, decode);
		const answered = sum(kept, parse);
		const ways: Way[] = [
			{
				name: "JSON.parse, main thread",
				// It makes nothing of the gaps in a metric that came less often than configured.
				run: async () => check(sum(kept, parse), answered),
				onMainThread: true,
			},
			{
				name: "decoded, main thread",
				run: async () => check(sum(kept, decode), samples),
				onMainThread: true,
			},
			{
				name: "fetched",
				run: async () => check(await fetchOnly(source, request), bytes),
				onMainThread: false,
			},
			{
				name: "fetched, decoded, encoded, pool",
				run: async () =>
					check(await fetchAndEncode(source, request, pool), samples),
				onMainThread: false,
			},
		];
		const runs = await alternate(
			ways.map(({ name, run }) => ({
				name,
				run: () => measureRepeated(run),
			})),
			rounds,
		);
		const figures = ways.map((way) =>
			figuresOf(way, runs.get(way.name) ?? [], samples, bytes),
		);
		print(
			`\na job over HTTP: ${format(samples)} samples in ${formatMib(bytes)} of answers, ${kept.length} chunks`,
		);
		print(tableOf(figures));
		return figures;
	} finally {
		await pool.close();
		await source.close();
		await store.close();
	}
}

async function measureRepeated(run: () => Promise<void>): Promise<Cost> {
	const { cost } = await measureCost(async () => {
		for (let i = 0; i < REPEATS; i++) await run();
	});
	return cost;
}

/** Bytes of answers. */
async function fetchOnly(
	source: CcMetricStoreSource,
	request: LoadRequest,
): Promise<number> {
	let bytes = 0;
	for await (const chunk of source.load(request)) {
		bytes += bytesOf(chunk);
		recycled.push(...buffersOf(chunk));
	}
	return bytes;
}

/** Samples that were encoded. The next chunk is fetched while one is in the pool. */
async function fetchAndEncode(
	source: CcMetricStoreSource,
	request: LoadRequest,
	pool: WorkerPool,
): Promise<number> {
	let samples = 0;
	const encode = async (chunk: MetricStoreChunk) => {
		const encoded = await pool.run(
			{
				kind: "encode",
				chunk,
				format: "columnar",
				compression: "fast",
				whole: false,
			},
			{ transfer: buffersOf(chunk) },
		);
		samples += encoded.samples;
		recycled.push(...encoded.recycled);
	};
	let encoding = Promise.resolve();
	for await (const chunk of source.load(request)) {
		await encoding;
		encoding = encode(chunk);
	}
	await encoding;
	return samples;
}

function decode(chunk: MetricStoreChunk): number {
	return sum(columnsOfChunk(chunk), ({ samples }) => samples.length);
}

/** As one would read the answers without a reader of one's own. */
function parse({ answers }: MetricStoreChunk): number {
	return sum(answers, (answer) => {
		const text = Buffer.from(joinBody(answer)).toString("latin1");
		const { results } = JSON.parse(text) as {
			results: { data: (number | null)[] }[][];
		};
		return sum(results.flat(), ({ data }) => {
			return Float64Array.from(data, (value) => value ?? Number.NaN).length;
		});
	});
}

/** Buffers that have come back, as the archiver keeps them. */
const recycled: ArrayBuffer[] = [];

function takeBuffer(byteLength: number): ArrayBuffer {
	const at = recycled.findIndex((it) => it.byteLength >= byteLength);
	return at < 0 ? new ArrayBuffer(byteLength) : recycled.splice(at, 1)[0];
}

function bytesOf({ answers }: MetricStoreChunk): number {
	return sum(answers, ({ byteLength }) => byteLength);
}

function check(found: number, expected: number): void {
	if (found !== expected) throw new Error(`${found} instead of ${expected}`);
}

function figuresOf(
	{ name, onMainThread }: Way,
	costs: readonly Cost[],
	samples: number,
	bytes: number,
): HttpFigures {
	const rates = costs.map(({ seconds }) => (REPEATS * samples) / seconds);
	const delay = (key: "p99" | "max") =>
		median(costs.map(({ eventLoopDelayMs }) => eventLoopDelayMs[key]));
	return {
		name,
		samplesPerSecond: median(rates),
		spread: spread(rates),
		bytesPerSecond: (median(rates) / samples) * bytes,
		...(!onMainThread && {
			eventLoopDelayP99Ms: delay("p99"),
			eventLoopDelayMaxMs: delay("max"),
		}),
	};
}

function tableOf(figures: readonly HttpFigures[]): string {
	return tableText(
		["way", "samples/s", "range", "bytes/s", "loop p99 ms", "max ms"],
		figures.map((it) => [
			it.name,
			format(it.samplesPerSecond),
			it.spread,
			format(it.bytesPerSecond),
			it.eventLoopDelayP99Ms === undefined
				? "-"
				: format(it.eventLoopDelayP99Ms),
			it.eventLoopDelayMaxMs === undefined
				? "-"
				: format(it.eventLoopDelayMaxMs),
		]),
	);
}

function sum<T>(items: readonly T[], amount: (item: T) => number): number {
	return items.reduce((total, item) => total + amount(item), 0);
}

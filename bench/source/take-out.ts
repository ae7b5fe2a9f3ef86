import {
	type Job,
	type LoadRequest,
	MemoryMetricStore,
} from "../../lib/index.js";
import { metricsOf } from "../../lib/schema/cluster-lookup.js";
import { requestMetrics } from "../../lib/source/scopes.js";
import type { SamplesChunk } from "../../lib/source/source.js";
import { print } from "../support/bench.js";
import { measureCost } from "../support/measure.js";
import { alternate, type RoundsOptions } from "../support/rounds.js";
import { format, median, spread } from "../support/statistics.js";
import { tableText } from "../support/table.js";
import {
	CLUSTER,
	hostName,
	measuredCluster,
	metricName,
	START_TIME,
	TIMESTEP,
} from "./measured-cluster.js";

const METRICS = 9;
/** As the archiver asks for them. */
const CHUNK_BYTES = 8 * 2 ** 20;
const REPEATS = 20;

const SHAPES = [
	{ name: "32 hosts, 24 h", hosts: 32, minutes: 1440 },
	{ name: "256 hosts, 24 h", hosts: 256, minutes: 1440 },
	{ name: "256 hosts, 2 h", hosts: 256, minutes: 120 },
	{ name: "1 host, 1 h", hosts: 1, minutes: 60 },
] as const;

export interface TakeOutFigures {
	name: string;
	samples: number;
	milliseconds: number;
	millisecondsPerRound: number[];
	spread: string;
	/** Of `TypedArray.set` of as many bytes from one array into another. */
	setMilliseconds: number;
	ratio: number;
	eventLoopDelayP99Ms: number;
	eventLoopDelayMaxMs: number;
}

interface Run {
	milliseconds: number;
	p99: number;
	max: number;
}

/** Jobs from a store in which their samples lie in the middle of rings, beside a plain copy of as many bytes. */
export async function benchTakeOut({
	warmups,
	rounds,
}: RoundsOptions): Promise<TakeOutFigures[]> {
	const figures: TakeOutFigures[] = [];
	for (const { name, hosts, minutes } of SHAPES) {
		const store = filledStore(hosts, minutes);
		const request = requestFor(hosts, minutes);
		const samples = hosts * METRICS * (minutes + 1);
		check(await takeOut(store, request), samples);
		const source = new Float64Array(samples).fill(1);
		const target = new Float64Array(samples).fill(2);
		const runs = await alternate<Run>(
			[
				{ name: "take", run: () => measure(() => takeOut(store, request)) },
				{
					name: "set",
					run: () => measure(async () => target.set(source)),
				},
			],
			{ warmups, rounds },
		);
		const take = runs.get("take") ?? [];
		const milliseconds = take.map((run) => run.milliseconds);
		const setMilliseconds = median(
			(runs.get("set") ?? []).map((run) => run.milliseconds),
		);
		figures.push({
			name,
			samples,
			milliseconds: median(milliseconds),
			millisecondsPerRound: milliseconds,
			spread: spread(milliseconds),
			setMilliseconds,
			ratio: median(milliseconds) / setMilliseconds,
			eventLoopDelayP99Ms: median(take.map(({ p99 }) => p99)),
			eventLoopDelayMaxMs: median(take.map(({ max }) => max)),
		});
	}
	print(
		`\ntaking a job of ${METRICS} metrics out, in chunks of ${CHUNK_BYTES / 2 ** 20} MiB; set: TypedArray.set of as many bytes`,
	);
	print(
		tableText(
			[
				"job",
				"samples",
				"ms",
				"range",
				"set ms",
				"ratio",
				"loop p99 ms",
				"max ms",
			],
			figures.map((it) => [
				it.name,
				format(it.samples),
				it.milliseconds.toFixed(3),
				it.spread,
				it.setMilliseconds.toFixed(3),
				format(it.ratio),
				format(it.eventLoopDelayP99Ms),
				format(it.eventLoopDelayMaxMs),
			]),
		),
	);
	return figures;
}

/** Repeats `work`, with a turn of the event loop after each time. */
async function measure(work: () => Promise<unknown>): Promise<Run> {
	let milliseconds = 0;
	const { cost } = await measureCost(async () => {
		for (let i = 0; i < REPEATS; i++) {
			const startMs = performance.now();
			await work();
			milliseconds += performance.now() - startMs;
			await new Promise(setImmediate);
		}
	});
	const { p99, max } = cost.eventLoopDelayMs;
	return { milliseconds: milliseconds / REPEATS, p99, max };
}

/** Buffers come back from the workers, and are used again. */
const recycled: ArrayBuffer[] = [];

async function takeOut(
	store: MemoryMetricStore,
	request: LoadRequest,
): Promise<SamplesChunk[]> {
	const chunks: SamplesChunk[] = [];
	for await (const chunk of store.load(request)) chunks.push(chunk);
	for (const { buffer } of chunks) recycled.push(buffer);
	return chunks;
}

/** Twice the job's time, so that its samples begin in the middle of a ring and end at its begin. */
function filledStore(hosts: number, minutes: number): MemoryMetricStore {
	const retentionSeconds = minutes * 1.5 * TIMESTEP;
	const store = new MemoryMetricStore({
		clusters: [measuredCluster(METRICS)],
		retentionSeconds,
	});
	for (let host = 0; host < hosts; host++) {
		for (let metric = 0; metric < METRICS; metric++) {
			const series = store.series(CLUSTER, hostName(host), metricName(metric));
			for (let minute = 0; minute <= 2 * minutes; minute++)
				series.write(START_TIME + minute * TIMESTEP, minute);
		}
	}
	return store;
}

function requestFor(hosts: number, minutes: number): LoadRequest {
	const cluster = measuredCluster(METRICS);
	const job: Job = {
		cluster: CLUSTER,
		subCluster: "main",
		jobId: 1,
		startTime: START_TIME + minutes * TIMESTEP,
		duration: minutes * TIMESTEP,
		user: "bench",
		project: "bench",
		numNodes: hosts,
		shared: "none",
		jobState: "completed",
		monitoringStatus: 1,
		resources: Array.from({ length: hosts }, (_, i) => ({
			hostname: hostName(i),
		})),
		tags: [],
		metaData: {},
	};
	return {
		job,
		cluster,
		subCluster: cluster.subClusters[0],
		metrics: requestMetrics(metricsOf(cluster, "main"), job, {
			coreScopeMaxNodes: 0,
		}),
		resolution: 0,
		maxChunkBytes: CHUNK_BYTES,
		splitColumns: true,
		allocate: (byteLength) => {
			const at = recycled.findIndex((it) => it.byteLength === byteLength);
			return at < 0 ? new ArrayBuffer(byteLength) : recycled.splice(at, 1)[0];
		},
		signal: new AbortController().signal,
	};
}

function check(chunks: readonly SamplesChunk[], samples: number): void {
	let count = 0;
	for (const { columns, buffer } of chunks) {
		const all = new Float64Array(buffer);
		let start = 0;
		for (const { lengths } of columns) {
			for (const length of lengths) {
				for (let i = 1; i < length; i++)
					if (all[start + i] !== all[start] + i)
						throw new Error("a sample came out changed");
				start += length;
			}
		}
		count += start;
	}
	if (count !== samples)
		throw new Error(`${count} of ${samples} samples came out`);
}

import { MemoryMetricStore, WorkerPool } from "../../lib/index.js";
import { randomFrom } from "../../workers/synthetic-random.js";
import { print, SEED } from "../support/bench.js";
import {
	type DelaySummary,
	summarizeDelay,
} from "../support/event-loop-delay.js";
import { type Cost, measureCost } from "../support/measure.js";
import { alternate, type RoundsOptions } from "../support/rounds.js";
import { format, formatShare, median, spread } from "../support/statistics.js";
import { tableText } from "../support/table.js";
import {
	CLUSTER,
	hostName,
	measuredCluster,
	metricName,
	START_TIME,
	TIMESTEP,
} from "./measured-cluster.js";

const HOSTS = 500;
const METRICS = 20;
/** Samples written between two turns of the event loop. */
const BURST = 1000;

/** What the machine itself does to a thread that computes this long at a time is measured beside, for as long. */
const CONTROL_SLICE_MS = 2;
const CONTROL_MS = 500;

export interface IngestFigures extends DelaySummary {
	name: string;
	samplesPerSecond: number;
	samplesPerSecondPerRound: number[];
	spread: string;
	/** CPU time of the main thread for a sample, in microseconds; absent where the system does not tell. */
	mainThreadUs?: number;
	/** Share of the time that the main thread stood ready and others had the cores; absent there as well. */
	mainThreadWaitedShare?: number;
}

export interface IngestResult {
	ingest: IngestFigures[];
	/** The event loop of a process that does nothing but compute for 2 ms a turn, in the same rounds. */
	control: DelaySummary;
}

const CONTROL = "control";

/** Stores the samples of `ticks` timesteps of all hosts; a fresh store each time. */
type Ingest = (store: MemoryMetricStore) => Promise<void>;

/** Samples one by one, and as line protocol of one timestep a text, read on the main thread and in a pool of one thread. */
export async function benchIngest({
	ticks,
	...rounds
}: RoundsOptions & { ticks: number }): Promise<IngestResult> {
	const values = seededValues();
	const samples = HOSTS * METRICS * ticks;
	const texts = Array.from({ length: ticks }, (_, tick) =>
		lineProtocol(tick, values),
	);
	const pool = new WorkerPool({
		poolMinThreads: 1,
		poolMaxThreads: 1,
		poolIdleTimeoutMs: 0,
	});
	const contender = (name: string, ingest: Ingest, withPool = false) => ({
		name,
		run: () => runOnce(ingest, samples, withPool ? pool : undefined),
	});
	const asLines: Ingest = async (store) => {
		for (const text of texts) await store.ingestLineProtocol(text);
	};
	try {
		const runs = await alternate(
			[
				contender("series().write()", (store) =>
					writeThroughHandles(store, ticks, values),
				),
				contender("write()", (store) => writeEach(store, ticks, values)),
				contender("line protocol, here", asLines),
				contender("line protocol, pool", asLines, true),
				{ name: CONTROL, run: computeInSlices },
			],
			rounds,
		);
		const control = summarizeDelay(runs.get(CONTROL) ?? []);
		runs.delete(CONTROL);
		const figures = [...runs].map(([name, costs]) =>
			figuresOf(name, costs, samples),
		);
		const lineBytes = Math.round(texts[0].length / (HOSTS * METRICS));
		print(
			`\ningest: ${format(samples)} samples of ${HOSTS * METRICS} series, lines of ${lineBytes} bytes, seed ${SEED}`,
		);
		print(
			tableText(
				[
					"way",
					"samples/s",
					"range",
					"main us",
					"loop p99 ms",
					"max ms",
					"waited",
				],
				figures.map((it) => [
					it.name,
					format(it.samplesPerSecond),
					it.spread,
					it.mainThreadUs?.toFixed(2) ?? "-",
					format(it.eventLoopDelayP99Ms),
					format(it.eventLoopDelayMaxMs),
					it.mainThreadWaitedShare === undefined
						? "-"
						: formatShare(it.mainThreadWaitedShare),
				]),
			),
		);
		print(
			`a loop that computes for ${CONTROL_SLICE_MS} ms a turn, on the same machine: p99 ${format(control.eventLoopDelayP99Ms)} ms, max ${format(control.eventLoopDelayMaxMs)} ms`,
		);
		return { ingest: figures, control };
	} finally {
		await pool.close();
	}
}

async function runOnce(
	ingest: Ingest,
	samples: number,
	pool?: WorkerPool,
): Promise<Cost> {
	const store = new MemoryMetricStore({
		clusters: [measuredCluster(METRICS)],
		pool,
	});
	const { cost } = await measureCost(() => ingest(store));
	const { samples: stored, series, duplicates } = store.stats();
	if (stored !== samples || series !== HOSTS * METRICS || duplicates !== 0)
		throw new Error(`${stored} of ${samples} samples were stored`);
	return cost;
}

async function computeInSlices(): Promise<Cost> {
	const { cost } = await measureCost(async () => {
		const endMs = performance.now() + CONTROL_MS;
		while (performance.now() < endMs) {
			const sliceEndMs = performance.now() + CONTROL_SLICE_MS;
			while (performance.now() < sliceEndMs);
			await new Promise(setImmediate);
		}
	});
	return cost;
}

async function writeThroughHandles(
	store: MemoryMetricStore,
	ticks: number,
	values: Float64Array,
): Promise<void> {
	const handles = eachSeries((hostname, metric) =>
		store.series(CLUSTER, hostname, metric),
	);
	for (let tick = 0; tick < ticks; tick++) {
		const time = START_TIME + tick * TIMESTEP;
		for (let i = 0; i < handles.length; i++) {
			handles[i].write(time, values[i] + tick);
			if (i % BURST === 0) await new Promise(setImmediate);
		}
	}
}

async function writeEach(
	store: MemoryMetricStore,
	ticks: number,
	values: Float64Array,
): Promise<void> {
	const names = eachSeries((hostname, metric) => ({ hostname, metric }));
	for (let tick = 0; tick < ticks; tick++) {
		const timestampSeconds = START_TIME + tick * TIMESTEP;
		for (let i = 0; i < names.length; i++) {
			const { hostname, metric } = names[i];
			const value = values[i] + tick;
			store.write({
				cluster: CLUSTER,
				hostname,
				metric,
				timestampSeconds,
				value,
			});
			if (i % BURST === 0) await new Promise(setImmediate);
		}
	}
}

function lineProtocol(tick: number, values: Float64Array): Buffer {
	const timestamp = `${START_TIME + tick * TIMESTEP}000000000`;
	let i = 0;
	const lines = eachSeries(
		(hostname, metric) =>
			`${metric},cluster=${CLUSTER},hostname=${hostname},type=node value=${(values[i++] + tick).toFixed(2)} ${timestamp}`,
	);
	return Buffer.from(lines.join("\n"));
}

/** Host by host, as collectors send them. */
function eachSeries<T>(make: (hostname: string, metric: string) => T): T[] {
	const made: T[] = [];
	for (let host = 0; host < HOSTS; host++)
		for (let metric = 0; metric < METRICS; metric++)
			made.push(make(hostName(host), metricName(metric)));
	return made;
}

function seededValues(): Float64Array {
	const random = randomFrom(SEED);
	return new Float64Array(HOSTS * METRICS).map(() => random() * 1000);
}

function figuresOf(
	name: string,
	costs: readonly Cost[],
	samples: number,
): IngestFigures {
	const rates = costs.map(({ seconds }) => samples / seconds);
	const main = costs.flatMap(({ threads, seconds }) =>
		threads === undefined ? [] : [{ ...threads, seconds }],
	);
	return {
		name,
		samplesPerSecond: median(rates),
		samplesPerSecondPerRound: rates,
		spread: spread(rates),
		...(main.length > 0 && {
			mainThreadUs:
				(median(main.map(({ mainCpuSeconds }) => mainCpuSeconds)) / samples) *
				1e6,
			mainThreadWaitedShare: median(
				main.map(
					({ mainWaitedSeconds, seconds }) => mainWaitedSeconds / seconds,
				),
			),
		}),
		...summarizeDelay(costs),
	};
}

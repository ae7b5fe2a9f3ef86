import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import type { Column } from "../../lib/codec/column.js";
import { seededRandom } from "../../test/support/random.js";
import { SEED } from "../support/bench.js";
import { sharedData } from "../support/shared-data.js";

/** A job of one kind of series. */
export interface Shape {
	name: string;
	columns: Column[];
}

type Random = () => number;

/** The real job, where it is there, with another one made of pieces of it; and seeded jobs of one kind each. */
export async function loadShapes(): Promise<Shape[]> {
	const emmy = await loadEmmy();
	const real =
		emmy === undefined
			? []
			: [
					{ name: "emmy", columns: emmy },
					{ name: "emmy redrawn", columns: redraw(emmy, seededRandom(SEED)) },
				];
	return [...real, ...SEEDED.map(makeSeeded)];
}

const SEEDED: {
	name: string;
	scope?: Column["scope"];
	hosts: number;
	devices?: number;
	length: number;
	metrics: number;
	/** Draws the next sample of a series. */
	series: (random: Random) => () => number;
}[] = [
	{
		name: "steady load",
		hosts: 32,
		length: 1440,
		metrics: 4,
		series: (random) => () => round(71.5 + random() * random(), 100),
	},
	{
		name: "core-scope random walks",
		scope: "core",
		hosts: 4,
		devices: 72,
		length: 720,
		metrics: 1,
		series: (random) => {
			let level = 50 * random();
			return () => {
				level = Math.max(0, level + random() - 0.5);
				return round(level, 100);
			};
		},
	},
	{
		name: "GPU utilisation with plateaus",
		scope: "accelerator",
		hosts: 4,
		devices: 8,
		length: 2880,
		metrics: 2,
		series: (random) => {
			let level = 0;
			return () => {
				if (random() < 0.03)
					level = random() < 0.5 ? 100 : Math.floor(101 * random());
				return level;
			};
		},
	},
	{
		name: "constants",
		hosts: 32,
		length: 1440,
		metrics: 4,
		series: () => () => 42.5,
	},
	{
		name: "byte counters beyond 2^31",
		hosts: 32,
		length: 1440,
		metrics: 2,
		series: (random) => {
			let bytes = 2 ** 31 + Math.floor(2 ** 36 * random());
			return () => {
				bytes += Math.floor(6e7 * random());
				return bytes;
			};
		},
	},
	{
		name: "full-precision doubles",
		hosts: 32,
		length: 720,
		metrics: 2,
		series: (random) => () => 1e3 * (random() + random() / 2 ** 32),
	},
];

function makeSeeded({
	name,
	scope = "node",
	hosts,
	devices = 1,
	length,
	metrics,
	series,
}: (typeof SEEDED)[number]): Shape {
	const random = seededRandom(SEED);
	const count = hosts * devices;
	const hostnames = Array.from(
		{ length: count },
		(_, i) => `node${Math.floor(i / devices)}`,
	);
	const ids =
		devices === 1
			? null
			: Array.from({ length: count }, (_, i) => String(i % devices));
	const columns = Array.from({ length: metrics }, (_, metric): Column => {
		const samples = new Float64Array(count * length);
		for (let i = 0; i < count; i++) {
			const next = series(random);
			for (let step = 0; step < length; step++)
				samples[i * length + step] = next();
		}
		return {
			metric: `metric${metric}`,
			scope,
			unit: { base: "" },
			timestep: 60,
			hostnames,
			ids,
			lengths: new Uint32Array(count).fill(length),
			samples,
		};
	});
	return { name, columns };
}

async function loadEmmy(): Promise<Column[] | undefined> {
	const path = sharedData("archive/emmy/1403/244/1608923076/data.json.gz");
	if (path === undefined) return undefined;
	const job = JSON.parse(gunzipSync(await readFile(path)).toString());
	const columns: Column[] = [];
	for (const metric of Object.keys(job))
		for (const scope of Object.keys(job[metric])) {
			const { unit, timestep, series } = job[metric][scope];
			const data: (number | null)[][] = series.map(
				(one: { data: (number | null)[] }) => one.data,
			);
			columns.push({
				metric,
				scope: scope as Column["scope"],
				unit,
				timestep,
				hostnames: series.map((one: { hostname: string }) => one.hostname),
				ids: null,
				lengths: Uint32Array.from(data, ({ length }) => length),
				samples: Float64Array.from(data.flat(), (value) => value ?? Number.NaN),
			});
		}
	return columns;
}

/** Steps that stay together when a job is redrawn: three hours. */
const BLOCK_STEPS = 180;

/**
 * A job like another one: every series is put together from stretches of the other's, at random hosts and times, the
 * same ones in all metrics. What was tuned on the one shows on the other whether it was tuned to it.
 */
function redraw(columns: readonly Column[], random: Random): Column[] {
	const [{ lengths }] = columns;
	const steps = lengths[0];
	const sources = Array.from(lengths, () =>
		Array.from({ length: Math.ceil(steps / BLOCK_STEPS) }, () => {
			const host = Math.floor(random() * lengths.length);
			const start = Math.floor(random() * (steps - BLOCK_STEPS));
			return host * steps + start;
		}),
	);
	return columns.map((column) => {
		const samples = new Float64Array(column.samples.length);
		sources.forEach((blocks, series) => {
			for (let step = 0; step < steps; step++)
				samples[series * steps + step] =
					column.samples[
						blocks[Math.floor(step / BLOCK_STEPS)] + (step % BLOCK_STEPS)
					];
		});
		return { ...column, samples };
	});
}

function round(value: number, scale: number): number {
	return Math.round(value * scale) / scale;
}

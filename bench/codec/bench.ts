import { gunzipSync, gzipSync } from "node:zlib";
import type { Column, Compression } from "../../lib/codec/column.js";
import {
	decodeColumnar,
	encodePart,
	encodeTail,
	fileHeader,
} from "../../lib/codec/columnar/index.js";
import { measureColumn } from "../../lib/codec/statistics.js";
import { type BenchOptions, print } from "../support/bench.js";
import { format, median, spread } from "../support/statistics.js";
import { loadShapes, type Shape } from "./shapes.js";

const LEVELS: readonly Compression[] = ["fast", "small"];
const FULL = { warmups: 3, rounds: 9 };
const SHORT = { warmups: 1, rounds: 1 };
/** A measurement repeats what is quick until it takes about this long. */
const MIN_MEASURED_MS = 20;

/** One shape at one level; rates are medians over alternating rounds. */
interface ShapeResult {
	name: string;
	level: Compression;
	samples: number;
	bytesPerSample: number;
	encodeVsGzip: number;
	decodeVsJsonParse: number;
	/** With decompressing before: all that a reader of `data.json.gz` must do. */
	decodeVsGunzipAndParse: number;
	encodeSamplesPerSecond: number;
	decodeSamplesPerSecond: number;
	encodeVsGzipPerRound: number[];
	/** The yardstick on the same shape. */
	gzip: { samplesPerSecond: number; bytesPerSample: number };
}

interface Work {
	name: string;
	run(): void;
	milliseconds: number[];
}

/**
 * Encoding, statistics and index included, against `JSON.stringify` and gzip level 6 of the same data, whose statistics
 * are there already; and decoding against `JSON.parse`, with and without gunzip before it. All of a shape in turn, round
 * after round, on this thread.
 */
export async function benchCodec({
	short = false,
}: Partial<BenchOptions>): Promise<{ shapes: ShapeResult[] }> {
	const { warmups, rounds } = short ? SHORT : FULL;
	print(`medians of ${rounds} alternating rounds, lowest and highest behind`);
	const shapes: ShapeResult[] = [];
	for (const shape of await loadShapes())
		shapes.push(...measureShape(shape, warmups, rounds));
	return { shapes };
}

function measureShape(
	{ name, columns }: Shape,
	warmups: number,
	rounds: number,
): ShapeResult[] {
	const job = jsonJob(columns);
	const text = JSON.stringify(job);
	const gzipped = () => gzipSync(JSON.stringify(job), { level: 6 });
	const gzip = work("gzip", gzipped);
	const parse = work("parse", () => JSON.parse(text));
	const zipped = gzipSync(text, { level: 6 });
	const gunzip = work("gunzip, parse", () =>
		JSON.parse(gunzipSync(zipped).toString()),
	);
	const levels = LEVELS.map((level) => {
		const file = encodeFile(columns, level);
		check(columns, file, `${name}, ${level}`);
		return {
			level,
			bytes: file.length,
			encode: work(`encode ${level}`, () => encode(columns, level)),
			decode: work(`decode ${level}`, () => decodeColumnar(file)),
		};
	});
	alternate(
		[
			gzip,
			parse,
			gunzip,
			...levels.flatMap(({ encode, decode }) => [encode, decode]),
		],
		warmups,
		rounds,
	);
	const samples = columns.reduce(
		(sum, column) => sum + column.samples.length,
		0,
	);
	const yardstick = {
		samplesPerSecond: (1e3 * samples) / median(gzip.milliseconds),
		bytesPerSample: gzipped().length / samples,
	};
	print(`\n${name}: ${format(samples)} samples`);
	for (const { name, milliseconds } of [gzip, parse, gunzip])
		print(`  ${name.padEnd(14)} ${describe(milliseconds, samples)}`);
	return levels.map(({ level, bytes, encode, decode }) => {
		const encodeVsGzip = ratios(gzip, encode);
		const result: ShapeResult = {
			name,
			level,
			samples,
			bytesPerSample: bytes / samples,
			encodeVsGzip: median(encodeVsGzip),
			decodeVsJsonParse: median(ratios(parse, decode)),
			decodeVsGunzipAndParse: median(ratios(gunzip, decode)),
			encodeSamplesPerSecond: (1e3 * samples) / median(encode.milliseconds),
			decodeSamplesPerSecond: (1e3 * samples) / median(decode.milliseconds),
			encodeVsGzipPerRound: encodeVsGzip,
			gzip: yardstick,
		};
		print(
			`  ${encode.name.padEnd(14)} ${describe(encode.milliseconds, samples)}, ` +
				`${result.encodeVsGzip.toFixed(1)} x gzip, ${result.bytesPerSample.toFixed(4)} B/sample`,
		);
		print(
			`  ${decode.name.padEnd(14)} ${describe(decode.milliseconds, samples)}, ` +
				`${result.decodeVsJsonParse.toFixed(1)} x JSON.parse, ${result.decodeVsGunzipAndParse.toFixed(1)} x gunzip and JSON.parse`,
		);
		return result;
	});
}

/** By round: how many times as long the one took as the other. */
function ratios(slow: Work, fast: Work): number[] {
	return slow.milliseconds.map(
		(time, round) => time / fast.milliseconds[round],
	);
}

function describe(milliseconds: readonly number[], samples: number): string {
	const rate = (1e3 * samples) / median(milliseconds);
	return `${median(milliseconds).toFixed(2)} ms (${spread(milliseconds)}), ${format(rate)} samples/s`;
}

function work(name: string, run: () => void): Work {
	return { name, run, milliseconds: [] };
}

function alternate(
	works: readonly Work[],
	warmups: number,
	rounds: number,
): void {
	for (let round = 0; round < warmups + rounds; round++)
		for (const { run, milliseconds } of works) {
			const startMs = performance.now();
			let runs = 0;
			let elapsedMs: number;
			do {
				run();
				runs++;
				elapsedMs = performance.now() - startMs;
			} while (elapsedMs < MIN_MEASURED_MS);
			if (round >= warmups) milliseconds.push(elapsedMs / runs);
		}
}

/** What a worker does: the frames stay in its memory until they are written. */
function encode(columns: readonly Column[], level: Compression) {
	const { frames, summary } = encodePart(columns, level);
	const byteOffset = fileHeader().length;
	return { frames, tail: encodeTail([{ byteOffset, summary }], {}) };
}

function encodeFile(
	columns: readonly Column[],
	level: Compression,
): Uint8Array {
	const { frames, tail } = encode(columns, level);
	return Buffer.concat([fileHeader(), frames, tail]);
}

/** A fast wrong answer is none. */
function check(
	columns: readonly Column[],
	file: Uint8Array,
	what: string,
): void {
	decodeColumnar(file).forEach(({ samples }, i) => {
		if (samples.some((value, k) => !Object.is(value, columns[i].samples[k])))
			throw new Error(`${what}: ${columns[i].metric} does not come back`);
	});
}

/** The job as `data.json` has it, as objects. */
function jsonJob(columns: readonly Column[]): unknown {
	const job: Record<string, unknown> = {};
	for (const column of columns) {
		const { metric, scope, unit, timestep, hostnames, ids, lengths } = column;
		const { avg, min, max } = measureColumn(column);
		let start = 0;
		const series = hostnames.map((hostname, i) => {
			const samples = column.samples.subarray(start, start + lengths[i]);
			start += lengths[i];
			return {
				hostname,
				id: ids?.[i] ?? undefined,
				statistics: { avg: avg[i], min: min[i], max: max[i] },
				data: Array.from(samples, (value) =>
					Number.isNaN(value) ? null : value,
				),
			};
		});
		job[metric] = { [scope]: { unit, timestep, series } };
	}
	return job;
}

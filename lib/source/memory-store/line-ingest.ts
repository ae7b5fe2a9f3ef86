import {
	LineBatch,
	type LineProblem,
	parseLines,
	type TimestampPrecision,
} from "../../codec/line-protocol/index.js";
import { Breather } from "./breather.js";
import type { StoreCounts } from "./counts.js";
import { cutLines, type LineText, mostBytesOf } from "./line-pieces.js";
import { LineTargets } from "./line-targets.js";
import type { ParsedLines, StorePool } from "./pool-tasks.js";
import { type SampleWriter, SeriesHandle } from "./sample-writer.js";
import type { SeriesTable } from "./series-table.js";

/** A piece that the main thread reads in a millisecond or so. */
const SLICE_BYTES = 32 * 1024;
/** A piece that is worth a worker's while. Smaller texts are read here. */
const TASK_BYTES = 512 * 1024;
/** Pieces of a text under way at once: memory stays bounded, and no thread waits for the next. */
const TASKS_UNDER_WAY = 4;
/** Samples stored, or keys looked up, between two looks at the clock. */
const STEPS_A_LOOK = 256;
/** Problems told of a text. */
const PROBLEMS_TOLD = 10;
/** Series keys are forgotten, and read again as they come, when they take more than this. */
const MAX_KEY_BYTES = 64 * 2 ** 20;

export interface IngestOptions {
	/** Cluster of lines that name none. */
	cluster?: string;
	/** What timestamps count (`auto`). */
	precision?: TimestampPrecision;
}

/** What became of a text: `lines` is the sum of the four counts that follow it. */
export interface IngestResult {
	/** Lines other than empty ones and comments. */
	lines: number;
	/** Lines whose sample is stored. */
	samples: number;
	/** Lines without a sample that can be read. */
	malformed: number;
	/** Lines of a cluster, metric or scope that is not configured. */
	unknown: number;
	/** Lines whose sample is too old, ahead of the clock, or finds no memory: `stats()` tells these apart. */
	dropped: number;
	/** The first malformed lines. */
	problems: LineProblem[];
}

/** Samples as columns, with their keys as a {@link LineTargets} numbers them. */
interface Samples {
	samples: number;
	values: Float64Array;
	seconds: Float64Array;
	lines: Uint32Array;
}

export interface LineIngestParts {
	table: SeriesTable;
	writer: SampleWriter;
	counts: StoreCounts;
	clock: () => number;
	/** Makes a cluster known, if anybody knows it. */
	loadCluster: (name: string) => Promise<void>;
	pool?: StorePool;
}

/** Stores the samples of line protocol. */
export class LineIngest {
	readonly #parts: LineIngestParts;
	/** By default cluster. One that is replaced stays good for the pieces under way. */
	readonly #targets = new Map<string | undefined, LineTargets>();

	constructor(parts: LineIngestParts) {
		this.#parts = parts;
	}

	/** Forgets what keys mean, since clusters are configured anew. */
	forgetKeys(): void {
		this.#targets.clear();
	}

	/** Stores all samples of a text, in the order of its lines. */
	async ingest(text: LineText, options: IngestOptions): Promise<IngestResult> {
		const { pool } = this.#parts;
		const result = new RunningResult(this.#parts.counts);
		if (pool === undefined || mostBytesOf(text) <= TASK_BYTES)
			await this.#readHere(text, options, result);
		else await this.#readInPool(pool, text, options, result);
		return result.finished;
	}

	async #readHere(
		text: LineText,
		{ cluster, precision = "auto" }: IngestOptions,
		result: RunningResult,
	): Promise<void> {
		const breather = new Breather();
		let batch = new LineBatch(Math.min(SLICE_BYTES, mostBytesOf(text)));
		for (const piece of cutLines(text, SLICE_BYTES)) {
			if (piece.length > batch.textBytes) batch = new LineBatch(piece.length);
			const targets = this.#targetsFor(cluster);
			parseLines(piece, targets.keys, precision, batch);
			await this.#resolve(targets, breather);
			const { keys } = batch;
			await this.#store(batch, (i) => keys[i], targets, result, breather);
			result.addLines(batch);
			if (breather.isDue) await breather.pause();
		}
	}

	async #readInPool(
		pool: StorePool,
		text: LineText,
		options: IngestOptions,
		result: RunningResult,
	): Promise<void> {
		const breather = new Breather();
		const underWay: Promise<ParsedLines>[] = [];
		const free: ArrayBuffer[] = [];
		const takeOldest = async () => {
			const parsed = await underWay.shift();
			if (parsed === undefined) return;
			free.push(parsed.text);
			await this.#storeParsed(parsed, options.cluster, result, breather);
		};
		try {
			for (const piece of cutLines(text, TASK_BYTES)) {
				const copy = copyInto(free.pop(), piece);
				const parsed = pool.run(
					{
						kind: "parse",
						text: copy,
						textBytes: piece.length,
						precision: options.precision ?? "auto",
					},
					{ transfer: [copy] },
				);
				// Whatever it rejects with is thrown when it is its turn.
				parsed.catch(() => {});
				underWay.push(parsed);
				if (underWay.length === TASKS_UNDER_WAY) await takeOldest();
				if (breather.isDue) await breather.pause();
			}
			while (underWay.length > 0) await takeOldest();
		} finally {
			await Promise.allSettled(underWay);
		}
	}

	async #storeParsed(
		parsed: ParsedLines,
		cluster: string | undefined,
		result: RunningResult,
		breather: Breather,
	): Promise<void> {
		const targets = this.#targetsFor(cluster);
		const { bytes, ends, hashes } = parsed.keys;
		const known = new Uint32Array(ends.length);
		let start = 0;
		for (let i = 0; i < ends.length; i++) {
			known[i] = targets.keys.numberOf(bytes, start, ends[i], hashes[i]);
			start = ends[i];
			if (i % STEPS_A_LOOK === 0 && breather.isDue) await breather.pause();
		}
		await this.#resolve(targets, breather);
		const { keyNumbers } = parsed;
		const samples = { ...parsed, samples: keyNumbers.length };
		const keyOf = (i: number) => known[keyNumbers[i]];
		await this.#store(samples, keyOf, targets, result, breather);
		result.addLines(samples);
	}

	#targetsFor(cluster: string | undefined): LineTargets {
		let targets = this.#targets.get(cluster);
		if (targets === undefined || targets.keys.keyBytes > MAX_KEY_BYTES) {
			targets = new LineTargets(cluster);
			this.#targets.set(cluster, targets);
		}
		return targets;
	}

	async #resolve(targets: LineTargets, breather: Breather): Promise<void> {
		const { table, writer, loadCluster } = this.#parts;
		while (!targets.isResolved) {
			const missing = targets.resolveSome(table, writer, STEPS_A_LOOK);
			if (missing !== undefined) await loadCluster(missing);
			if (breather.isDue) await breather.pause();
		}
	}

	async #store(
		{ samples, values, seconds, lines }: Samples,
		keyOf: (sample: number) => number,
		targets: LineTargets,
		result: RunningResult,
		breather: Breather,
	): Promise<void> {
		const now = this.#parts.clock();
		for (let i = 0; i < samples; i++) {
			const key = keyOf(i);
			const target = targets.at(key);
			if (target instanceof SeriesHandle) {
				const time = Number.isNaN(seconds[i]) ? now : seconds[i];
				result.countWritten(target.write(time, values[i]));
			} else if (target === undefined) result.countUnknown();
			else
				result.addProblem({
					line: lines[i],
					reason: target.reason,
					text: targets.keys.textAt(key),
				});
			if (i % STEPS_A_LOOK === 0 && breather.isDue) await breather.pause();
		}
	}
}

/** The counts of a text that is being read, which the store's counts follow. */
class RunningResult {
	readonly finished: IngestResult = {
		lines: 0,
		samples: 0,
		malformed: 0,
		unknown: 0,
		dropped: 0,
		problems: [],
	};
	readonly #counts: StoreCounts;
	/** Lines before the piece that is being stored. */
	#linesBefore = 0;
	/** Found while the piece is being stored. */
	readonly #pieceProblems: LineProblem[] = [];

	constructor(counts: StoreCounts) {
		this.#counts = counts;
	}

	countWritten(isStored: boolean): void {
		if (isStored) this.finished.samples++;
		else this.finished.dropped++;
	}

	countUnknown(): void {
		this.finished.unknown++;
		this.#counts.unknown++;
	}

	/** @param problem - Its line counted from 0 in the piece. */
	addProblem(problem: LineProblem): void {
		this.finished.malformed++;
		this.#counts.malformed++;
		if (this.#pieceProblems.length < PROBLEMS_TOLD)
			this.#pieceProblems.push(problem);
	}

	/** Ends a piece, whose samples have been stored. */
	addLines(piece: {
		samples: number;
		lineCount: number;
		malformed: number;
		problems: readonly LineProblem[];
	}): void {
		const lines = piece.samples + piece.malformed;
		this.finished.lines += lines;
		this.finished.malformed += piece.malformed;
		this.#counts.lines += lines;
		this.#counts.malformed += piece.malformed;
		const { problems } = this.finished;
		const told = [...this.#pieceProblems.splice(0), ...piece.problems]
			.sort((a, b) => a.line - b.line)
			.slice(0, PROBLEMS_TOLD - problems.length)
			.map((it) => ({ ...it, line: this.#linesBefore + it.line + 1 }));
		problems.push(...told);
		this.#linesBefore += piece.lineCount;
	}
}

/** Copies bytes, into a buffer that is there if it is large enough. */
function copyInto(buffer: ArrayBuffer | undefined, bytes: Buffer): ArrayBuffer {
	const copy =
		buffer !== undefined && buffer.byteLength >= bytes.length
			? buffer
			: new ArrayBuffer(Math.max(TASK_BYTES, bytes.length));
	new Uint8Array(copy).set(bytes);
	return copy;
}

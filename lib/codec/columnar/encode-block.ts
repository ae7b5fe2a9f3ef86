import type { Compression } from "../column.js";
import { encodeContextual } from "./contextual.js";
import type { FrameWriter } from "./frames.js";
import {
	MAX_PLANES,
	planesOfDeltas,
	planesOfDifferences,
	planesOfLevels,
} from "./integer-planes.js";
import { RAW_PLANES, splitRaw } from "./raw-planes.js";
import { MIN_CONTEXTUAL_BITS, type Plan } from "./references.js";
import { Scratch } from "./scratch.js";
import type { Block, Coding, Encoding } from "./summary.js";
import { presentSamples, type Survey } from "./survey.js";
import {
	deltasAreSmaller,
	scaleWide,
	splitWide,
	toWideDeltas,
	toWideLevels,
	WIDE_PLANES,
} from "./wide-integers.js";
import { effortOf, type ZstdEffort } from "./zstd.js";

/** Columns of fewer samples give a model nothing to learn from. */
const MIN_CONTEXTUAL_SAMPLES = 256;
/** Share of their planes that columns must save to be coded by context, which takes twenty times as long to decode. */
const CONTEXTUAL_GAIN = 1 / 20;
/** They must save more than the index may have to say beyond what it says of planes. */
const MIN_CONTEXTUAL_GAIN_BYTES = 32;

type EncodedFrames = Pick<Block, "encoding" | "frameBytes">;

interface IntegerFrames {
	coding: Coding;
	frameBytes: number[];
}

const planeScratch = new Scratch(Uint8Array);
const wideScratch = new Scratch(Float64Array);

/**
 * Writes the frames of one column.
 *
 * @param planes room in the workspace for {@link MAX_PLANES} planes of the column.
 * @param integersOf gives the integers of another column of the part.
 */
export function encodeBlock(
	survey: Survey,
	plan: Plan | undefined,
	level: Compression,
	frames: FrameWriter,
	planes: Uint8Array,
	integersOf: (column: number) => Int32Array,
): Block {
	const start = frames.length;
	const effort = effortOf(level);
	const { encoding, frameBytes } = encode();
	return { encoding, frameBytes, ...frames.seal(start) };

	function encode(): EncodedFrames {
		const { content } = survey;
		switch (content.kind) {
			case "constant":
				return {
					encoding: { kind: "constant", value: content.value },
					frameBytes: [],
				};
			case "doubles":
				return encodeDoubles(survey, content.wideScale, frames, effort);
			case "integers": {
				const { scale, positions, values } = content;
				const { coding, frameBytes } = encodeIntegers(content.integers);
				const exceptions = positions.length;
				if (exceptions > 0)
					frameBytes.push(
						frames.add(exceptionBytes(positions, values), effort),
					);
				const encoding: Encoding = {
					kind: "integers",
					scale,
					exceptions,
					coding,
				};
				return { encoding, frameBytes };
			}
			case "dictionary": {
				const { values } = content;
				const { coding, frameBytes } = encodeIntegers(content.integers);
				frameBytes.push(frames.add(valueBytes(values), effort));
				const encoding: Encoding = {
					kind: "dictionary",
					size: values.length,
					coding,
				};
				return { encoding, frameBytes };
			}
		}
	}

	function encodeIntegers(integers: Int32Array): IntegerFrames {
		const chosen: Plan = plan ?? {
			transform: "level",
			lowBits: 8,
			bits: 32,
		};
		const inPlanes = encodePlanes(
			survey,
			integers,
			chosen,
			frames,
			planes,
			integersOf,
		);
		const planeBytes = frames.length - start;
		if (
			level === "fast" ||
			chosen.transform === "difference" ||
			planeBytes * 8 < MIN_CONTEXTUAL_BITS * integers.length ||
			integers.length < MIN_CONTEXTUAL_SAMPLES
		)
			return inPlanes;
		const maxBytes = Math.min(
			planeBytes * (1 - CONTEXTUAL_GAIN),
			planeBytes - MIN_CONTEXTUAL_GAIN_BYTES,
		);
		const byContext = encodeContextual(
			integers,
			chosen.transform === "delta",
			chosen.own,
			chosen.context?.classes ?? null,
			maxBytes,
		);
		if (byContext === undefined) return inPlanes;
		const { head, code, offsets } = byContext;
		if (head.length + code.length + offsets.length > maxBytes) return inPlanes;
		frames.truncate(start);
		const kind =
			chosen.transform === "delta" ? "contextual-delta" : "contextual-level";
		const reference = chosen.context?.reference;
		return {
			coding: reference === undefined ? { kind } : { kind, reference },
			frameBytes: [head, code, offsets].map((bytes) => frames.addPlain(bytes)),
		};
	}
}

function encodePlanes(
	survey: Survey,
	integers: Int32Array,
	{ transform, lowBits: wanted, reference }: Plan,
	frames: FrameWriter,
	planes: Uint8Array,
	integersOf: (column: number) => Int32Array,
): IntegerFrames {
	const count = integers.length;
	const other =
		transform === "difference" && reference !== undefined
			? integersOf(reference)
			: undefined;
	const base = transform === "level" ? smallest(survey, integers) : 0;
	let lowBits = wanted;
	let planeCount = split();
	if (planeCount > MAX_PLANES) {
		lowBits = 8;
		planeCount = split();
	}
	const coding: Coding =
		transform === "difference" && reference !== undefined
			? { kind: "difference", lowBits, reference }
			: transform === "delta"
				? { kind: "delta", lowBits }
				: { kind: "level", lowBits, base };
	return {
		coding,
		frameBytes: addPlanes(planes, count, planeCount, frames, "planes"),
	};

	function split(): number {
		if (other !== undefined)
			return planesOfDifferences(integers, other, lowBits, planes);
		return transform === "delta"
			? planesOfDeltas(integers, lowBits, planes)
			: planesOfLevels(integers, base, lowBits, planes);
	}
}

function encodeDoubles(
	survey: Survey,
	wideScale: number | undefined,
	frames: FrameWriter,
	effort: ZstdEffort,
): EncodedFrames {
	const samples = presentSamples(survey);
	const count = samples.length;
	if (wideScale !== undefined) {
		const integers = wideScratch.take(count);
		if (scaleWide(samples, wideScale, integers)) {
			const byDelta = deltasAreSmaller(integers);
			const base = byDelta ? undefined : toWideLevels(integers);
			if (byDelta) toWideDeltas(integers);
			const planes = planeScratch.take(WIDE_PLANES * count);
			const planeCount = splitWide(integers, planes);
			return {
				encoding:
					base === undefined
						? { kind: "wide", scale: wideScale }
						: { kind: "wide", scale: wideScale, base },
				frameBytes: addPlanes(planes, count, planeCount, frames, effort),
			};
		}
	}
	const planes = planeScratch.take(RAW_PLANES * count);
	splitRaw(samples, planes);
	return {
		encoding: { kind: "raw" },
		frameBytes: addPlanes(planes, count, RAW_PLANES, frames, effort),
	};
}

function addPlanes(
	planes: Uint8Array,
	count: number,
	planeCount: number,
	frames: FrameWriter,
	effort: ZstdEffort,
): number[] {
	const frameBytes: number[] = [];
	for (let plane = 0; plane < planeCount; plane++)
		frameBytes.push(
			frames.add(planes.subarray(plane * count, (plane + 1) * count), effort),
		);
	return frameBytes;
}

/** The smallest of a column's integers, which its statistics tell unless a sample is an exception. */
function smallest(
	{ content, statistics: { min, count } }: Survey,
	integers: Int32Array,
): number {
	// Each value of a dictionary occurs.
	if (content.kind === "dictionary") return 0;
	if (content.kind === "integers" && content.positions.length === 0) {
		let least = Number.POSITIVE_INFINITY;
		for (let i = 0; i < count.length; i++)
			if (count[i] > 0 && min[i] < least) least = min[i];
		return Math.round(least * content.scale);
	}
	let least = integers.length === 0 ? 0 : integers[0];
	for (let i = 1; i < integers.length; i++)
		if (integers[i] < least) least = integers[i];
	return least;
}

/** Positions as u32, then values as f64, little-endian. */
function exceptionBytes(
	positions: Uint32Array,
	values: Float64Array,
): Uint8Array {
	const bytes = new Uint8Array(12 * positions.length);
	const view = new DataView(bytes.buffer);
	for (let i = 0; i < positions.length; i++) {
		view.setUint32(4 * i, positions[i], true);
		view.setFloat64(4 * positions.length + 8 * i, values[i], true);
	}
	return bytes;
}

/** Values as f64, little-endian. */
function valueBytes(values: Float64Array): Uint8Array {
	const bytes = new Uint8Array(8 * values.length);
	const view = new DataView(bytes.buffer);
	for (let i = 0; i < values.length; i++)
		view.setFloat64(8 * i, values[i], true);
	return bytes;
}

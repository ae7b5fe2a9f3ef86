import { joinPlanes } from "./byte-planes.js";
import { decodeContextual } from "./contextual.js";
import { lookUp } from "./dictionary.js";
import { CONTEXTUAL_FRAMES } from "./index-blocks.js";
import {
	samplesFromDeltas,
	samplesFromDifferences,
	samplesFromLevels,
} from "./plane-samples.js";
import { joinRaw, RAW_PLANES } from "./raw-planes.js";
import { Scratch } from "./scratch.js";
import type { Block } from "./summary.js";
import { fromDeltas, fromDifferences, fromLevels } from "./transforms.js";
import {
	fromWideDeltas,
	fromWideLevels,
	joinWide,
	WIDE_PLANES,
} from "./wide-integers.js";
import { zstdDecompress } from "./zstd.js";

const planeScratch = new Scratch(Uint8Array);
/** Never written to. */
const zeroScratch = new Scratch(Uint8Array);

/**
 * Decodes the samples of a block that are there.
 *
 * @param bytesOf gives the block's frames, checked.
 * @param integersOf gives the block's integers, for encodings that have them.
 * @throws RangeError saying what is wrong with the block.
 */
export function decodeSamples(
	{ encoding, frameBytes }: Block,
	bytesOf: () => Uint8Array,
	integersOf: () => Int32Array,
	samples: Float64Array,
): void {
	switch (encoding.kind) {
		case "constant":
			samples.fill(encoding.value);
			break;
		case "raw":
			joinRaw(
				unpackPlanes(bytesOf(), frameBytes, RAW_PLANES, samples.length),
				samples,
			);
			break;
		case "wide": {
			const planeCount = Math.min(frameBytes.length, WIDE_PLANES);
			joinWide(
				unpackPlanes(bytesOf(), frameBytes, planeCount, samples.length),
				samples,
			);
			if (encoding.base === undefined) fromWideDeltas(samples);
			else fromWideLevels(samples, encoding.base);
			for (let i = 0; i < samples.length; i++) samples[i] /= encoding.scale;
			break;
		}
		case "integers": {
			const integers = integersOf();
			const { scale, exceptions } = encoding;
			for (let i = 0; i < integers.length; i++)
				samples[i] = integers[i] / scale;
			if (exceptions > 0)
				patch(
					samples,
					lastFrame(bytesOf(), frameBytes, 12 * exceptions),
					exceptions,
				);
			break;
		}
		case "dictionary": {
			const integers = integersOf();
			const { size } = encoding;
			const values = readDoubles(
				lastFrame(bytesOf(), frameBytes, 8 * size),
				0,
				size,
			);
			if (!lookUp(integers, values, samples))
				throw new RangeError("a sample lies beyond the dictionary");
			break;
		}
	}
}

/** Whether {@link decodeDirect} can decode a block. */
export function isDirect({ encoding, frameBytes }: Block): boolean {
	return (
		encoding.kind === "integers" &&
		encoding.exceptions === 0 &&
		"lowBits" in encoding.coding &&
		(frameBytes.length === 1 || frameBytes.length === 2)
	);
}

/**
 * Decodes a block of which {@link isDirect} is true, missing samples included, in one pass over its planes.
 *
 * @param reference integers of the column that this one is told from.
 * @throws RangeError saying what is wrong with the block.
 */
export function decodeDirect(
	{ encoding, frameBytes }: Block,
	bytes: Uint8Array,
	reference: Int32Array | undefined,
	samples: Float64Array,
	runs: Uint32Array,
): void {
	if (encoding.kind !== "integers" || !("lowBits" in encoding.coding)) return;
	const { scale, coding } = encoding;
	let present = 0;
	for (let i = 0; i < runs.length; i += 2) present += runs[i];
	const [low, high] = unpackPlanes(
		bytes,
		frameBytes,
		frameBytes.length,
		present,
	);
	const planes = {
		low,
		high: high ?? zeroScratch.take(present),
		lowBits: coding.lowBits,
	};
	const target = { samples, runs, scale };
	switch (coding.kind) {
		case "level":
			samplesFromLevels(planes, coding.base, target);
			break;
		case "delta":
			samplesFromDeltas(planes, target);
			break;
		case "difference":
			if (reference === undefined) throw new RangeError("no reference");
			samplesFromDifferences(planes, reference, target);
			break;
	}
}

/**
 * Decodes the integers of a block.
 *
 * @param reference integers of the column that this one is told from.
 * @param classesOf gives that column's classes, where it is context.
 * @throws RangeError saying what is wrong with the block.
 */
export function decodeIntegers(
	{ encoding, frameBytes }: Block,
	bytes: Uint8Array,
	integers: Int32Array,
	reference: Int32Array | undefined,
	classesOf: () => Uint8Array,
): void {
	if (!("coding" in encoding)) throw new RangeError("it has no integers");
	const { coding } = encoding;
	const behind =
		encoding.kind === "dictionary" || encoding.exceptions > 0 ? 1 : 0;
	if (!("lowBits" in coding)) {
		const [head, code, offsets] = splitFrames(bytes, frameBytes);
		decodeContextual(
			{ head, code, offsets },
			coding.kind === "contextual-delta",
			reference === undefined ? null : classesOf(),
			integers,
		);
		return;
	}
	joinPlanes(
		unpackPlanes(
			bytes,
			frameBytes,
			frameBytes.length - behind,
			integers.length,
		),
		coding.lowBits,
		integers,
	);
	switch (coding.kind) {
		case "level":
			fromLevels(integers, coding.base);
			break;
		case "delta":
			fromDeltas(integers);
			break;
		case "difference":
			if (reference === undefined) throw new RangeError("no reference");
			fromDifferences(integers, reference);
			break;
	}
}

function splitFrames(bytes: Uint8Array, frameBytes: number[]): Uint8Array[] {
	let start = 0;
	return frameBytes.slice(0, CONTEXTUAL_FRAMES).map((size) => {
		start += size;
		return bytes.subarray(start - size, start);
	});
}

/** The first `planeCount` frames of a block, each unpacked to `count` bytes. Views, valid until the next call. */
function unpackPlanes(
	bytes: Uint8Array,
	frameBytes: readonly number[],
	planeCount: number,
	count: number,
): Uint8Array[] {
	const room = planeScratch.take(planeCount * count);
	const planes: Uint8Array[] = [];
	let start = 0;
	for (let plane = 0; plane < planeCount; plane++) {
		const end = start + frameBytes[plane];
		planes.push(
			unpack(
				bytes.subarray(start, end),
				room.subarray(plane * count, (plane + 1) * count),
			),
		);
		start = end;
	}
	return planes;
}

function lastFrame(
	bytes: Uint8Array,
	frameBytes: readonly number[],
	rawBytes: number,
): Uint8Array {
	return unpack(
		bytes.subarray(bytes.length - frameBytes[frameBytes.length - 1]),
		new Uint8Array(rawBytes),
	);
}

/** The content of a frame: itself, if it is stored as it is, which its length tells; else unpacked into `room`. */
function unpack(frame: Uint8Array, room: Uint8Array): Uint8Array {
	if (frame.length === room.length) return frame;
	const problem = zstdDecompress(room, frame);
	if (problem !== undefined) throw new RangeError(problem);
	return room;
}

/** Puts exceptions at their places: positions as u32, then values as f64. */
function patch(
	samples: Float64Array,
	bytes: Uint8Array,
	exceptions: number,
): void {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const values = readDoubles(bytes, 4 * exceptions, exceptions);
	for (let i = 0; i < exceptions; i++) {
		const position = view.getUint32(4 * i, true);
		if (position >= samples.length)
			throw new RangeError(`exception at sample ${position} does not exist`);
		samples[position] = values[i];
	}
}

function readDoubles(
	bytes: Uint8Array,
	start: number,
	count: number,
): Float64Array {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	return Float64Array.from({ length: count }, (_, i) =>
		view.getFloat64(start + 8 * i, true),
	);
}

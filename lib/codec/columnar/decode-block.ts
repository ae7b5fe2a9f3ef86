import { decodeContextual } from "./contextual.js";
import { CONTEXTUAL_FRAMES } from "./index-blocks.js";
import { divideBy, lookUp } from "./integer-samples.js";
import { type Placement, placeSamples } from "./placement.js";
import {
	integersFromDeltas,
	integersFromDifferences,
	integersFromLevels,
	type Planes,
	planesTaken,
} from "./plane-integers.js";
import { joinRaw, RAW_PLANES } from "./raw-planes.js";
import { Scratch } from "./scratch.js";
import type { Block } from "./summary.js";
import {
	fromWideDeltas,
	fromWideLevels,
	joinWide,
	WIDE_PLANES,
} from "./wide-integers.js";
import { BLOCK_SAMPLES, takeRoom, workspace } from "./workspace.js";
import { zstdDecompress } from "./zstd.js";

const planeScratch = new Scratch(Uint8Array);
const integerScratch = new Scratch(Int32Array);

/** Puts `count` integers of a block, from the `from`-th on, into the workspace. To be called for all of them, in order. */
export type Integers = (from: number, count: number) => void;

/** Whether a block's samples are told by integers of 32 bits. */
export function hasIntegers({ encoding }: Block): boolean {
	return "coding" in encoding;
}

/**
 * Decodes a block without integers: the samples that are there.
 *
 * @param bytes the block's frames, checked.
 * @throws RangeError saying what is wrong with the block.
 */
export function decodeDoubles(
	{ encoding, frameBytes }: Block,
	bytes: Uint8Array,
	samples: Float64Array,
): void {
	switch (encoding.kind) {
		case "constant":
			samples.fill(encoding.value);
			break;
		case "raw":
			joinRaw(
				unpackPlanes(bytes, frameBytes, RAW_PLANES, samples.length),
				samples,
			);
			break;
		case "wide": {
			const planeCount = Math.min(frameBytes.length, WIDE_PLANES);
			joinWide(
				unpackPlanes(bytes, frameBytes, planeCount, samples.length),
				samples,
			);
			if (encoding.base === undefined) fromWideDeltas(samples);
			else fromWideLevels(samples, encoding.base);
			for (let i = 0; i < samples.length; i++) samples[i] /= encoding.scale;
			break;
		}
	}
}

/**
 * Decodes the samples of a block from its integers, missing ones included.
 *
 * @param bytes the block's frames, checked.
 * @throws RangeError saying what is wrong with the block.
 */
export function decodeSamples(
	{ encoding, frameBytes }: Block,
	bytes: Uint8Array,
	integers: Integers,
	placement: Placement,
	samples: Float64Array,
): void {
	if (encoding.kind === "dictionary") {
		const { size } = encoding;
		const dictionary = readDoubles(
			lastFrame(bytes, frameBytes, 8 * size),
			0,
			size,
		);
		placeSamples(placement, samples, (from, count) => {
			integers(from, count);
			if (!lookUp(dictionary, count))
				throw new RangeError("a sample lies beyond the dictionary");
		});
	} else if (encoding.kind === "integers") {
		const { scale, exceptions } = encoding;
		const divide = divideBy(scale);
		const patch =
			exceptions === 0
				? undefined
				: patchFrom(
						lastFrame(bytes, frameBytes, 12 * exceptions),
						exceptions,
						placement.present,
					);
		placeSamples(placement, samples, (from, count) => {
			integers(from, count);
			divide(count);
			patch?.(from, count);
		});
	}
}

/**
 * Unpacks the integers of a block that is coded in planes, or decodes those of one that is coded by context.
 *
 * @param bytes the block's frames, checked.
 * @param present samples that are there.
 * @param reference integers of the column that this one is told from.
 * @param classesOf gives that column's classes, where it is context.
 * @throws RangeError saying what is wrong with the block.
 */
export function openIntegers(
	{ encoding, frameBytes }: Block,
	bytes: Uint8Array,
	present: number,
	reference: Int32Array | undefined,
	classesOf: () => Uint8Array,
): Integers {
	if (!("coding" in encoding)) throw new RangeError("it has no integers");
	const { coding } = encoding;
	if (!("lowBits" in coding)) {
		const integers = integerScratch.take(present);
		const [head, code, offsets] = splitFrames(
			bytes,
			frameBytes,
			CONTEXTUAL_FRAMES,
		);
		decodeContextual(
			{ head, code, offsets },
			coding.kind === "contextual-delta",
			reference === undefined ? null : classesOf(),
			integers,
		);
		return knownIntegers(integers);
	}
	const behind =
		encoding.kind === "dictionary" || encoding.exceptions > 0 ? 1 : 0;
	const planeCount = frameBytes.length - behind;
	const planes = unpackToWorkspace(
		bytes,
		frameBytes,
		planeCount,
		present,
		coding.lowBits,
	);
	switch (coding.kind) {
		case "level":
			return (from, count) =>
				integersFromLevels(planes, from, count, coding.base);
		case "delta": {
			let integer = 0;
			return (from, count) => {
				integer = integersFromDeltas(planes, from, count, integer);
			};
		}
		case "difference": {
			if (reference === undefined) throw new RangeError("no reference");
			return (from, count) => {
				workspace.references.set(reference.subarray(from, from + count));
				integersFromDifferences(planes, from, count);
			};
		}
	}
}

/** Integers that were decoded before. */
export function knownIntegers(integers: Int32Array): Integers {
	return (from, count) =>
		workspace.integers.set(integers.subarray(from, from + count));
}

/** All integers of a block in one array. */
export function collectIntegers(source: Integers, target: Int32Array): void {
	for (let from = 0; from < target.length; from += BLOCK_SAMPLES) {
		const count = Math.min(BLOCK_SAMPLES, target.length - from);
		source(from, count);
		target.set(workspace.integers.subarray(0, count), from);
	}
}

/** The first `planeCount` frames of a block, each unpacked to `count` bytes. Views, valid until the next call. */
function unpackPlanes(
	bytes: Uint8Array,
	frameBytes: readonly number[],
	planeCount: number,
	count: number,
): Uint8Array[] {
	const room = planeScratch.take(planeCount * count);
	return splitFrames(bytes, frameBytes, planeCount).map((frame, plane) =>
		unpack(frame, room.subarray(plane * count, (plane + 1) * count)),
	);
}

/** The same where kernels reach them. */
function unpackToWorkspace(
	bytes: Uint8Array,
	frameBytes: readonly number[],
	planeCount: number,
	count: number,
	lowBits: number,
): Planes {
	const taken = planesTaken(planeCount);
	const { planes } = takeRoom({ planes: taken * count });
	splitFrames(bytes, frameBytes, planeCount).forEach((frame, plane) => {
		const room = planes.subarray(plane * count, (plane + 1) * count);
		const content = unpack(frame, room);
		if (content !== room) room.set(content);
	});
	planes.fill(0, planeCount * count);
	return { bytes: planes, stride: count, planeCount, lowBits };
}

function splitFrames(
	bytes: Uint8Array,
	frameBytes: readonly number[],
	frameCount: number,
): Uint8Array[] {
	let start = 0;
	return frameBytes.slice(0, frameCount).map((size) => {
		start += size;
		return bytes.subarray(start - size, start);
	});
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

/**
 * Reads exceptions: positions as u32, ascending, then values as f64.
 *
 * @returns what puts those of the next samples at their places.
 */
function patchFrom(
	bytes: Uint8Array,
	exceptions: number,
	present: number,
): Integers {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const replacements = readDoubles(bytes, 4 * exceptions, exceptions);
	const positions = Uint32Array.from({ length: exceptions }, (_, i) =>
		view.getUint32(4 * i, true),
	);
	positions.forEach((position, i) => {
		if (position >= present)
			throw new RangeError(`exception at sample ${position} does not exist`);
		if (i > 0 && position <= positions[i - 1])
			throw new RangeError("exceptions are not in order");
	});
	let next = 0;
	return (from, count) => {
		for (; next < exceptions && positions[next] < from + count; next++)
			workspace.values[positions[next] - from] = replacements[next];
	};
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

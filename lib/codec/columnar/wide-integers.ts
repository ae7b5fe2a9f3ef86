import { WIDE_LIMIT } from "./scales.js";

/** Planes of an integer below 2^56: four of its low 32 bits, three above. */
export const WIDE_PLANES = 7;
const WORD = 2 ** 32;
/** Samples looked at to choose between levels and deltas. */
const PROBES = 512;

/**
 * The integers that samples are at `scale`, where 32 bits do not hold them.
 *
 * @param samples without NaN.
 * @returns false when one of them is no such integer.
 */
export function scaleWide(
	samples: Float64Array,
	scale: number,
	integers: Float64Array,
): boolean {
	for (let i = 0; i < samples.length; i++) {
		const value = samples[i];
		const integer = Math.round(value * scale);
		if (
			integer / scale !== value ||
			Math.abs(integer) >= WIDE_LIMIT ||
			(integer === 0 && Object.is(value, -0))
		)
			return false;
		// The sum turns a rounded -0 into 0.
		integers[i] = integer + 0;
	}
	return true;
}

/** Replaces integers by their height above the smallest, which is returned. */
export function toWideLevels(integers: Float64Array): number {
	let base = Number.POSITIVE_INFINITY;
	for (let i = 0; i < integers.length; i++)
		if (integers[i] < base) base = integers[i];
	for (let i = 0; i < integers.length; i++) integers[i] -= base;
	return base;
}

export function fromWideLevels(integers: Float64Array, base: number): void {
	for (let i = 0; i < integers.length; i++) integers[i] += base;
}

/** Replaces integers by the step from the one before, folded: 0, -1, 1, ... become 0, 1, 2, ... */
export function toWideDeltas(integers: Float64Array): void {
	let previous = 0;
	for (let i = 0; i < integers.length; i++) {
		const integer = integers[i];
		const delta = integer - previous;
		integers[i] = delta < 0 ? -2 * delta - 1 : 2 * delta;
		previous = integer;
	}
}

export function fromWideDeltas(integers: Float64Array): void {
	let previous = 0;
	for (let i = 0; i < integers.length; i++) {
		const folded = integers[i];
		const half = Math.floor(folded / 2);
		previous += half * 2 === folded ? half : -half - 1;
		integers[i] = previous;
	}
}

/** Whether steps from sample to sample are smaller than heights above the smallest, by the bits that some of them take. */
export function deltasAreSmaller(integers: Float64Array): boolean {
	const step = Math.max(1, Math.floor(integers.length / PROBES));
	let base = Number.POSITIVE_INFINITY;
	for (let i = 1; i < integers.length; i += step)
		base = Math.min(base, integers[i]);
	let levelBits = 0;
	let deltaBits = 0;
	for (let i = 1; i < integers.length; i += step) {
		levelBits += Math.log2(1 + integers[i] - base);
		deltaBits += Math.log2(1 + 2 * Math.abs(integers[i] - integers[i - 1]));
	}
	return deltaBits < levelBits;
}

/** Splits integers from 0 to 2^53 into byte planes, lowest first. @returns the planes that are not all zero. */
export function splitWide(integers: Float64Array, planes: Uint8Array): number {
	const count = integers.length;
	let lowUsed = 0;
	let highUsed = 0;
	for (let i = 0; i < count; i++) {
		const integer = integers[i];
		const high = Math.floor(integer / WORD);
		const low = (integer - high * WORD) | 0;
		lowUsed |= low;
		highUsed |= high;
		planes[i] = low;
		planes[count + i] = low >>> 8;
		planes[2 * count + i] = low >>> 16;
		planes[3 * count + i] = low >>> 24;
		planes[4 * count + i] = high;
		planes[5 * count + i] = high >>> 8;
		planes[6 * count + i] = high >>> 16;
	}
	const bits =
		highUsed === 0 ? 32 - Math.clz32(lowUsed) : 64 - Math.clz32(highUsed);
	return Math.ceil(bits / 8);
}

/** The inverse of {@link splitWide}, from one array a plane. */
export function joinWide(
	planes: readonly Uint8Array[],
	integers: Float64Array,
): void {
	const count = integers.length;
	const none = planes.length < WIDE_PLANES ? new Uint8Array(count) : planes[0];
	const [p0 = none, p1 = none, p2 = none, p3 = none] = planes;
	for (let i = 0; i < count; i++)
		integers[i] = (p0[i] | (p1[i] << 8) | (p2[i] << 16) | (p3[i] << 24)) >>> 0;
	if (planes.length <= 4) return;
	const [, , , , p4 = none, p5 = none, p6 = none] = planes;
	for (let i = 0; i < count; i++)
		integers[i] += (p4[i] | (p5[i] << 8) | (p6[i] << 16)) * WORD;
}

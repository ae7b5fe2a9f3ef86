import type { SeriesCourse } from "./synthetic-course.js";
import { nonZero } from "./synthetic-random.js";

/*
 * Samples are made as whole numbers of ticks (hundredths, say) and divided at the very end. So they have the decimals
 * that real ones have, and the parts of a node add up to it without a rounding error between them.
 */

/** How much of the last sample's deviation is left in the next. */
const WANDER_MEMORY = 0.7;

/** Noise is drawn as the sum of two 16-bit halves, which lies between -1 and 1 of these around the middle. */
const NOISE_STEPS = 0xffff;

/** Writes the first `length` samples of a series into `ticks`, as whole numbers from 0 to its ceiling. */
export function traceTicks(
	ticks: Float64Array,
	length: number,
	timestep: number,
	course: SeriesCourse,
	ticksPerUnit: number,
	seed: number,
): void {
	const { stretches } = course;
	const ceiling = Math.floor(course.ceiling * ticksPerUnit);
	let state = nonZero(seed);
	let wander = 0;
	let index = 0;
	for (let s = 0; s < stretches.length; s++) {
		const stretch = stretches[s];
		const end =
			s === stretches.length - 1
				? length
				: Math.min(length, Math.ceil(stretch.untilSeconds / timestep));
		const step = ((stretch.to - stretch.from) * ticksPerUnit) / (end - index);
		const noise = (stretch.noise * ticksPerUnit) / NOISE_STEPS;
		// Half a tick, so that rounding down rounds to the nearest.
		let level = stretch.from * ticksPerUnit + 0.5;
		for (; index < end; index++) {
			state ^= state << 13;
			state ^= state >>> 17;
			state ^= state << 5;
			const deviation = (state & 0xffff) + (state >>> 16) - NOISE_STEPS;
			wander = WANDER_MEMORY * wander + noise * deviation;
			const value = Math.floor(level + wander);
			ticks[index] = Math.max(0, Math.min(value, ceiling));
			level += step;
		}
	}
}

/**
 * Writes the part of `totals` that lies between the previous boundary and this one, and keeps this one for the next part.
 * Boundaries rise from 0 to 1, each rounded to whole ticks once: so parts are never negative and add up to the total.
 *
 * @param boundary - The share of the total that this part and all before it have, on average.
 * @param jitter - How far the boundary moves from sample to sample. 0 for the last part, whose boundary is 1.
 * @param before - Ticks up to the previous boundary, one a sample, zeros at first; is replaced by those up to this one.
 */
export function splitTicks(
	samples: Float64Array,
	start: number,
	totals: Float64Array,
	before: Float64Array,
	length: number,
	boundary: number,
	jitter: number,
	ticksPerUnit: number,
	seed: number,
): void {
	const noise = jitter / NOISE_STEPS;
	let state = nonZero(seed);
	for (let index = 0; index < length; index++) {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		const deviation = (state & 0xffff) + (state >>> 16) - NOISE_STEPS;
		const share = boundary + noise * deviation;
		const here = Math.floor(totals[index] * share + 0.5);
		samples[start + index] = (here - before[index]) / ticksPerUnit;
		before[index] = here;
	}
}

/** Writes ticks as samples in the metric's unit. */
export function writeTicks(
	samples: Float64Array,
	start: number,
	ticks: Float64Array,
	length: number,
	ticksPerUnit: number,
): void {
	for (let index = 0; index < length; index++)
		samples[start + index] = ticks[index] / ticksPerUnit;
}

/** Adds `ticks` to `totals`, sample by sample. */
export function addTicks(
	totals: Float64Array,
	ticks: Float64Array,
	length: number,
): void {
	for (let index = 0; index < length; index++) totals[index] += ticks[index];
}

/** Sets `totals` to so many times `ticks`. */
export function multiplyTicks(
	totals: Float64Array,
	ticks: Float64Array,
	factor: number,
	length: number,
): void {
	for (let index = 0; index < length; index++)
		totals[index] = ticks[index] * factor;
}

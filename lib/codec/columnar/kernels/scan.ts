// The fused pass over samples that lie side by side. What it finds of a series goes into a tally of three doubles: sum,
// minimum, maximum.

/** Adding it to a double puts the nearest integer into the lower half of the sum's bits: 1.5 * 2^52. */
const ROUNDING: f64 = 6755399441055744;

/**
 * Stores the integers that samples are at `scale`, and adds the samples to the tally, up to the first one that is no such
 * integer: `integer * high + integer * low` has other bits. That is so for NaN, infinities, -0, and all that is beyond
 * 32 bits: the lower half of its rounded bits stands for a number that is closer to zero.
 *
 * @returns how many samples were taken.
 */
export function takeIntegers(
	samples: usize,
	count: i32,
	scale: f64,
	high: f64,
	low: f64,
	integers: usize,
	tally: usize,
): i32 {
	const scales = f64x2.splat(scale);
	const highs = f64x2.splat(high);
	const lows = f64x2.splat(low);
	let sum = load<f64>(tally);
	let least = i32x4.splat(i32.MAX_VALUE);
	let greatest = i32x4.splat(i32.MIN_VALUE);
	let i = 0;
	for (; i + 4 <= count; i += 4) {
		const from = samples + ((<usize>i) << 3);
		const a = v128.load(from);
		const b = v128.load(from, 16);
		const first = roundFour(a, b, scales);
		const upperOfFirst = i32x4.shuffle(first, first, 2, 3, 2, 3);
		const off = v128.or(
			v128.xor(a, quotients(first, highs, lows)),
			v128.xor(b, quotients(upperOfFirst, highs, lows)),
		);
		if (v128.any_true(off)) break;
		const to = integers + ((<usize>i) << 2);
		v128.store(to, first);
		least = i32x4.min_s(least, first);
		greatest = i32x4.max_s(greatest, first);
		// In the order of samples, one after the other. All else happens beside this chain, if it is not too much at once.
		sum += f64x2.extract_lane(a, 0);
		sum += f64x2.extract_lane(a, 1);
		sum += f64x2.extract_lane(b, 0);
		sum += f64x2.extract_lane(b, 1);
	}
	let min = min4(least);
	let max = max4(greatest);
	for (; i < count; i++) {
		const value = load<f64>(samples + ((<usize>i) << 3));
		const integer = <i32>reinterpret<i64>(value * scale + ROUNDING);
		const quotient = <f64>integer * high + <f64>integer * low;
		if (reinterpret<i64>(quotient) !== reinterpret<i64>(value)) break;
		store<i32>(integers + ((<usize>i) << 2), integer);
		if (integer < min) min = integer;
		if (integer > max) max = integer;
		sum += value;
	}
	if (i === 0) return 0;
	store<f64>(tally, sum);
	const minimum = <f64>min * high + <f64>min * low;
	const maximum = <f64>max * high + <f64>max * low;
	if (minimum < load<f64>(tally, 8)) store<f64>(tally, minimum, 8);
	if (maximum > load<f64>(tally, 16)) store<f64>(tally, maximum, 16);
	return i;
}

/**
 * Adds samples to the tally, whatever numbers they are, up to the first NaN. Of zeros, which compare as equal, the first
 * one counts.
 *
 * @returns how many samples were taken.
 */
export function addUp(samples: usize, count: i32, tally: usize): i32 {
	let sum = load<f64>(tally);
	let least = f64x2.splat(Infinity);
	let greatest = f64x2.splat(-Infinity);
	let i = 0;
	for (; i + 4 <= count; i += 4) {
		const from = samples + ((<usize>i) << 3);
		const a = v128.load(from);
		const b = v128.load(from, 16);
		if (v128.any_true(v128.or(f64x2.ne(a, a), f64x2.ne(b, b)))) break;
		least = f64x2.pmin(least, f64x2.pmin(a, b));
		greatest = f64x2.pmax(greatest, f64x2.pmax(a, b));
		sum += f64x2.extract_lane(a, 0);
		sum += f64x2.extract_lane(a, 1);
		sum += f64x2.extract_lane(b, 0);
		sum += f64x2.extract_lane(b, 1);
	}
	let min = Math.min(
		f64x2.extract_lane(least, 0),
		f64x2.extract_lane(least, 1),
	);
	let max = Math.max(
		f64x2.extract_lane(greatest, 0),
		f64x2.extract_lane(greatest, 1),
	);
	for (; i < count; i++) {
		const value = load<f64>(samples + ((<usize>i) << 3));
		if (Number.isNaN(value)) break;
		if (value < min) min = value;
		if (value > max) max = value;
		sum += value;
	}
	if (i === 0) return 0;
	store<f64>(tally, sum);
	if (min === 0) min = firstZero(samples);
	if (max === 0) max = firstZero(samples);
	if (min < load<f64>(tally, 8)) store<f64>(tally, min, 8);
	if (max > load<f64>(tally, 16)) store<f64>(tally, max, 16);
	return i;
}

/** The lower halves of the four rounded products. */
function roundFour(a: v128, b: v128, scales: v128): v128 {
	const roundings = f64x2.splat(ROUNDING);
	return i32x4.shuffle(
		f64x2.add(f64x2.mul(a, scales), roundings),
		f64x2.add(f64x2.mul(b, scales), roundings),
		0,
		2,
		4,
		6,
	);
}

/** The lower two integers, divided by the scale. */
function quotients(integers: v128, highs: v128, lows: v128): v128 {
	const doubles = f64x2.convert_low_i32x4_s(integers);
	return f64x2.add(f64x2.mul(doubles, highs), f64x2.mul(doubles, lows));
}

function firstZero(samples: usize): f64 {
	let from = samples;
	while (load<f64>(from) !== 0) from += 8;
	return load<f64>(from);
}

function min4(integers: v128): i32 {
	const two = i32x4.min_s(
		integers,
		i32x4.shuffle(integers, integers, 2, 3, 0, 1),
	);
	return min(i32x4.extract_lane(two, 0), i32x4.extract_lane(two, 1));
}

function max4(integers: v128): i32 {
	const two = i32x4.max_s(
		integers,
		i32x4.shuffle(integers, integers, 2, 3, 0, 1),
	);
	return max(i32x4.extract_lane(two, 0), i32x4.extract_lane(two, 1));
}

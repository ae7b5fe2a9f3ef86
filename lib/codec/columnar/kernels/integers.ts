// From planes of bytes to integers. A number's lowest bits are in the first plane, those from `shift` on in the second,
// eight more in the third and fourth each. Without a third plane there is no fourth either: both are 0 then.

/** From heights above `base`. */
export function integersFromLevels(
	first: usize,
	second: usize,
	third: usize,
	fourth: usize,
	shift: i32,
	count: i32,
	base: i32,
	integers: usize,
): void {
	const bases = i32x4.splat(base);
	let i = 0;
	for (; i + 8 <= count; i += 8) {
		const pairs = joinTwo(first + i, second + i, shift);
		let a = i32x4.extend_low_i16x8_u(pairs);
		let b = i32x4.extend_high_i16x8_u(pairs);
		if (third !== 0) {
			const upper = joinTwo(third + i, fourth + i, 8);
			a = addUpper(a, i32x4.extend_low_i16x8_u(upper), shift);
			b = addUpper(b, i32x4.extend_high_i16x8_u(upper), shift);
		}
		const to = integers + ((<usize>i) << 2);
		v128.store(to, i32x4.add(a, bases));
		v128.store(to, i32x4.add(b, bases), 16);
	}
	for (; i < count; i++)
		store<i32>(
			integers + ((<usize>i) << 2),
			joinOne(first, second, third, fourth, shift, i) + base,
		);
}

/** From steps, the first one on from `before`. */
export function integersFromDeltas(
	first: usize,
	second: usize,
	third: usize,
	fourth: usize,
	shift: i32,
	count: i32,
	before: i32,
	integers: usize,
): void {
	let last = i32x4.splat(before);
	let i = 0;
	for (; i + 8 <= count; i += 8) {
		const pairs = joinTwo(first + i, second + i, shift);
		let a = i32x4.extend_low_i16x8_u(pairs);
		let b = i32x4.extend_high_i16x8_u(pairs);
		if (third !== 0) {
			const upper = joinTwo(third + i, fourth + i, 8);
			a = addUpper(a, i32x4.extend_low_i16x8_u(upper), shift);
			b = addUpper(b, i32x4.extend_high_i16x8_u(upper), shift);
		}
		a = i32x4.add(sums(unfold(a)), last);
		b = sums(unfold(b));
		last = i32x4.shuffle(a, a, 3, 3, 3, 3);
		b = i32x4.add(b, last);
		last = i32x4.shuffle(b, b, 3, 3, 3, 3);
		const to = integers + ((<usize>i) << 2);
		v128.store(to, a);
		v128.store(to, b, 16);
	}
	let integer = i32x4.extract_lane(last, 0);
	for (; i < count; i++) {
		integer += unfoldOne(joinOne(first, second, third, fourth, shift, i));
		store<i32>(integers + ((<usize>i) << 2), integer);
	}
}

/** From distances to another column's integers. */
export function integersFromDifferences(
	first: usize,
	second: usize,
	third: usize,
	fourth: usize,
	shift: i32,
	count: i32,
	references: usize,
	integers: usize,
): void {
	let i = 0;
	for (; i + 8 <= count; i += 8) {
		const pairs = joinTwo(first + i, second + i, shift);
		let a = i32x4.extend_low_i16x8_u(pairs);
		let b = i32x4.extend_high_i16x8_u(pairs);
		if (third !== 0) {
			const upper = joinTwo(third + i, fourth + i, 8);
			a = addUpper(a, i32x4.extend_low_i16x8_u(upper), shift);
			b = addUpper(b, i32x4.extend_high_i16x8_u(upper), shift);
		}
		const from = references + ((<usize>i) << 2);
		const to = integers + ((<usize>i) << 2);
		v128.store(to, i32x4.add(unfold(a), v128.load(from)));
		v128.store(to, i32x4.add(unfold(b), v128.load(from, 16)), 16);
	}
	for (; i < count; i++) {
		const at = (<usize>i) << 2;
		const folded = joinOne(first, second, third, fourth, shift, i);
		store<i32>(integers + at, load<i32>(references + at) + unfoldOne(folded));
	}
}

/** Eight numbers of 16 bits. */
function joinTwo(lower: usize, upper: usize, shift: i32): v128 {
	return v128.or(
		v128.load8x8_u(lower),
		i16x8.shl(v128.load8x8_u(upper), shift),
	);
}

function addUpper(numbers: v128, upper: v128, shift: i32): v128 {
	return v128.or(numbers, i32x4.shl(upper, shift + 8));
}

function joinOne(
	first: usize,
	second: usize,
	third: usize,
	fourth: usize,
	shift: i32,
	i: i32,
): i32 {
	const lower =
		<i32>load<u8>(first + i) | ((<i32>load<u8>(second + i)) << shift);
	if (third === 0) return lower;
	return (
		lower |
		((<i32>load<u8>(third + i)) << (shift + 8)) |
		((<i32>load<u8>(fourth + i)) << (shift + 16))
	);
}

/** 0, 1, 2, 3 become 0, -1, 1, -2. */
function unfold(numbers: v128): v128 {
	return v128.xor(
		i32x4.shr_u(numbers, 1),
		i32x4.neg(v128.and(numbers, i32x4.splat(1))),
	);
}

function unfoldOne(number: i32): i32 {
	return (number >>> 1) ^ -(number & 1);
}

/** Of each step and those before it. */
function sums(steps: v128): v128 {
	const zero = i32x4.splat(0);
	const two = i32x4.add(steps, i32x4.shuffle(zero, steps, 0, 4, 5, 6));
	return i32x4.add(two, i32x4.shuffle(zero, two, 0, 1, 4, 5));
}

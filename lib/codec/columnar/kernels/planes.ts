// From integers to planes of bytes, two planes at a time: the bits of `firstMask` from `firstShift` on, and the eight from
// `secondShift` on. All return the numbers that the planes are of, OR-ed together.

/** Of the heights above `base`. */
export function planesOfLevels(
	integers: usize,
	count: i32,
	base: i32,
	firstShift: i32,
	firstMask: i32,
	secondShift: i32,
	first: usize,
	second: usize,
): i32 {
	const bases = i32x4.splat(base);
	const masks = i32x4.splat(firstMask);
	let used = i32x4.splat(0);
	let i = 0;
	for (; i + 16 <= count; i += 16) {
		const from = integers + ((<usize>i) << 2);
		const a = i32x4.sub(v128.load(from), bases);
		const b = i32x4.sub(v128.load(from, 16), bases);
		const c = i32x4.sub(v128.load(from, 32), bases);
		const d = i32x4.sub(v128.load(from, 48), bases);
		used = v128.or(used, orFour(a, b, c, d));
		v128.store(first + i, bytesOf(a, b, c, d, firstShift, masks));
		v128.store(second + i, bytesOf(a, b, c, d, secondShift, i32x4.splat(255)));
	}
	let rest = orLanes(used);
	for (; i < count; i++) {
		const level = load<i32>(integers + ((<usize>i) << 2)) - base;
		rest |= level;
		store<u8>(first + i, (level >>> firstShift) & firstMask);
		store<u8>(second + i, level >>> secondShift);
	}
	return rest;
}

/** Of the steps from integer to integer, the first one's from 0. */
export function planesOfDeltas(
	integers: usize,
	count: i32,
	firstShift: i32,
	firstMask: i32,
	secondShift: i32,
	first: usize,
	second: usize,
): i32 {
	if (count === 0) return 0;
	const masks = i32x4.splat(firstMask);
	let used = i32x4.splat(0);
	let rest = foldOne(load<i32>(integers));
	store<u8>(first, (rest >>> firstShift) & firstMask);
	store<u8>(second, rest >>> secondShift);
	let i = 1;
	for (; i + 16 <= count; i += 16) {
		const from = integers + ((<usize>i) << 2);
		const before = from - 4;
		const a = fold(i32x4.sub(v128.load(from), v128.load(before)));
		const b = fold(i32x4.sub(v128.load(from, 16), v128.load(before, 16)));
		const c = fold(i32x4.sub(v128.load(from, 32), v128.load(before, 32)));
		const d = fold(i32x4.sub(v128.load(from, 48), v128.load(before, 48)));
		used = v128.or(used, orFour(a, b, c, d));
		v128.store(first + i, bytesOf(a, b, c, d, firstShift, masks));
		v128.store(second + i, bytesOf(a, b, c, d, secondShift, i32x4.splat(255)));
	}
	rest |= orLanes(used);
	for (; i < count; i++) {
		const from = integers + ((<usize>i) << 2);
		const folded = foldOne(load<i32>(from) - load<i32>(from - 4));
		rest |= folded;
		store<u8>(first + i, (folded >>> firstShift) & firstMask);
		store<u8>(second + i, folded >>> secondShift);
	}
	return rest;
}

/** Of the distances to another column's integers. */
export function planesOfDifferences(
	integers: usize,
	count: i32,
	references: usize,
	firstShift: i32,
	firstMask: i32,
	secondShift: i32,
	first: usize,
	second: usize,
): i32 {
	const masks = i32x4.splat(firstMask);
	let used = i32x4.splat(0);
	let i = 0;
	for (; i + 16 <= count; i += 16) {
		const from = integers + ((<usize>i) << 2);
		const to = references + ((<usize>i) << 2);
		const a = fold(i32x4.sub(v128.load(from), v128.load(to)));
		const b = fold(i32x4.sub(v128.load(from, 16), v128.load(to, 16)));
		const c = fold(i32x4.sub(v128.load(from, 32), v128.load(to, 32)));
		const d = fold(i32x4.sub(v128.load(from, 48), v128.load(to, 48)));
		used = v128.or(used, orFour(a, b, c, d));
		v128.store(first + i, bytesOf(a, b, c, d, firstShift, masks));
		v128.store(second + i, bytesOf(a, b, c, d, secondShift, i32x4.splat(255)));
	}
	let rest = orLanes(used);
	for (; i < count; i++) {
		const at = (<usize>i) << 2;
		const folded = foldOne(
			load<i32>(integers + at) - load<i32>(references + at),
		);
		rest |= folded;
		store<u8>(first + i, (folded >>> firstShift) & firstMask);
		store<u8>(second + i, folded >>> secondShift);
	}
	return rest;
}

/** 0, -1, 1, -2 become 0, 1, 2, 3. */
function fold(steps: v128): v128 {
	return v128.xor(i32x4.shl(steps, 1), i32x4.shr_s(steps, 31));
}

function foldOne(step: i32): i32 {
	return (step << 1) ^ (step >> 31);
}

/** A byte of each of sixteen numbers. */
function bytesOf(
	a: v128,
	b: v128,
	c: v128,
	d: v128,
	shift: i32,
	masks: v128,
): v128 {
	return i8x16.narrow_i16x8_u(
		i16x8.narrow_i32x4_u(
			v128.and(i32x4.shr_u(a, shift), masks),
			v128.and(i32x4.shr_u(b, shift), masks),
		),
		i16x8.narrow_i32x4_u(
			v128.and(i32x4.shr_u(c, shift), masks),
			v128.and(i32x4.shr_u(d, shift), masks),
		),
	);
}

function orFour(a: v128, b: v128, c: v128, d: v128): v128 {
	return v128.or(v128.or(a, b), v128.or(c, d));
}

function orLanes(numbers: v128): i32 {
	return (
		i32x4.extract_lane(numbers, 0) |
		i32x4.extract_lane(numbers, 1) |
		i32x4.extract_lane(numbers, 2) |
		i32x4.extract_lane(numbers, 3)
	);
}

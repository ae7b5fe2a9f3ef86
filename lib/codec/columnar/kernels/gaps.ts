// Samples that are missing (NaN), and those that are there.

/**
 * Finds where samples begin and cease to be missing: the places of the samples that differ in this from the one before.
 *
 * @param missing whether the sample before the first one is missing: 1 or 0.
 * @param edges receives the places, 16 bits each.
 * @returns how many there are.
 */
export function findEdges(
	samples: usize,
	count: i32,
	missing: i32,
	edges: usize,
): i32 {
	let last = missing;
	let to = edges;
	let i = 0;
	for (; i + 8 <= count; i += 8) {
		const from = samples + ((<usize>i) << 3);
		const a = v128.load(from);
		const b = v128.load(from, 16);
		const c = v128.load(from, 32);
		const d = v128.load(from, 48);
		const now =
			i64x2.bitmask(f64x2.ne(a, a)) |
			(i64x2.bitmask(f64x2.ne(b, b)) << 2) |
			(i64x2.bitmask(f64x2.ne(c, c)) << 4) |
			(i64x2.bitmask(f64x2.ne(d, d)) << 6);
		let changed = now ^ (((now << 1) | last) & 255);
		last = now >> 7;
		for (; changed !== 0; changed &= changed - 1) {
			store<u16>(to, i + ctz(changed));
			to += 2;
		}
	}
	for (; i < count; i++) {
		const value = load<f64>(samples + ((<usize>i) << 3));
		const now = i32(Number.isNaN(value));
		if (now !== last) {
			store<u16>(to, i);
			to += 2;
		}
		last = now;
	}
	return <i32>((to - edges) >> 1);
}

/**
 * Finds the places, 16 bits each, of the samples that are there.
 *
 * @returns how many there are.
 */
export function findPlaces(samples: usize, count: i32, places: usize): i32 {
	let found = 0;
	for (let i = 0; i < count; i++) {
		// Stored in any case, and kept if it counts: what is missing is hard to foresee.
		store<u16>(places + ((<usize>found) << 1), i);
		const value = load<f64>(samples + ((<usize>i) << 3));
		found += i32(!Number.isNaN(value));
	}
	return found;
}

export function countMissing(samples: usize, count: i32): i32 {
	let missing = i64x2.splat(0);
	let i = 0;
	for (; i + 4 <= count; i += 4) {
		const from = samples + ((<usize>i) << 3);
		const a = v128.load(from);
		const b = v128.load(from, 16);
		// Where a comparison is true it has all bits set: -1.
		missing = i64x2.sub(missing, f64x2.ne(a, a));
		missing = i64x2.sub(missing, f64x2.ne(b, b));
	}
	let found = <i32>(
		(i64x2.extract_lane(missing, 0) + i64x2.extract_lane(missing, 1))
	);
	for (; i < count; i++)
		found += i32(Number.isNaN(load<f64>(samples + ((<usize>i) << 3))));
	return found;
}

/** Moves samples from their places, 16 bits each and ascending, to the front. */
export function closeUp(samples: usize, places: usize, count: i32): void {
	let i = 0;
	for (; i + 4 <= count; i += 4) {
		const from = places + ((<usize>i) << 1);
		const to = samples + ((<usize>i) << 3);
		const a = load<u64>(samples + ((<usize>load<u16>(from)) << 3));
		const b = load<u64>(samples + ((<usize>load<u16>(from, 2)) << 3));
		const c = load<u64>(samples + ((<usize>load<u16>(from, 4)) << 3));
		const d = load<u64>(samples + ((<usize>load<u16>(from, 6)) << 3));
		store<u64>(to, a);
		store<u64>(to, b, 8);
		store<u64>(to, c, 16);
		store<u64>(to, d, 24);
	}
	for (; i < count; i++)
		store<u64>(
			samples + ((<usize>i) << 3),
			load<u64>(
				samples + ((<usize>load<u16>(places + ((<usize>i) << 1))) << 3),
			),
		);
}

/** Moves samples to their places within `span` others that are NaN. There is room for one more of these. */
export function spreadOut(
	samples: usize,
	places: usize,
	count: i32,
	target: usize,
	span: i32,
): void {
	for (let i = 0; i < span; i += 2)
		v128.store(target + ((<usize>i) << 3), f64x2.splat(NaN));
	let i = 0;
	for (; i + 4 <= count; i += 4) {
		const from = samples + ((<usize>i) << 3);
		const at = places + ((<usize>i) << 1);
		const first = target + ((<usize>load<u16>(at)) << 3);
		const second = target + ((<usize>load<u16>(at, 2)) << 3);
		const third = target + ((<usize>load<u16>(at, 4)) << 3);
		const fourth = target + ((<usize>load<u16>(at, 6)) << 3);
		store<u64>(first, load<u64>(from));
		store<u64>(second, load<u64>(from, 8));
		store<u64>(third, load<u64>(from, 16));
		store<u64>(fourth, load<u64>(from, 24));
	}
	for (; i < count; i++)
		store<u64>(
			target + ((<usize>load<u16>(places + ((<usize>i) << 1))) << 3),
			load<u64>(samples + ((<usize>i) << 3)),
		);
}

// What planes of a few integers would take. Numbers to be split into planes are OR-ed together for what is returned.

/** Counts of 16 bits, one for each value of a byte. */
const TABLE_BYTES = 512;

/** Heights above the smallest integer. */
export function levelsOf(integers: usize, count: i32, numbers: usize): u32 {
	let least = i32.MAX_VALUE;
	for (let i = 0; i < count; i++)
		least = min(least, load<i32>(integers + ((<usize>i) << 2)));
	let used = 0;
	for (let i = 0; i < count; i++) {
		const at = (<usize>i) << 2;
		const level = load<i32>(integers + at) - least;
		store<i32>(numbers + at, level);
		used |= level;
	}
	return used;
}

/** Distances to the integers at `references`, folded. */
export function distancesOf(
	integers: usize,
	count: i32,
	references: usize,
	numbers: usize,
): u32 {
	let used = 0;
	for (let i = 0; i < count; i++) {
		const at = (<usize>i) << 2;
		const distance = load<i32>(integers + at) - load<i32>(references + at);
		const folded = (distance << 1) ^ (distance >> 31);
		store<i32>(numbers + at, folded);
		used |= folded;
	}
	return used;
}

/**
 * Entropy of the planes of numbers, in bits, for all of them together.
 *
 * @param used the numbers OR-ed together.
 * @param lowBits bits of the lowest plane; those above have eight.
 * @param histogram room for four counts of 16 bits of each value of a byte.
 * @param countBits `n * log2(n)` of every count `n`.
 */
export function planeBits(
	numbers: usize,
	count: i32,
	used: u32,
	lowBits: i32,
	histogram: usize,
	countBits: usize,
): f64 {
	let bits: f64 = 0;
	let width = lowBits;
	for (let shift = 0; shift < 32 && used >>> shift !== 0; shift += width) {
		if (shift !== 0) width = 8;
		const mask = (1 << width) - 1;
		bits += entropyBits(numbers, count, shift, mask, histogram, countBits);
	}
	return bits;
}

/** Miller and Madow's estimate of the entropy of some bits of numbers, times their count. */
function entropyBits(
	numbers: usize,
	count: i32,
	shift: i32,
	mask: i32,
	histogram: usize,
	countBits: usize,
): f64 {
	// Four tables: equal numbers in a row need not wait for each other.
	memory.fill(histogram, 0, 4 * TABLE_BYTES);
	let i = 0;
	for (; i + 4 <= count; i += 4) {
		const from = numbers + ((<usize>i) << 2);
		countOne(histogram, (load<i32>(from) >>> shift) & mask);
		countOne(histogram + TABLE_BYTES, (load<i32>(from, 4) >>> shift) & mask);
		countOne(
			histogram + 2 * TABLE_BYTES,
			(load<i32>(from, 8) >>> shift) & mask,
		);
		countOne(
			histogram + 3 * TABLE_BYTES,
			(load<i32>(from, 12) >>> shift) & mask,
		);
	}
	for (; i < count; i++)
		countOne(
			histogram,
			(load<i32>(numbers + ((<usize>i) << 2)) >>> shift) & mask,
		);
	let bits = load<f64>(countBits + ((<usize>count) << 3));
	let distinct = 0;
	for (let value = 0; value <= mask; value += 8) {
		const at = histogram + ((<usize>value) << 1);
		const times = i16x8.add(
			i16x8.add(v128.load(at), v128.load(at, TABLE_BYTES)),
			i16x8.add(v128.load(at, 2 * TABLE_BYTES), v128.load(at, 3 * TABLE_BYTES)),
		);
		// Most values of few numbers, and of similar ones, do not occur.
		if (!v128.any_true(times)) continue;
		v128.store(at, times);
		for (let i: usize = 0; i < 16; i += 2) {
			const count = load<u16>(at + i);
			bits -= load<f64>(countBits + ((<usize>count) << 3));
			distinct += <i32>(count !== 0);
		}
	}
	return bits + <f64>(distinct - 1) / (2 * Math.LN2);
}

function countOne(histogram: usize, value: i32): void {
	const at = histogram + ((<usize>value) << 1);
	store<u16>(at, load<u16>(at) + 1);
}

// Numbers for the distinct values of samples.

/** Spreads the bits of doubles, whose lower ones are often zeros: 2^64 divided by the golden ratio. */
const SPREADING: u64 = ((<u64>0x9e3779b9) << 32) | 0x7f4a7c15;

/**
 * Numbers values, by their bits, in the order in which they appear.
 *
 * @param codes receives the number of each sample's value.
 * @param found values that are known before, the first of `values`; of those there is room for `limit`.
 * @param slots a hash table of `2 ** slotBits` numbers, -1 where there is none; more than `limit`.
 * @returns how many values are known now; one more than `limit` when there is no room for all.
 */
export function numberValues(
	samples: usize,
	count: i32,
	codes: usize,
	found: i32,
	limit: i32,
	values: usize,
	slots: usize,
	slotBits: i32,
): i32 {
	const shift = <u64>(64 - slotBits);
	const mask: u32 = (1 << slotBits) - 1;
	let known = found;
	for (let i = 0; i < count; i++) {
		const value = load<u64>(samples + ((<usize>i) << 3));
		let slot = <u32>((value * SPREADING) >> shift);
		let code = load<i32>(slots + ((<usize>slot) << 2));
		while (code >= 0 && load<u64>(values + ((<usize>code) << 3)) !== value) {
			slot = (slot + 1) & mask;
			code = load<i32>(slots + ((<usize>slot) << 2));
		}
		if (code < 0) {
			if (known === limit) return limit + 1;
			code = known++;
			store<i32>(slots + ((<usize>slot) << 2), code);
			store<u64>(values + ((<usize>code) << 3), value);
		}
		store<i32>(codes + ((<usize>i) << 2), code);
	}
	return known;
}

/** Puts other numbers in the place of these. */
export function renumber(codes: usize, count: i32, numbers: usize): void {
	for (let i = 0; i < count; i++) {
		const code = codes + ((<usize>i) << 2);
		store<i32>(code, load<i32>(numbers + ((<usize>load<u32>(code)) << 2)));
	}
}

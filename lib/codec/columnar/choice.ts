/** Runs of neighbours that stand for a column when its transform is chosen. */
const WINDOWS = 4;
const WINDOW_LENGTH = 256;
const PROBES = WINDOWS * WINDOW_LENGTH;
/** Widths of the lowest plane that are tried: most often a byte, sometimes fewer bits leave more to compress above. */
const LOW_BITS = [8, 6];
/** Places at which a column is compared with another one, and the share of them that must be the same. */
const LIKENESS_PROBES = 32;
const LIKENESS_SHARE = 1 / 4;

/** `count * log2(count)`. */
const COUNT_BITS = Float64Array.from({ length: PROBES + 1 }, (_, count) =>
	count === 0 ? 0 : count * Math.log2(count),
);
const probed = new Int32Array(PROBES);
const numbers = new Uint32Array(PROBES);
const histogram = new Uint16Array(256);

/** How a column is best split into planes, as far as a look at parts of it tells. */
export interface TransformChoice {
	transform: "level" | "delta";
	lowBits: number;
	/** Estimated bits a sample. */
	bits: number;
}

/** The cheapest transform for a column, judged by the entropy of its planes over a few windows. */
export function chooseTransform(integers: Int32Array): TransformChoice {
	const window = probeWindows(integers);
	const count = window.length;
	// The smallest of the windows is close to the column's smallest, and cheap.
	let base = count === 0 ? 0 : window[0];
	for (let i = 1; i < count; i++) if (window[i] < base) base = window[i];
	for (let i = 0; i < count; i++) numbers[i] = window[i] - base;
	let best = cheapest("level", count);
	for (let i = 1; i < count; i++) {
		const delta = (window[i] - window[i - 1]) | 0;
		numbers[i - 1] = (delta << 1) ^ (delta >> 31);
	}
	const delta = cheapest("delta", Math.max(0, count - 1));
	if (delta.bits < best.bits) best = delta;
	return best;
}

/** Estimated bits a sample when a column is stored as its distance to `reference`; infinite when they are not alike. */
export function differenceBits(
	integers: Int32Array,
	reference: Int32Array,
): number {
	if (!alike(integers, reference)) return Number.POSITIVE_INFINITY;
	const window = probeWindows(integers);
	const count = window.length;
	for (let i = 0; i < count; i++) numbers[i] = window[i];
	probeWindows(reference);
	for (let i = 0; i < count; i++) {
		const distance = (numbers[i] - probed[i]) | 0;
		numbers[i] = (distance << 1) ^ (distance >> 31);
	}
	return planeBits(count, 8);
}

function cheapest(
	transform: TransformChoice["transform"],
	count: number,
): TransformChoice {
	let best: TransformChoice | undefined;
	for (const lowBits of LOW_BITS) {
		const bits = planeBits(count, lowBits);
		if (best === undefined || bits < best.bits)
			best = { transform, lowBits, bits };
	}
	return best as TransformChoice;
}

function alike(integers: Int32Array, reference: Int32Array): boolean {
	const step = Math.max(1, Math.floor(integers.length / LIKENESS_PROBES));
	let same = 0;
	let probes = 0;
	for (let i = 0; i < integers.length; i += step) {
		probes++;
		if (integers[i] === reference[i]) same++;
	}
	return same >= probes * LIKENESS_SHARE;
}

/** Copies a few windows of a column. @returns a view, valid until the next call. */
function probeWindows(integers: Int32Array): Int32Array {
	if (integers.length <= PROBES) {
		probed.set(integers);
		return probed.subarray(0, integers.length);
	}
	const stride = Math.floor((integers.length - WINDOW_LENGTH) / (WINDOWS - 1));
	for (let window = 0; window < WINDOWS; window++) {
		const start = window * stride;
		probed.set(
			integers.subarray(start, start + WINDOW_LENGTH),
			window * WINDOW_LENGTH,
		);
	}
	return probed;
}

/** Entropy of the planes of the first `count` numbers, in bits a number. */
function planeBits(count: number, lowBits: number): number {
	if (count === 0) return 0;
	let used = 0;
	for (let i = 0; i < count; i++) used |= numbers[i];
	let bits = 0;
	let shift = 0;
	let width = lowBits;
	while (shift < 32 && used >>> shift !== 0) {
		bits += entropyBits(count, shift, 2 ** width - 1);
		shift += width;
		width = 8;
	}
	return bits / count;
}

/** Miller and Madow's estimate of the entropy of some bits of the numbers, times their count. */
function entropyBits(count: number, shift: number, mask: number): number {
	histogram.fill(0);
	for (let i = 0; i < count; i++) histogram[(numbers[i] >>> shift) & mask]++;
	let bits = COUNT_BITS[count];
	let distinct = 0;
	for (let value = 0; value <= mask; value++) {
		bits -= COUNT_BITS[histogram[value]];
		if (histogram[value] > 0) distinct++;
	}
	return bits + (distinct - 1) / (2 * Math.LN2);
}

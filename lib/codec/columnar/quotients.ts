/** Scales up to this one are divided by with {@link reciprocalOf}. */
export const MAX_RECIPROCAL_SCALE = 2 ** 20;

/** A reciprocal in two parts, for quotients without a division. */
export interface Reciprocal {
	/** The upper 22 bits. */
	high: number;
	/** What is missing from them. */
	low: number;
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/**
 * The reciprocal of a scale up to {@link MAX_RECIPROCAL_SCALE}: `i * high + i * low` is `i / scale`, bit for bit, for
 * every 32-bit integer `i`, in a third of the time.
 *
 * `i * high` is exact (31 and 22 bits), so before the sum is rounded it is off by no more than the roundings of `low` and
 * `i * low` make, 2^-74 of the quotient. It would be rounded differently only if a point halfway between two doubles
 * lay between it and the quotient. But the quotient is never such a point, and stays more than 2^-54 / scale of itself
 * away from all of them: their distance is a multiple of such a point's last bit, divided by the scale's odd part.
 */
export function reciprocalOf(scale: number): Reciprocal {
	double[0] = 1 / scale;
	words[0] &= 0x80000000;
	const high = double[0];
	return { high, low: (1 - scale * high) / scale };
}

/** Powers of ten that a double holds exactly. */
export const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, n) =>
	Number(`1e${n}`),
);

/** Far more than a correction can be wrong by, and far less than what mostly decides between two doubles. */
const DOUBT = 2 ** -40;
/** Splits a double into halves of 26 bits (Veltkamp). */
const SPLITTER = 2 ** 27 + 1;

/**
 * The double nearest to `(high * 1e9 + low) / 10 ** decimals`, or NaN where that lies too close to the middle between two
 * doubles for this way to tell. So a decimal of up to 19 digits is read without making a string of it.
 *
 * The digits are held exactly, as a sum of two doubles. Divided by an exact power of ten they give a double and a
 * correction to it that is right in all but its last bits (Dekker, "A Floating-Point Technique for Extending the Available
 * Precision", 1971). If both together round to the same double with a little more and a little less correction, then also
 * with the right one.
 *
 * @param high - An integer below 1e10.
 * @param low - An integer below 1e9.
 * @param decimals - At most 22.
 */
export function nearestDouble(
	high: number,
	low: number,
	decimals: number,
): number {
	// Both have so few significant bits that nothing is rounded before their sum is.
	const upper = Math.floor(high / 65536) * 1e9 * 65536;
	const lower = (high % 65536) * 1e9 + low;
	const sum = upper + lower;
	const sumError = lower - (sum - upper);

	const divisor = POWERS_OF_TEN[decimals];
	const quotient = sum / divisor;
	const product = quotient * divisor;
	const remainder =
		sum - product - productError(quotient, divisor, product) + sumError;
	const correction = remainder / divisor;
	const value = quotient + correction * (1 + DOUBT);
	return value === quotient + correction * (1 - DOUBT) ? value : Number.NaN;
}

/** What `product`, the rounded product of `a` and `b`, lacks of the exact one. */
function productError(a: number, b: number, product: number): number {
	const aScaled = SPLITTER * a;
	const aHigh = aScaled - (aScaled - a);
	const aLow = a - aHigh;
	const bScaled = SPLITTER * b;
	const bHigh = bScaled - (bScaled - b);
	const bLow = b - bHigh;
	return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

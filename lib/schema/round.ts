/** From here on doubles lie further apart than a hundredth, so rounding to one has nothing to do. */
const COARSER_THAN_HUNDREDTHS = 2 ** 46;

/** Rounds to two decimals, halves away from zero. NaN and infinities stay; there is no negative zero. */
export function round2(value: number): number {
	const size = Math.abs(value);
	if (!(size < COARSER_THAN_HUNDREDTHS)) return value;
	return (Math.sign(value) * Math.round(size * 100)) / 100 + 0;
}

/**
 * Factors by which samples become integers, tried in this order: decimals as most collectors print them, and sixtieths
 * and 1024ths for rates over a minute and for binary prefixes.
 */
const SCALES: readonly number[] = [
	1, 10, 100, 1000, 60, 1024, 10_000, 100_000, 1_000_000,
];
/** Samples looked at to guess a scale. */
const PROBES = 64;
/** One sample in this many may miss the scale, in a guess and in a column: it is stored as an exception. */
export const EXCEPTION_SHARE = 16;
/** Of this many samples one may miss the scale. */
const FEW = 4;
/** Integers of a smaller magnitude keep their differences, folded by zigzag, exact in a double. */
export const WIDE_LIMIT = 2 ** 51;

export interface Scale {
	factor: number;
	/** The integers do not fit 32 bits. */
	wide: boolean;
}

export interface ScaleGuess {
	scale: Scale;
	/** Of the scale in the order in which scales are tried. */
	position: number;
}

/**
 * The first scale, from the `from`-th on, at which nearly all of some samples taken all over `samples` are integers.
 * Zeros and missing samples say nothing. Leading zeros therefore do not mislead, but a guess it remains.
 */
export function guessScale(
	samples: Float64Array,
	from = 0,
): ScaleGuess | undefined {
	const step = Math.max(1, Math.floor(samples.length / PROBES));
	for (let position = from; position < SCALES.length; position++) {
		const factor = SCALES[position];
		let probes = 0;
		let misses = 0;
		let wide = 0;
		for (let i = step >> 1; i < samples.length; i += step) {
			const value = samples[i];
			if (value === 0 || Number.isNaN(value)) continue;
			probes++;
			const integer = Math.round(value * factor);
			if (integer / factor !== value || Math.abs(integer) >= WIDE_LIMIT)
				misses++;
			else if ((integer | 0) !== integer) wide++;
		}
		// Of a handful of samples one may miss as well.
		if (misses * EXCEPTION_SHARE <= probes || (misses === 1 && probes >= FEW))
			return {
				scale: { factor, wide: wide * EXCEPTION_SHARE > probes },
				position,
			};
	}
	return undefined;
}

const MOST_KEPT = 2 ** 21;

/** Kept by the thread: the first touch of a fresh page costs more than what is decoded onto it. */
let kept = new Float64Array(0);

/**
 * Room for the samples of one chunk, with arbitrary content. It is used again for the thread's next chunk, so what is made
 * of the samples has to be complete by then.
 */
export function sampleSpace(samples: number): Float64Array {
	if (samples > MOST_KEPT) return new Float64Array(samples);
	if (samples > kept.length) kept = new Float64Array(samples);
	return kept.subarray(0, samples);
}

// From planes to samples in one pass, for columns of at most two planes that no other column is told from, which most
// are: number, integer, sample and gaps without going through memory between them. They give what `joinPlanes`, the
// inverse transforms, the division and `spread` give one after the other.

/** Two planes; a column of one has zeros for its second. */
export interface TwoPlanes {
	low: Uint8Array;
	high: Uint8Array;
	lowBits: number;
}

/** Where samples go: `runs` alternate between samples that are there and samples that are missing. */
export interface SampleTarget {
	samples: Float64Array;
	runs: Uint32Array;
	scale: number;
}

export function samplesFromLevels(
	{ low, high, lowBits }: TwoPlanes,
	base: number,
	{ samples, runs, scale }: SampleTarget,
): void {
	let from = 0;
	let to = 0;
	for (let run = 0; run < runs.length; run += 2) {
		for (const end = to + runs[run]; to < end; ) {
			const level = low[from] | (high[from] << lowBits);
			from++;
			samples[to++] = ((level + base) | 0) / scale;
		}
		for (const end = to + runs[run + 1]; to < end; ) samples[to++] = Number.NaN;
	}
}

export function samplesFromDeltas(
	{ low, high, lowBits }: TwoPlanes,
	{ samples, runs, scale }: SampleTarget,
): void {
	let from = 0;
	let to = 0;
	let integer = 0;
	for (let run = 0; run < runs.length; run += 2) {
		for (const end = to + runs[run]; to < end; ) {
			const folded = low[from] | (high[from] << lowBits);
			from++;
			integer = (integer + ((folded >>> 1) ^ -(folded & 1))) | 0;
			samples[to++] = integer / scale;
		}
		for (const end = to + runs[run + 1]; to < end; ) samples[to++] = Number.NaN;
	}
}

export function samplesFromDifferences(
	{ low, high, lowBits }: TwoPlanes,
	reference: Int32Array,
	{ samples, runs, scale }: SampleTarget,
): void {
	let from = 0;
	let to = 0;
	for (let run = 0; run < runs.length; run += 2) {
		for (const end = to + runs[run]; to < end; ) {
			const folded = low[from] | (high[from] << lowBits);
			const integer = (reference[from] + ((folded >>> 1) ^ -(folded & 1))) | 0;
			from++;
			samples[to++] = integer / scale;
		}
		for (const end = to + runs[run + 1]; to < end; ) samples[to++] = Number.NaN;
	}
}

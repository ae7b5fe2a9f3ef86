/** Bins of the histogram from which buckets are made. */
const MAX_BIN_BITS = 16;

/**
 * A division of the numbers from 0 to some highest one into buckets that hold about as many samples each. Widths are
 * powers of two, so a place within a bucket takes whole bits.
 */
export interface Buckets {
	/** Numbers a bin, as a power of two: numbers are divided by bins. */
	binShift: number;
	/** Bins a bucket, as powers of two. */
	widthLogs: number[];
}

const population = new Uint32Array(2 ** MAX_BIN_BITS + 1);

/**
 * Divides `numbers` (below 2^31) into at most `maxBuckets` buckets. Integer arithmetic throughout: encoders and
 * decoders that see the same numbers make the same buckets.
 */
export function divideIntoBuckets(
	numbers: Uint32Array,
	highest: number,
	maxBuckets: number,
): Buckets {
	const binShift = Math.max(0, 32 - Math.clz32(highest) - MAX_BIN_BITS);
	const bins = (highest >>> binShift) + 1;
	const upTo = countUpTo(numbers, binShift, bins);
	const widthLogs: number[] = [];
	let bin = 0;
	while (bin < bins) {
		const bucketsLeft = maxBuckets - widthLogs.length;
		let log = 0;
		if (bucketsLeft === 1) {
			while (2 ** log < bins - bin) log++;
		} else {
			const wanted = Math.floor((numbers.length - upTo[bin]) / bucketsLeft);
			const held = (width: number) =>
				upTo[Math.min(bins, bin + width)] - upTo[bin];
			while (2 ** log < bins - bin && held(2 ** log) < wanted) log++;
			// One step less, if that comes closer.
			if (log > 0 && wanted - held(2 ** (log - 1)) < held(2 ** log) - wanted)
				log--;
		}
		widthLogs.push(log);
		bin += 2 ** log;
	}
	return { binShift, widthLogs };
}

/** The lowest number of each bucket. */
export function bucketStarts({ binShift, widthLogs }: Buckets): Uint32Array {
	const starts = new Uint32Array(widthLogs.length);
	let bin = 0;
	widthLogs.forEach((log, bucket) => {
		starts[bucket] = bin * 2 ** binShift;
		bin += 2 ** log;
	});
	return starts;
}

/** For every bin the bucket that it belongs to. @param table room for the bins that buckets can have, 2^17 */
export function bucketTable(
	{ widthLogs }: Buckets,
	table: Uint8Array,
): Uint8Array {
	let bin = 0;
	widthLogs.forEach((log, bucket) => {
		table.fill(bucket, bin, bin + 2 ** log);
		bin += 2 ** log;
	});
	return table.subarray(0, bin);
}

/** The most bins that all buckets together can have: the last one may reach far beyond the highest number. */
export const MAX_TABLE_BINS = 2 ** (MAX_BIN_BITS + 1);

/** `upTo[b]`: how many numbers lie in bins before `b`. */
function countUpTo(
	numbers: Uint32Array,
	binShift: number,
	bins: number,
): Uint32Array {
	population.fill(0, 0, bins + 1);
	for (let i = 0; i < numbers.length; i++)
		population[(numbers[i] >>> binShift) + 1]++;
	for (let bin = 0; bin < bins; bin++) population[bin + 1] += population[bin];
	return population;
}

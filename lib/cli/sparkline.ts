const BLOCKS = "▁▂▃▄▅▆▇█";
const GAP = " ";

/**
 * A series as a line of at most `width` blocks, each the mean of its stretch of samples, from the least of these to the
 * greatest. A stretch without samples is a space; values that are all the same lie in the middle.
 */
export function sparkline(samples: Float64Array, width: number): string {
	const means = stretchMeans(samples, Math.min(width, samples.length));
	const present = means.filter((mean) => !Number.isNaN(mean));
	const min = Math.min(...present);
	const range = Math.max(...present) - min;
	return means
		.map((mean) => {
			if (Number.isNaN(mean)) return GAP;
			const height = range > 0 ? (mean - min) / range : 0.5;
			return BLOCKS[Math.min(BLOCKS.length - 1, Math.floor(height * 8))];
		})
		.join("");
}

/** Mean over several series at each time step, NaN where none has a sample. Series may differ in length. */
export function meanOfSeries(series: readonly Float64Array[]): Float64Array {
	const length = series.reduce((most, data) => Math.max(most, data.length), 0);
	const sums = new Float64Array(length);
	const counts = new Uint32Array(length);
	for (const samples of series) {
		for (let i = 0; i < samples.length; i++) {
			if (Number.isNaN(samples[i])) continue;
			sums[i] += samples[i];
			counts[i]++;
		}
	}
	return sums.map((sum, i) => sum / counts[i]);
}

function stretchMeans(samples: Float64Array, count: number): number[] {
	return Array.from({ length: count }, (_, stretch) => {
		const from = Math.floor((stretch * samples.length) / count);
		const until = Math.floor(((stretch + 1) * samples.length) / count);
		return meanOf(samples.subarray(from, until));
	});
}

function meanOf(samples: Float64Array): number {
	let sum = 0;
	let count = 0;
	for (const sample of samples) {
		if (Number.isNaN(sample)) continue;
		sum += sample;
		count++;
	}
	return sum / count;
}

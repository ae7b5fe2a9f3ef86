import type { Column } from "../lib/codec/column.js";

/**
 * A column with one sample for every `factor` of the given one: the average of those that are there, NaN where none is.
 * The last one may stand for fewer. Statistics over the series that a source brought don't fit any more and are left out.
 */
export function resampleColumn(
	{ statisticsSeries: _, lengths, samples, ...header }: Column,
	factor: number,
): Column {
	const shorter = lengths.map((length) => Math.ceil(length / factor));
	const averages = new Float64Array(shorter.reduce((sum, n) => sum + n, 0));
	let start = 0;
	let at = 0;
	for (const length of lengths) {
		const end = start + length;
		for (let from = start; from < end; from += factor)
			averages[at++] = averageOf(samples, from, Math.min(from + factor, end));
		start = end;
	}
	return {
		...header,
		timestep: header.timestep * factor,
		lengths: shorter,
		samples: averages,
	};
}

function averageOf(samples: Float64Array, start: number, end: number): number {
	let sum = 0;
	let count = 0;
	for (let i = start; i < end; i++) {
		const value = samples[i];
		if (!Number.isNaN(value)) {
			sum += value;
			count++;
		}
	}
	// Nothing by nothing is NaN, as it should be.
	return sum / count;
}

import type { GapTable } from "./gaps.js";
import { type Placement, placementOf } from "./placement.js";
import { Scratch } from "./scratch.js";

const missingScratch = new Scratch(Uint32Array);

/** Which samples of a column are there. Columns of a job mostly miss the same ones, and then share one of these. */
export interface Presence {
	lengths: Uint32Array;
	/** Pattern of gaps of each series; null: nothing is missing. */
	patterns: Uint32Array | null;
	/** Samples of each series that are there. */
	counts: Uint32Array;
	/** Of the samples that are there. */
	placement: Placement;
	/** Places of those that are missing. */
	missing: Uint32Array;
}

/** Looks which samples are there, and adds the gaps to those of the part. */
export function findPresence(
	samples: Float64Array,
	lengths: Uint32Array,
	gaps: GapTable,
): Presence {
	const patterns = new Uint32Array(lengths.length);
	const counts = new Uint32Array(lengths.length);
	const missing = missingScratch.take(samples.length);
	let missed = 0;
	let start = 0;
	for (let series = 0; series < lengths.length; series++) {
		const end = start + lengths[series];
		const missedBefore = missed;
		let skipFrom = start;
		for (let i = start; i < end; i++) {
			if (!Number.isNaN(samples[i])) continue;
			const gapStart = i;
			for (; i < end && Number.isNaN(samples[i]); i++) missing[missed++] = i;
			gaps.add(gapStart - skipFrom, i - gapStart);
			skipFrom = i;
		}
		patterns[series] = gaps.endSeries();
		counts[series] = lengths[series] - (missed - missedBefore);
		start = end;
	}
	return {
		lengths,
		patterns: missed === 0 ? null : patterns,
		counts,
		placement: placementOf(lengths, total(counts), gaps.patterns(), patterns),
		missing: missing.slice(0, missed),
	};
}

function total(counts: Uint32Array): number {
	let sum = 0;
	for (let i = 0; i < counts.length; i++) sum += counts[i];
	return sum;
}

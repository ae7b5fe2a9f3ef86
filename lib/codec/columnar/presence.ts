import type { GapTable } from "./gaps.js";
import { kernels } from "./kernels.js";
import { type Placement, placementIn } from "./placement.js";
import { BLOCK_SAMPLES, workspace } from "./workspace.js";

/** Which samples of a column are there. Columns of a job mostly miss the same ones, and then share one of these. */
export interface Presence {
	lengths: Uint32Array;
	/** Pattern of gaps of each series; null: nothing is missing. */
	patterns: Uint32Array | null;
	/** Samples of each series that are there. */
	counts: Uint32Array;
	/** Of the samples that are there. */
	placement: Placement;
}

/** Looks which samples are there, and adds the gaps to those of the part. */
export function findPresence(
	samples: Float64Array,
	lengths: Uint32Array,
	gaps: GapTable,
): Presence {
	const patterns = new Uint32Array(lengths.length);
	const counts = new Uint32Array(lengths.length);
	let start = 0;
	for (let series = 0; series < lengths.length; series++) {
		const end = start + lengths[series];
		let missed = 0;
		let skipFrom = start;
		findGaps(samples, start, end, (gapStart, gapEnd) => {
			missed += gapEnd - gapStart;
			gaps.add(gapStart - skipFrom, gapEnd - gapStart);
			skipFrom = gapEnd;
		});
		patterns[series] = gaps.endSeries();
		counts[series] = lengths[series] - missed;
		start = end;
	}
	const present = total(counts);
	return {
		lengths,
		patterns: present === samples.length ? null : patterns,
		counts,
		placement: placementIn(samples, present),
	};
}

/** Finds the gaps of one series, block by block. */
function findGaps(
	samples: Float64Array,
	start: number,
	end: number,
	found: (gapStart: number, gapEnd: number) => void,
): void {
	const { values, edges } = workspace;
	let gapStart = -1;
	for (let from = start; from < end; from += BLOCK_SAMPLES) {
		const to = Math.min(end, from + BLOCK_SAMPLES);
		values.set(samples.subarray(from, to));
		const edgeCount = kernels.findEdges(
			values.byteOffset,
			to - from,
			gapStart < 0 ? 0 : 1,
			edges.byteOffset,
		);
		for (let i = 0; i < edgeCount; i++) {
			const edge = from + edges[i];
			if (gapStart < 0) gapStart = edge;
			else {
				found(gapStart, edge);
				gapStart = -1;
			}
		}
	}
	if (gapStart >= 0) found(gapStart, end);
}

function total(counts: Uint32Array): number {
	let sum = 0;
	for (let i = 0; i < counts.length; i++) sum += counts[i];
	return sum;
}

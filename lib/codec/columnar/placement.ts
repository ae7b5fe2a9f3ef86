import { kernels } from "./kernels.js";
import { BLOCK_SAMPLES, workspace } from "./workspace.js";

/** Samples that are there, and where they go: `count` of them from the `from`-th on, within `span` places from `to` on. */
export interface Stretch {
	from: number;
	count: number;
	to: number;
	span: number;
}

/** Where the samples of a segment go. Segments that miss the same samples share one. */
export interface Placement {
	/** In order, each no longer than a block. */
	stretches: Stretch[];
	/** Place of each sample that is there, within its stretch. */
	places: Uint16Array;
	/** Samples that are there. */
	present: number;
}

/**
 * Places the samples of all series of a segment, series after series.
 *
 * @param patterns runs of each pattern: samples that are there, then samples that are missing.
 * @param seriesPatterns pattern of each series; null: nothing is missing.
 * @throws RangeError when the gaps do not agree with the series' lengths and `present`.
 */
export function placementOf(
	lengths: Uint32Array,
	present: number,
	patterns: readonly Uint32Array[],
	seriesPatterns: Uint32Array | null,
): Placement {
	const samplePlaces = new Uint16Array(present);
	const stretches: Stretch[] = [];
	let from = 0;
	let there = 0;
	let start = 0;
	let position = 0;
	for (let series = 0; series < lengths.length; series++) {
		const end = position + lengths[series];
		const runs = seriesPatterns && patterns[seriesPatterns[series]];
		const runCount = runs === null ? 0 : runs.length;
		// What is left of a series behind its last run is there.
		for (let run = 0; run <= runCount; run += 2) {
			const last = runs === null || run === runCount;
			const runEnd = last ? end : position + runs[run];
			const next = last ? end : runEnd + runs[run + 1];
			if (next > end) throw new RangeError("gaps reach beyond their series");
			if (there + runEnd - position > present) throw notAddingUp();
			while (position < runEnd) {
				if (there === from) start = position;
				else if (position - start >= BLOCK_SAMPLES) {
					stretches.push(stretch(from, there, start));
					from = there;
					start = position;
				}
				const stop = Math.min(runEnd, start + BLOCK_SAMPLES);
				for (let place = position - start; place < stop - start; place++)
					samplePlaces[there++] = place;
				position = stop;
			}
			position = next;
		}
	}
	if (there !== present) throw notAddingUp();
	if (there > from) stretches.push(stretch(from, there, start));
	return { stretches, places: samplePlaces, present };

	function stretch(from: number, end: number, to: number): Stretch {
		return { from, count: end - from, to, span: samplePlaces[end - 1] + 1 };
	}
}

/** Places the samples of a column that are there, `present` of them, as {@link placementOf} does by its gaps. */
export function placementIn(samples: Float64Array, present: number): Placement {
	const places = new Uint16Array(present);
	const stretches: Stretch[] = [];
	let from = 0;
	let to = 0;
	while (from < present) {
		while (Number.isNaN(samples[to])) to++;
		const { values, places: found } = workspace;
		const block = samples.subarray(to, to + BLOCK_SAMPLES);
		values.set(block);
		const count = kernels.findPlaces(
			values.byteOffset,
			block.length,
			found.byteOffset,
		);
		places.set(found.subarray(0, count), from);
		stretches.push({ from, count, to, span: found[count - 1] + 1 });
		from += count;
		to += block.length;
	}
	return { stretches, places, present };
}

function notAddingUp(): RangeError {
	return new RangeError("missing samples and samples do not add up");
}

/**
 * Brings the samples of a stretch that are there to the front of the workspace.
 *
 * @returns false when not so many are missing. When they are, but others, a sample that should be there is not.
 */
export function gatherSamples(
	{ places }: Placement,
	{ from, count, to, span }: Stretch,
	samples: Float64Array,
): boolean {
	const { values } = workspace;
	values.set(samples.subarray(to, to + span));
	if (span === count) return true;
	const missing = kernels.countMissing(values.byteOffset, span);
	workspace.places.set(places.subarray(from, from + count));
	kernels.closeUp(values.byteOffset, workspace.places.byteOffset, count);
	return missing === span - count;
}

/**
 * Fills `samples` stretch by stretch, with NaN between and within them where there are none.
 *
 * @param compute puts `count` samples, from the `from`-th on, to the front of the workspace.
 */
export function placeSamples(
	placement: Placement,
	samples: Float64Array,
	compute: (from: number, count: number) => void,
): void {
	let end = 0;
	for (const { from, count, to, span } of placement.stretches) {
		compute(from, count);
		const { places, values, placed } = workspace;
		if (span > count) {
			places.set(placement.places.subarray(from, from + count));
			kernels.spreadOut(
				values.byteOffset,
				places.byteOffset,
				count,
				placed.byteOffset,
				span,
			);
		}
		if (to > end) samples.fill(Number.NaN, end, to);
		samples.set((span > count ? placed : values).subarray(0, span), to);
		end = to + span;
	}
	if (samples.length > end) samples.fill(Number.NaN, end);
}

/**
 * Moves samples to their places, and fills the gaps with NaN.
 *
 * @param samples room for all samples; those that are there lie at its end, in order.
 */
export function spread(placement: Placement, samples: Float64Array): void {
	const { present } = placement;
	if (present === samples.length) return;
	const there = samples.subarray(samples.length - present);
	placeSamples(placement, samples, (from, count) =>
		workspace.values.set(there.subarray(from, from + count)),
	);
}

import { kernels } from "./kernels.js";
import { PROBES, workspace } from "./workspace.js";

/** Runs of neighbours that stand for a column when its transform is chosen. */
const WINDOWS = 4;
const WINDOW_LENGTH = PROBES / WINDOWS;
/** Widths of the lowest plane that are tried: most often a byte, sometimes fewer bits leave more to compress above. */
const LOW_BITS = [8, 6];
/** Places at which a column is compared with another one, and the share of them that must be the same. */
const LIKENESS_PROBES = 32;
const LIKENESS_SHARE = 1 / 4;

workspace.countBits.set(
	Array.from({ length: PROBES + 1 }, (_, count) =>
		count === 0 ? 0 : count * Math.log2(count),
	),
);

/** How a column is best split into planes, as far as a look at parts of it tells. */
export interface TransformChoice {
	transform: "level" | "delta";
	lowBits: number;
	/** Estimated bits a sample. */
	bits: number;
}

/** The cheapest transform for a column, judged by the entropy of its planes over a few windows. */
export function chooseTransform(integers: Int32Array): TransformChoice {
	const { probes, numbers } = workspace;
	const count = probeWindows(integers, probes);
	const window = probes.byteOffset;
	// The smallest of the windows is close to the column's smallest, and cheap.
	const levels = cheapest(
		"level",
		count,
		kernels.levelsOf(window, count, numbers.byteOffset),
	);
	const steps = Math.max(0, count - 1);
	const deltas = cheapest(
		"delta",
		steps,
		kernels.distancesOf(window + 4, steps, window, numbers.byteOffset),
	);
	return deltas.bits < levels.bits ? deltas : levels;
}

/** Estimated bits a sample when a column is stored as its distance to `reference`; infinite when they are not alike. */
export function differenceBits(
	integers: Int32Array,
	reference: Int32Array,
): number {
	if (!alike(integers, reference)) return Number.POSITIVE_INFINITY;
	const { probes, otherProbes, numbers } = workspace;
	const count = probeWindows(integers, probes);
	probeWindows(reference, otherProbes);
	const used = kernels.distancesOf(
		probes.byteOffset,
		count,
		otherProbes.byteOffset,
		numbers.byteOffset,
	);
	return planeBits(count, used, 8);
}

function cheapest(
	transform: TransformChoice["transform"],
	count: number,
	used: number,
): TransformChoice {
	let best: TransformChoice | undefined;
	for (const lowBits of LOW_BITS) {
		const bits = planeBits(count, used, lowBits);
		if (best === undefined || bits < best.bits)
			best = { transform, lowBits, bits };
	}
	return best as TransformChoice;
}

function alike(integers: Int32Array, reference: Int32Array): boolean {
	const step = Math.max(1, Math.floor(integers.length / LIKENESS_PROBES));
	let same = 0;
	let probes = 0;
	for (let i = 0; i < integers.length; i += step) {
		probes++;
		if (integers[i] === reference[i]) same++;
	}
	return same >= probes * LIKENESS_SHARE;
}

/** Copies a few windows of a column. @returns how many integers these are. */
function probeWindows(integers: Int32Array, probes: Int32Array): number {
	if (integers.length <= PROBES) {
		probes.set(integers);
		return integers.length;
	}
	const stride = Math.floor((integers.length - WINDOW_LENGTH) / (WINDOWS - 1));
	for (let window = 0; window < WINDOWS; window++) {
		const start = window * stride;
		probes.set(
			integers.subarray(start, start + WINDOW_LENGTH),
			window * WINDOW_LENGTH,
		);
	}
	return PROBES;
}

/** Entropy of the planes of the first `count` numbers, in bits a number. */
function planeBits(count: number, used: number, lowBits: number): number {
	if (count === 0) return 0;
	const { numbers, histogram, countBits } = workspace;
	const bits = kernels.planeBits(
		numbers.byteOffset,
		count,
		used,
		lowBits,
		histogram.byteOffset,
		countBits.byteOffset,
	);
	return bits / count;
}

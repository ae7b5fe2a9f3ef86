import type { Compression } from "../column.js";
import { chooseTransform, differenceBits } from "./choice.js";
import { CONTEXT_CLASSES } from "./context-coder.js";
import { type ClassedLevels, classifyLevels } from "./contextual.js";
import { samePatterns } from "./gaps.js";
import type { Survey } from "./survey.js";

/** How one column is to be coded, and against which other one. Absent for columns without 32-bit integers. */
export interface Plan {
	transform: "level" | "delta" | "difference";
	/** Bits of the lowest plane. */
	lowBits: number;
	/** Estimated bits a sample that planes take. */
	bits: number;
	/** Column that a difference is taken to. */
	reference?: number;
	/** The column's own classes, where they were looked at for level `small`. */
	own?: ClassedLevels;
	/** Column whose samples are context at level `small`, and their classes. */
	context?: { reference: number; classes: Uint8Array };
}

/** A column that differs from another by fewer estimated bits a sample than it takes itself, by this share, is told from it. */
const DIFFERENCE_GAIN = 0.9;
/** Columns that take fewer bits a sample than this are next to nothing already, and tell as little of others. */
export const MIN_CONTEXTUAL_BITS = 0.25;
/** Bits a sample that a context must tell to be worth reading another column for. */
const CONTEXT_GAIN_BITS = 0.02;
/** Samples that such a gain is estimated from, and classes that they are put into for it: half of those of contexts. */
const CONTEXT_PROBES = 2048;
const PROBED_CLASSES = CONTEXT_CLASSES / 2;

/**
 * Decides how the columns of a part are coded. A column that others are told from is itself told from none, so reading
 * a column takes at most one other.
 */
export function planCodings(
	surveys: readonly Survey[],
	level: Compression,
): (Plan | undefined)[] {
	const plans: (Plan | undefined)[] = [];
	const referenced = new Set<number>();
	surveys.forEach(({ content }, column) => {
		if (!("integers" in content)) {
			plans.push(undefined);
			return;
		}
		const choice = chooseTransform(content.integers);
		const nearest = nearestColumn(surveys, plans, column, choice.bits);
		plans.push(nearest ?? choice);
		if (nearest !== undefined) referenced.add(nearest.reference);
	});
	if (level === "small") addContexts(surveys, plans, referenced);
	return plans;
}

/** A plan to store `column` as the distance to an earlier, independent one, if that is better than `bits` a sample. */
function nearestColumn(
	surveys: readonly Survey[],
	plans: readonly (Plan | undefined)[],
	column: number,
	bits: number,
): (Plan & { reference: number }) | undefined {
	const { content } = surveys[column];
	if (content.kind !== "integers") return undefined;
	let nearest: (Plan & { reference: number }) | undefined;
	let fewest = bits * DIFFERENCE_GAIN;
	for (let reference = 0; reference < column; reference++) {
		const candidate = surveys[reference].content;
		if (
			candidate.kind !== "integers" ||
			candidate.scale !== content.scale ||
			plans[reference]?.transform === "difference" ||
			!aligned(surveys[column], surveys[reference])
		)
			continue;
		const difference = differenceBits(content.integers, candidate.integers);
		if (difference < fewest) {
			fewest = difference;
			nearest = {
				transform: "difference",
				lowBits: 8,
				bits: difference,
				reference,
			};
		}
	}
	return nearest;
}

/** Chooses, for each group of columns with the same places, the one that tells most about the others. */
function addContexts(
	surveys: readonly Survey[],
	plans: readonly (Plan | undefined)[],
	referenced: ReadonlySet<number>,
): void {
	const open = new Set<number>();
	plans.forEach((plan, column) => {
		if (
			plan !== undefined &&
			plan.transform !== "difference" &&
			plan.bits >= MIN_CONTEXTUAL_BITS
		)
			open.add(column);
	});
	while (open.size > 0) {
		const [first] = open;
		const group = [...open].filter((other) =>
			aligned(surveys[first], surveys[other]),
		);
		for (const column of group) open.delete(column);
		if (group.length > 1) addContextsInGroup(surveys, plans, referenced, group);
	}
}

function addContextsInGroup(
	surveys: readonly Survey[],
	plans: readonly (Plan | undefined)[],
	referenced: ReadonlySet<number>,
	group: readonly number[],
): void {
	const classes = group.map((column) => {
		const { content } = surveys[column];
		const plan = plans[column];
		if (plan === undefined || !("integers" in content)) return undefined;
		plan.own = classifyLevels(content.integers);
		return plan.own?.classes;
	});
	/** `gains[a][b]`: what column `b` tells about column `a`. */
	const gains = classes.map((own) =>
		classes.map((other) =>
			own === undefined || other === undefined || own === other
				? 0
				: toldBits(own, other),
		),
	);
	// A column that others are told from already must not be told from one itself.
	const gainOf = (hub: number) =>
		group.reduce(
			(sum, column, other) =>
				sum + (referenced.has(column) ? 0 : Math.max(0, gains[other][hub])),
			0,
		);
	let hub = 0;
	for (let candidate = 1; candidate < group.length; candidate++)
		if (gainOf(candidate) > gainOf(hub)) hub = candidate;
	const hubClasses = classes[hub];
	if (hubClasses === undefined) return;
	group.forEach((column, other) => {
		const plan = plans[column];
		if (
			plan !== undefined &&
			other !== hub &&
			!referenced.has(column) &&
			gains[other][hub] > CONTEXT_GAIN_BITS
		)
			plan.context = { reference: group[hub], classes: hubClasses };
	});
}

/** Whether two columns have samples at the same places. */
function aligned(a: Survey, b: Survey): boolean {
	return (
		a.present === b.present &&
		a.lengths.length === b.lengths.length &&
		a.lengths.every((length, series) => length === b.lengths[series]) &&
		samePatterns(a.patterns, b.patterns)
	);
}

/**
 * Bits that a sample of another column tells of a column's own at the same place, beyond what its own sample before
 * tells already, and less what chance alone would show.
 */
function toldBits(own: Uint8Array, other: Uint8Array): number {
	const joint = new Float64Array(PROBED_CLASSES ** 3);
	const step = Math.max(1, Math.floor(own.length / CONTEXT_PROBES));
	let probes = 0;
	for (let i = 1; i < own.length; i += step) {
		joint[((own[i - 1] >> 1) << 6) | ((own[i] >> 1) << 3) | (other[i] >> 1)]++;
		probes++;
	}
	let bits = 0;
	for (let before = 0; before < PROBED_CLASSES; before++)
		bits += mutualBits(
			joint.subarray(before << 6, (before + 1) << 6),
			PROBED_CLASSES,
		);
	const bias =
		(PROBED_CLASSES * (PROBED_CLASSES - 1) ** 2) / (2 * probes * Math.LN2);
	return bits / probes - bias;
}

/** Bits that rows and columns of a table of counts tell of each other, over all that was counted. */
function mutualBits(counts: Float64Array, size: number): number {
	const rows = new Float64Array(size);
	const columns = new Float64Array(size);
	let all = 0;
	counts.forEach((count, cell) => {
		rows[Math.floor(cell / size)] += count;
		columns[cell % size] += count;
		all += count;
	});
	let bits = 0;
	counts.forEach((count, cell) => {
		if (count > 0)
			bits +=
				count *
				Math.log2(
					(count * all) /
						(rows[Math.floor(cell / size)] * columns[cell % size]),
				);
	});
	return bits;
}

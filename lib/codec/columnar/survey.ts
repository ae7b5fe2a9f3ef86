import type { SeriesStatistics } from "../column.js";
import { emptyStatistics } from "../statistics.js";
import { buildDictionary } from "./dictionary.js";
import type { GapTable } from "./gaps.js";
import { findPresence, type Presence } from "./presence.js";
import { guessScale, type Scale, type ScaleGuess } from "./scales.js";
import {
	exceptionsFound,
	type ScanResult,
	scanPlain,
	scanScaled,
} from "./scan.js";
import { Scratch } from "./scratch.js";
import type { Room } from "./workspace.js";

/** What is known of a column before its bytes are decided. */
export interface Survey {
	samples: Float64Array;
	lengths: Uint32Array;
	statistics: SeriesStatistics;
	/** Scale at which the statistics are probably integers; 0: at none. */
	statisticsScale: number;
	presence: Presence;
	/** Pattern of gaps of each series; null: nothing is missing. */
	patterns: Uint32Array | null;
	/** Samples that are there. */
	present: number;
	content: Content;
}

export type Content =
	| { kind: "constant"; value: number }
	| IntegerContent
	| { kind: "dictionary"; integers: Int32Array; values: Float64Array }
	| { kind: "doubles"; wideScale?: number };

export interface IntegerContent {
	kind: "integers";
	scale: number;
	/** Of the samples that are there. */
	integers: Int32Array;
	/** Exceptions: samples that are no integers at the scale. */
	positions: Uint32Array;
	values: Float64Array;
}

/** Exceptions that are not worth another pass. */
const FEW_EXCEPTIONS = 8;

const presentScratch = new Scratch(Float64Array);

/**
 * Measures a column and finds out what its samples are: most often in one fused pass.
 *
 * @param expected what is probably there: what is of the column before, if its series are as long.
 * @param integers receives the integers of the column, if it has any; they stay there for other columns.
 * @param room of the part, where `integers` are, too.
 */
export function surveyColumn(
	samples: Float64Array,
	lengths: Uint32Array,
	expected: Presence | undefined,
	gaps: GapTable,
	integers: Int32Array,
	room: Room,
): Survey {
	const statistics = emptyStatistics(lengths.length);
	let presence = expected ?? findPresence(samples, lengths, gaps);
	const scanning = (scan: () => ScanResult) => {
		const result = scan();
		if (result !== "moved") return result === "fits";
		presence = findPresence(samples, lengths, gaps);
		return scan() === "fits";
	};
	const { scale, content } = surveyIntegers(guessScale(samples), (factor) =>
		scanning(() => scanScaled(samples, presence, factor, integers, statistics)),
	);
	if (content === undefined)
		scanning(() => scanPlain(samples, presence, statistics));
	const { present } = presence.placement;
	const survey: Survey = {
		samples,
		lengths,
		statistics,
		statisticsScale: scale?.factor ?? 0,
		presence,
		patterns: presence.patterns,
		present,
		content: { kind: "doubles" },
	};
	const value = constantOf(survey);
	if (value !== undefined) survey.content = { kind: "constant", value };
	else if (content !== undefined)
		survey.content = { ...content, integers: integers.subarray(0, present) };
	else survey.content = surveyDoubles(survey, integers, room, scale?.factor);
	return survey;
}

/**
 * Tries scales until one fits. When it leaves exceptions that a finer scale would not, that one is taken: a column that
 * is nearly always 0 looks like integers.
 *
 * @param scan passes over the column at a scale; false: it does not fit.
 */
function surveyIntegers(
	first: ScaleGuess | undefined,
	scan: (factor: number) => boolean,
): {
	scale?: Scale;
	content?: Omit<IntegerContent, "integers">;
} {
	let guess = first;
	let coarser: ScaleGuess | undefined;
	while (guess !== undefined && !guess.scale.wide) {
		const { scale, position } = guess;
		const fits = scan(scale.factor);
		const { count, positions, values } = exceptionsFound();
		const finer = () => guessScale(values.subarray(0, count), position + 1);
		if (!fits) {
			guess = coarser ?? finer();
			continue;
		}
		if (count > FEW_EXCEPTIONS && coarser === undefined) {
			const next = finer();
			if (
				next !== undefined &&
				!next.scale.wide &&
				next.scale.factor % scale.factor === 0
			) {
				coarser = guess;
				guess = next;
				continue;
			}
		}
		return {
			scale,
			content: {
				kind: "integers",
				scale: scale.factor,
				positions: positions.slice(0, count),
				values: values.slice(0, count),
			},
		};
	}
	return guess === undefined ? {} : { scale: guess.scale };
}

/** The samples that are there: the column's own when none is missing, else a copy that is valid until the next call. */
export function presentSamples({
	samples,
	present,
}: Pick<Survey, "samples" | "present">): Float64Array {
	if (present === samples.length) return samples;
	const there = presentScratch.take(present);
	let count = 0;
	for (let i = 0; i < samples.length; i++) {
		const value = samples[i];
		if (!Number.isNaN(value)) there[count++] = value;
	}
	return there;
}

/** The value that all samples have, bit for bit. A column without samples has any. */
function constantOf({
	samples,
	statistics,
	present,
}: Survey): number | undefined {
	if (present === 0) return 0;
	let min = Number.POSITIVE_INFINITY;
	let max = Number.NEGATIVE_INFINITY;
	const { count } = statistics;
	for (let i = 0; i < count.length; i++) {
		if (count[i] === 0) continue;
		min = Math.min(min, statistics.min[i]);
		max = Math.max(max, statistics.max[i]);
	}
	if (min !== max) return undefined;
	if (min !== 0) return min;
	// The two zeros compare as equal.
	const first = samples.find((value) => !Number.isNaN(value)) as number;
	const mixed = samples.some(
		(value) => !Number.isNaN(value) && !Object.is(value, first),
	);
	return mixed ? undefined : first;
}

function surveyDoubles(
	survey: Survey,
	integers: Int32Array,
	room: Room,
	wideScale: number | undefined,
): Content {
	const { samples, present, presence } = survey;
	const codes = integers.subarray(0, present);
	const values = buildDictionary(samples, presence.placement, codes, room);
	if (values !== undefined)
		return { kind: "dictionary", integers: codes, values };
	return wideScale === undefined
		? { kind: "doubles" }
		: { kind: "doubles", wideScale };
}

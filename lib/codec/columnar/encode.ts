import type { StatisticsSeries } from "../../schema/metric.js";
import type { Column, Compression } from "../column.js";
import { dictionaryRoom } from "./dictionary.js";
import { encodeBlock } from "./encode-block.js";
import { FrameWriter } from "./frames.js";
import { GapTable } from "./gaps.js";
import { MAX_PLANES } from "./integer-planes.js";
import type { Presence } from "./presence.js";
import { planCodings } from "./references.js";
import type { PartSummary, StatisticsSeriesSummary } from "./summary.js";
import { type Survey, surveyColumn } from "./survey.js";
import { type Room, takeRoom } from "./workspace.js";
import { effortOf, type ZstdEffort } from "./zstd.js";

/** Frames of a part and what the index will say of them. */
export interface EncodedPart {
	/** A view into this thread's working memory: copy it, or be done with it, before the next call. */
	frames: Uint8Array;
	/** Plain data, the caller's own. */
	summary: PartSummary;
}

const frames = new FrameWriter();
const gaps = new GapTable();

/**
 * Encodes columns as one part of a job's file. Parts do not depend on each other, so they can be encoded on different
 * threads and written as they come; a column may continue in a later part with further series (another group of hosts).
 * `statisticsSeries` of a header are stored as they are; statistics that follow from the samples are not.
 */
export function encodePart(
	columns: readonly Column[],
	level: Compression,
): EncodedPart {
	frames.truncate(0);
	gaps.reset();
	const brought = columns.flatMap(({ statisticsSeries }, column) =>
		statisticsSeries === undefined
			? []
			: [{ column, ...joinStatistics(statisticsSeries) }],
	);
	const all = [...columns, ...brought];
	const counts = all.map(({ samples }) => samples.length);
	const longest = Math.max(0, ...counts);
	const room = takeRoom({
		integers: counts.reduce((sum, count) => sum + count, 0),
		planes: MAX_PLANES * longest,
		...dictionaryRoom(longest),
	});
	const surveys = surveyAll(all, room);
	const plans = planCodings(surveys, level);
	const blocks = surveys.map((survey, i) =>
		encodeBlock(survey, plans[i], level, frames, room.planes, integersOf),
	);
	const summary: PartSummary = {
		byteLength: 0,
		columns: columns.map((column, i) => ({
			metric: column.metric,
			scope: column.scope,
			unit: column.unit,
			timestep: column.timestep,
			hostnames: column.hostnames,
			ids: column.ids,
			lengths: column.lengths.slice(),
			statistics: surveys[i].statistics,
			statisticsScale: surveys[i].statisticsScale,
			block: blocks[i],
		})),
		statisticsSeries: brought.map(
			({ column, roles, lengths }, i): StatisticsSeriesSummary => ({
				column,
				roles,
				lengths,
				present: surveys[columns.length + i].present,
				block: blocks[columns.length + i],
			}),
		),
	};
	addGaps(summary, surveys, effortOf(level));
	summary.byteLength = frames.length;
	return { frames: frames.written(), summary };

	function integersOf(column: number): Int32Array {
		const { content } = surveys[column];
		return "integers" in content ? content.integers : new Int32Array(0);
	}
}

function surveyAll(
	columns: readonly Pick<Column, "samples" | "lengths">[],
	room: Room,
): Survey[] {
	let start = 0;
	let presence: Presence | undefined;
	return columns.map(({ samples, lengths }) => {
		const end = start + samples.length;
		const survey = surveyColumn(
			samples,
			lengths,
			presence && sameNumbers(presence.lengths, lengths) ? presence : undefined,
			gaps,
			room.integers.subarray(start, end),
			room,
		);
		presence = survey.presence;
		start = end;
		return survey;
	});
}

function sameNumbers(a: Uint32Array, b: Uint32Array): boolean {
	return a.length === b.length && a.every((number, i) => number === b[i]);
}

function addGaps(
	summary: PartSummary,
	surveys: readonly Survey[],
	effort: ZstdEffort,
): void {
	const content = gaps.serialize(surveys.map(({ patterns }) => patterns));
	if (content === undefined) return;
	const start = frames.length;
	const storedBytes = frames.add(content, effort);
	summary.gaps = {
		storedBytes,
		rawBytes: content.length,
		...frames.seal(start),
	};
}

/** Statistics that a source brought, as one column with a series for each of them. */
function joinStatistics(statistics: StatisticsSeries): {
	roles: string[];
	lengths: Uint32Array;
	samples: Float64Array;
} {
	const { min, median, max, mean, percentiles } = statistics;
	const series: [role: string, values: Float64Array][] = [
		["min", min],
		["median", median],
		["max", max],
	];
	if (mean !== undefined) series.push(["mean", mean]);
	for (const [name, values] of Object.entries(percentiles ?? {}))
		series.push([`p${name}`, values]);
	const lengths = Uint32Array.from(series, ([, values]) => values.length);
	const samples = new Float64Array(lengths.reduce((a, b) => a + b, 0));
	let start = 0;
	for (const [, values] of series) {
		samples.set(values, start);
		start += values.length;
	}
	return { roles: series.map(([role]) => role), lengths, samples };
}

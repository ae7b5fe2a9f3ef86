import type { MeasuredColumn } from "../lib/codec/column.js";
import { encodeTail } from "../lib/codec/columnar/index.js";
import {
	dataIdOf,
	dataIdOfTexts,
	type TextChecksum,
	textChecksumOf,
} from "../lib/codec/data-id.js";
import { jobStatistics } from "../lib/codec/job-statistics.js";
import { assembleJson } from "../lib/codec/json/index.js";
import type {
	ChunkSummary,
	FileSegment,
	FinishedJob,
	FinishedParts,
	FinishTask,
} from "../lib/dispatch/messages.js";
import { ArchiverError } from "../lib/errors.js";
import type { Completeness } from "../lib/schema/completeness.js";
import { formatUnit } from "../lib/schema/unit.js";
import type { Answer } from "./answer.js";
import { checkScopes } from "./check-schema.js";
import { completenessOf } from "./completeness.js";
import { exactCopy } from "./exact-copy.js";

/** Ends the data of a job that came in several chunks. */
export function finishTask({
	parts,
	expected,
	validate,
}: FinishTask): Answer<FinishedParts> {
	const summaries = parts.map(({ summary }) => summary);
	const columns = summaries.flatMap(measuredColumns);
	checkContinuations(columns);
	const facts = {
		columns,
		recorded: summaries.flatMap((it) => it.recorded ?? measuredColumns(it)),
		completeness: completenessOf(
			expected,
			summaries.flatMap(({ tallies }) => tallies),
		),
		validate,
	};
	const value =
		parts[0].summary.format === "columnar"
			? finishColumnar(parts, facts)
			: finishJson(parts, facts);
	return { value, transfer: [value.tail.buffer] };
}

/** What is known of a job's columns. One may occur several times, each time with further series. */
export interface JobFacts {
	/** As they are archived. */
	columns: readonly MeasuredColumn[];
	/** Those at node scope before resampling; absent: as they are archived. */
	recorded?: readonly MeasuredColumn[];
	completeness?: Completeness;
	/** Hold the set of its columns against ClusterCockpit's published schema. */
	validate?: boolean;
}

/** What the main thread has to know of a job. */
export function describeFinished({
	encoding,
	dataId,
	columns,
	recorded = columns,
	completeness,
	validate,
}: JobFacts & Pick<FinishedJob, "encoding" | "dataId">): FinishedJob {
	let series = 0;
	let samples = 0;
	let presentSamples = 0;
	for (const { lengths, statistics } of columns) {
		series += lengths.length;
		for (let i = 0; i < lengths.length; i++) {
			samples += lengths[i];
			presentSamples += statistics.count[i];
		}
	}
	return {
		encoding,
		dataId,
		statistics: Object.entries(jobStatistics(recorded)),
		columns: new Set(columns.map(({ metric, scope }) => `${scope}/${metric}`))
			.size,
		series,
		samples,
		presentSamples,
		completeness,
		...(validate && { notes: checkScopes(columns) }),
	};
}

/** What the index of a columnar file says of the job. */
export function factsInIndex(
	completeness: Completeness | undefined,
): Record<string, string> {
	return completeness === undefined
		? {}
		: { completeness: JSON.stringify(completeness) };
}

/** A column that goes on in another chunk has one unit and one timestep, or its samples would be misread. */
function checkContinuations(columns: readonly MeasuredColumn[]): void {
	const firsts = new Map<string, MeasuredColumn>();
	for (const column of columns) {
		const name = `${column.metric}/${column.scope}`;
		const first = firsts.get(name) ?? column;
		firsts.set(name, first);
		if (describeSteps(first) !== describeSteps(column))
			throw new ArchiverError(
				"SOURCE_DATA_INVALID",
				`${name} came ${describeSteps(first)}, then ${describeSteps(column)}`,
				{ column: name },
			);
	}
}

function describeSteps({ unit, timestep }: MeasuredColumn): string {
	return `in ${JSON.stringify(formatUnit(unit))} every ${timestep} s`;
}

function measuredColumns(summary: ChunkSummary): readonly MeasuredColumn[] {
	return summary.format === "columnar" ? summary.part.columns : summary.columns;
}

function finishColumnar(
	parts: FinishTask["parts"],
	facts: JobFacts,
): FinishedParts {
	const described = parts.flatMap(({ byteOffset, summary }) =>
		summary.format === "columnar"
			? [{ byteOffset, summary: summary.part }]
			: [],
	);
	const tail = exactCopy(
		encodeTail(described, factsInIndex(facts.completeness)),
	);
	const dataId = dataIdOf(tail, "columnar");
	return {
		finished: describeFinished({ encoding: "columnar", dataId, ...facts }),
		tail,
	};
}

/** ClusterCockpit's JSON nests by metric, whatever the order of the parts: says how their pieces follow each other. */
function finishJson(
	parts: FinishTask["parts"],
	facts: JobFacts,
): FinishedParts {
	const fragments = parts.flatMap(({ summary }, part) =>
		summary.format === "json"
			? summary.fragments.map((fragment) => ({ ...fragment, part }))
			: [],
	);
	const literals: Uint8Array[] = [];
	const texts: TextChecksum[] = [];
	let literalBytes = 0;
	const layout = assembleJson(fragments).map((piece): FileSegment => {
		if (!(piece instanceof Uint8Array)) {
			texts.push(piece);
			return piece;
		}
		texts.push(textChecksumOf(piece));
		literals.push(piece);
		literalBytes += piece.byteLength;
		return {
			byteOffset: literalBytes - piece.byteLength,
			byteLength: piece.byteLength,
		};
	});
	return {
		finished: describeFinished({
			encoding: "json.gz",
			dataId: dataIdOfTexts(texts),
			...facts,
		}),
		tail: exactCopy(...literals),
		layout,
	};
}

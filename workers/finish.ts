import type { DataEncoding, MeasuredColumn } from "../lib/codec/column.js";
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
import { exactCopy } from "./exact-copy.js";
import type { Answer } from "./main.js";

/** Ends the data of a job that came in several chunks. */
export function finishTask({ parts }: FinishTask): Answer<FinishedParts> {
	const columns = parts.flatMap(({ summary }) => measuredColumns(summary));
	const value =
		parts[0].summary.format === "columnar"
			? finishColumnar(parts, columns)
			: finishJson(parts, columns);
	return { value, transfer: [value.tail.buffer] };
}

/** What the main thread has to know of a job. A column may occur several times, each time with further series. */
export function describeFinished(
	encoding: DataEncoding,
	dataId: string,
	columns: readonly MeasuredColumn[],
): FinishedJob {
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
		statistics: Object.entries(jobStatistics(columns)),
		columns: new Set(columns.map(({ metric, scope }) => `${scope}/${metric}`))
			.size,
		series,
		samples,
		presentSamples,
	};
}

function measuredColumns(summary: ChunkSummary): readonly MeasuredColumn[] {
	return summary.format === "columnar" ? summary.part.columns : summary.columns;
}

function finishColumnar(
	parts: FinishTask["parts"],
	columns: readonly MeasuredColumn[],
): FinishedParts {
	const described = parts.flatMap(({ byteOffset, summary }) =>
		summary.format === "columnar"
			? [{ byteOffset, summary: summary.part }]
			: [],
	);
	const tail = exactCopy(encodeTail(described, {}));
	const dataId = dataIdOf(tail, "columnar");
	return { finished: describeFinished("columnar", dataId, columns), tail };
}

/** ClusterCockpit's JSON nests by metric, whatever the order of the parts: says how their pieces follow each other. */
function finishJson(
	parts: FinishTask["parts"],
	columns: readonly MeasuredColumn[],
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
		finished: describeFinished("json.gz", dataIdOfTexts(texts), columns),
		tail: exactCopy(...literals),
		layout,
	};
}

import {
	encodePart,
	encodeTail,
	fileHeader,
} from "../lib/codec/columnar/index.js";
import {
	dataIdOf,
	dataIdOfTexts,
	textChecksumOf,
} from "../lib/codec/data-id.js";
import { encodeJson, encodeJsonColumn } from "../lib/codec/json/index.js";
import type {
	EncodedChunk,
	EncodeTask,
	PlacedFragment,
} from "../lib/dispatch/messages.js";
import { buffersOf } from "../lib/source/chunk-buffers.js";
import type { Answer } from "./answer.js";
import { checkEncoded } from "./check-encoded.js";
import { checkColumns } from "./check-schema.js";
import { columnsOfChunk } from "./columns-of-chunk.js";
import { completenessOf } from "./completeness.js";
import { copyInto, exactCopy } from "./exact-copy.js";
import { describeFinished, factsInIndex } from "./finish.js";
import {
	factsOfBrought,
	measured,
	type PreparedColumns,
	prepareColumns,
} from "./prepare-columns.js";

/** Prepares, measures and encodes a chunk; a whole job becomes the complete data file. */
export function encodeTask(task: EncodeTask): Answer<EncodedChunk> {
	const { chunk } = task;
	const notes: string[] = [];
	const prepared = prepareColumns(columnsOfChunk(chunk, notes), task);
	if (task.validate) notes.push(...checkColumns(prepared.columns));
	const encoded =
		task.format === "columnar"
			? encodeColumnar(prepared, task)
			: encodeAsJson(prepared, task);
	if (task.check && encoded.finished !== undefined)
		checkEncoded(encoded.bytes, encoded.finished.encoding, prepared.columns);
	const value: EncodedChunk = {
		...encoded,
		samples: prepared.columns.reduce(
			(sum, { samples }) => sum + samples.length,
			0,
		),
		notes,
		recycled: buffersOf(chunk).filter(
			(buffer) => buffer !== encoded.bytes.buffer,
		),
	};
	return { value, transfer: [value.bytes.buffer, ...value.recycled] };
}

type Encoded = Omit<EncodedChunk, "samples" | "notes" | "recycled">;

function encodeColumnar(prepared: PreparedColumns, task: EncodeTask): Encoded {
	const { compression, whole, expected, validate } = task;
	const { frames, summary: part } = encodePart(prepared.columns, compression);
	const facts = factsOfBrought(prepared, part.columns, expected);
	if (!whole) {
		return {
			bytes: inPlaceOfSamples(task, frames),
			summary: { format: "columnar", part, ...facts },
		};
	}
	const completeness = expected && completenessOf(expected, facts.tallies);
	const header = fileHeader();
	const tail = encodeTail(
		[{ byteOffset: header.length, summary: part }],
		factsInIndex(completeness),
	);
	const bytes = inPlaceOfSamples(task, header, frames, tail);
	return {
		bytes,
		finished: describeFinished({
			encoding: "columnar",
			dataId: dataIdOf(bytes, "columnar"),
			columns: part.columns,
			recorded: facts.recorded,
			completeness,
			validate,
		}),
	};
}

/**
 * What was encoded takes the place of the samples that it was made of, unless these are to be looked at once more: a new
 * buffer for each job would have the main thread's garbage collector look at everything there is every hundred jobs.
 */
function inPlaceOfSamples(
	{ chunk, check }: EncodeTask,
	...pieces: Uint8Array[]
): Uint8Array<ArrayBuffer> {
	return chunk.kind === "samples" && !check
		? copyInto(chunk.buffer, ...pieces)
		: exactCopy(...pieces);
}

function encodeAsJson(
	prepared: PreparedColumns,
	{ whole, percentiles, expected, validate }: EncodeTask,
): Encoded {
	const { columns } = prepared;
	const archived = columns.map(measured);
	const facts = factsOfBrought(prepared, archived, expected);
	if (whole) {
		const { encoding, bytes } = encodeJson(columns, percentiles);
		const dataId =
			encoding === "json"
				? dataIdOf(bytes, encoding)
				: dataIdOfTexts([textChecksumOf(bytes)]);
		return {
			bytes,
			finished: describeFinished({
				encoding,
				dataId,
				columns: archived,
				recorded: facts.recorded,
				completeness: expected && completenessOf(expected, facts.tallies),
				validate,
			}),
		};
	}
	const members = columns.map((column) =>
		encodeJsonColumn(column, percentiles),
	);
	let byteOffset = 0;
	const fragments = columns.map(({ metric, scope }, i): PlacedFragment => {
		const { byteLength } = members[i];
		byteOffset += byteLength;
		return {
			metric,
			scope,
			byteOffset: byteOffset - byteLength,
			byteLength,
			...textChecksumOf(members[i]),
		};
	});
	return {
		bytes: exactCopy(...members),
		summary: { format: "json", fragments, columns: archived, ...facts },
	};
}

import type { Column, MeasuredColumn } from "../lib/codec/column.js";
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
import { measureColumn } from "../lib/codec/statistics.js";
import type {
	EncodedChunk,
	EncodeTask,
	PlacedFragment,
} from "../lib/dispatch/messages.js";
import { columnsOfChunk } from "./columns-of-chunk.js";
import { exactCopy } from "./exact-copy.js";
import { describeFinished } from "./finish.js";
import type { Answer } from "./main.js";

/** Measures and encodes a chunk; a whole job becomes the complete data file. */
export function encodeTask(task: EncodeTask): Answer<EncodedChunk> {
	const { chunk } = task;
	const columns = columnsOfChunk(chunk);
	const encoded =
		task.format === "columnar"
			? encodeColumnar(columns, task)
			: encodeAsJson(columns, task);
	const value: EncodedChunk = {
		...encoded,
		samples: columns.reduce((sum, { samples }) => sum + samples.length, 0),
	};
	const transfer = [value.bytes.buffer];
	if (chunk.kind === "samples") {
		value.recycled = chunk.buffer;
		transfer.push(chunk.buffer);
	}
	return { value, transfer };
}

type Encoded = Omit<EncodedChunk, "samples">;

function encodeColumnar(
	columns: readonly Column[],
	{ compression, whole }: EncodeTask,
): Encoded {
	const { frames, summary: part } = encodePart(columns, compression);
	if (!whole) {
		return {
			bytes: exactCopy(frames),
			summary: { format: "columnar", part },
		};
	}
	const header = fileHeader();
	const tail = encodeTail([{ byteOffset: header.length, summary: part }], {});
	const bytes = exactCopy(header, frames, tail);
	return {
		bytes,
		finished: describeFinished(
			"columnar",
			dataIdOf(bytes, "columnar"),
			part.columns,
		),
	};
}

function encodeAsJson(
	columns: readonly Column[],
	{ whole }: EncodeTask,
): Encoded {
	const measured = columns.map(
		({ samples: _, statisticsSeries: __, ...header }, i): MeasuredColumn => ({
			...header,
			statistics: measureColumn(columns[i]),
		}),
	);
	if (whole) {
		const { encoding, bytes } = encodeJson(columns);
		const dataId =
			encoding === "json"
				? dataIdOf(bytes, encoding)
				: dataIdOfTexts([textChecksumOf(bytes)]);
		return { bytes, finished: describeFinished(encoding, dataId, measured) };
	}
	const members = columns.map(encodeJsonColumn);
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
		summary: { format: "json", fragments, columns: measured },
	};
}

import type { Column, DataEncoding } from "../lib/codec/column.js";
import { decodeColumnar } from "../lib/codec/columnar/index.js";
import { decodeJson } from "../lib/codec/json/index.js";
import type { DecodedJob, DecodeTask } from "../lib/dispatch/messages.js";
import type { DataSelection } from "../lib/schema/metric.js";
import type { Answer } from "./answer.js";

/** Decodes a stored job; the samples move to the main thread. */
export function decodeTask({
	bytes,
	encoding,
	selection,
}: DecodeTask): Answer<DecodedJob> {
	const columns = decodeStored(bytes, encoding, selection);
	return {
		value: { columns },
		transfer: [
			...new Set(columns.map(({ samples }) => samples.buffer as ArrayBuffer)),
		],
	};
}

/** @throws ArchiverError DATA_CORRUPT, FORMAT_UNSUPPORTED */
export function decodeStored(
	bytes: Uint8Array,
	encoding: DataEncoding,
	selection?: DataSelection,
): Column[] {
	return encoding === "columnar"
		? decodeColumnar(bytes, selection)
		: decodeJson(bytes, encoding, selection);
}

import type { Column, Compression } from "../column.js";
import { encodePart } from "./encode.js";
import { encodeTail } from "./index-table.js";
import { fileHeader } from "./layout.js";

/** Encodes columns as a file of one part. The bytes are the caller's own. */
export function encodeFile(
	columns: readonly Column[],
	compression: Compression,
): Uint8Array<ArrayBuffer> {
	const { frames, summary } = encodePart(columns, compression);
	const header = fileHeader();
	const tail = encodeTail([{ byteOffset: header.length, summary }], {});
	const file = new Uint8Array(header.length + frames.length + tail.length);
	file.set(header);
	file.set(frames, header.length);
	file.set(tail, header.length + frames.length);
	return file;
}

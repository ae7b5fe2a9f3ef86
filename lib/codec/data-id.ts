import { crc32, gunzipSync } from "node:zlib";
import type { DataEncoding } from "./column.js";
import { combineCrc32 } from "./crc32-combine.js";

/** A stretch of JSON text: what a gzip member's trailer says of it. */
export interface TextChecksum {
	crc32: number;
	textBytes: number;
}

/** Both a gzip member and a columnar file have their checksum here, counted from the end. */
const CHECKSUM_FROM_END = 8;
const TEXT_BYTES_FROM_END = 4;

/**
 * Tells one version of a job's data from another, so that a `meta.json` can say which one it belongs to: eight
 * hexadecimal digits. Equal data of one format have equal ids, however they were cut and compressed on the way.
 *
 * columnar: the checksum of the index, which holds those of all frames. json: the CRC-32 of the text.
 */
export function dataIdOf(bytes: Uint8Array, encoding: DataEncoding): string {
	switch (encoding) {
		case "columnar":
			return formatId(readUint32(bytes, CHECKSUM_FROM_END));
		case "json":
			return formatId(crc32(bytes));
		case "json.gz":
			return formatId(crc32(gunzipSync(bytes)));
	}
}

/** The id of a `data.json.gz` that is put together of members with these texts. */
export function dataIdOfTexts(texts: readonly TextChecksum[]): string {
	return formatId(
		texts.reduce(
			(all, { crc32, textBytes }) => combineCrc32(all, crc32, textBytes),
			0,
		),
	);
}

/** What a gzip member says of its text. It holds less than 4 GiB. */
export function textChecksumOf(member: Uint8Array): TextChecksum {
	return {
		crc32: readUint32(member, CHECKSUM_FROM_END),
		textBytes: readUint32(member, TEXT_BYTES_FROM_END),
	};
}

function readUint32(bytes: Uint8Array, fromEnd: number): number {
	const { buffer, byteOffset, byteLength } = bytes;
	return new DataView(buffer, byteOffset, byteLength).getUint32(
		byteLength - fromEnd,
		true,
	);
}

function formatId(checksum: number): string {
	return checksum.toString(16).padStart(8, "0");
}

import { crc32 } from "node:zlib";
import type { MetricScope } from "../../schema/scope.js";
import { nestByMetric } from "./encode.js";

/** What has to be known of a gzip member that `encodeJsonColumn` made, to find its place among the others. */
export interface JsonFragment {
	metric: string;
	scope: MetricScope;
}

const GZIP_HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
/** A deflate block that is stored and the last one: its type, its length and the length's complement. */
const STORED_BLOCK_HEADER_BYTES = 5;
const STORED_BLOCK_MAX_BYTES = 0xffff;
const GZIP_TRAILER_BYTES = 8;

/**
 * Says how members from `encodeJsonColumn` become one `data.json.gz`: the pieces to write one after the other,
 * each either a fragment, whose member goes there, or a small gzip member with the text between two columns.
 * Members in a row are one valid gzip file: readers join their texts.
 *
 * @param fragments - In any order; whatever else they carry comes back with them.
 * @throws ArchiverError INVALID_INPUT when a metric comes twice at one scope.
 */
export function assembleJson<F extends JsonFragment>(
	fragments: readonly F[],
): (Uint8Array | F)[] {
	return Array.from(nestByMetric(fragments), (piece) =>
		typeof piece === "string" ? storedMember(Buffer.from(piece)) : piece,
	);
}

/** A gzip member (RFC 1952) that holds `text` uncompressed: setting up a compressor for a few bytes costs more than it saves. */
function storedMember(text: Uint8Array): Uint8Array {
	const blocks = Math.max(1, Math.ceil(text.length / STORED_BLOCK_MAX_BYTES));
	const member = new Uint8Array(
		GZIP_HEADER.length +
			blocks * STORED_BLOCK_HEADER_BYTES +
			text.length +
			GZIP_TRAILER_BYTES,
	);
	const view = new DataView(member.buffer);
	member.set(GZIP_HEADER);
	let at = GZIP_HEADER.length;
	for (let block = 0; block < blocks; block++) {
		const start = block * STORED_BLOCK_MAX_BYTES;
		const stored = text.subarray(start, start + STORED_BLOCK_MAX_BYTES);
		view.setUint8(at, block === blocks - 1 ? 1 : 0);
		view.setUint16(at + 1, stored.length, true);
		view.setUint16(at + 3, ~stored.length & 0xffff, true);
		member.set(stored, at + STORED_BLOCK_HEADER_BYTES);
		at += STORED_BLOCK_HEADER_BYTES + stored.length;
	}
	view.setUint32(at, crc32(text), true);
	view.setUint32(at + 4, text.length, true);
	return member;
}

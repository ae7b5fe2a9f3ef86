import type { HttpBody } from "../lib/source/http/body.js";

const MOST_KEPT_BYTES = 2 ** 24;

/** Kept by the thread, as the room for samples is. */
let kept = new Uint8Array(0);

/** The bytes of an answer in one piece, until the thread joins the next one. */
export function joinBody({ segments, byteLength }: HttpBody): Uint8Array {
	if (segments.length === 1) return new Uint8Array(segments[0], 0, byteLength);
	const joined = roomFor(byteLength);
	let end = 0;
	for (const segment of segments) {
		const bytes = new Uint8Array(segment);
		joined.set(bytes.subarray(0, byteLength - end), end);
		end += bytes.byteLength;
	}
	return joined;
}

function roomFor(byteLength: number): Uint8Array {
	if (byteLength > MOST_KEPT_BYTES) return new Uint8Array(byteLength);
	if (byteLength > kept.byteLength) kept = new Uint8Array(byteLength);
	return kept.subarray(0, byteLength);
}

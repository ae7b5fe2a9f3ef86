import { ArchiverError } from "../../errors.js";

/**
 * Most bytes of an answer in one buffer. Larger ones are left in pieces, for a worker to join: a large buffer that grows
 * would stall the main thread with copying.
 */
const SEGMENT_BYTES = 2 ** 20;

/** An answer's bytes: the first `byteLength` of its segments, one behind the other. They belong to whoever asked. */
export interface HttpBody {
	segments: ArrayBuffer[];
	byteLength: number;
}

export interface BodyOptions {
	/** What the server says of the answer's length, if it does. */
	declaredBytes: number | undefined;
	/** A guess at it. */
	expectedBytes: number;
	maxBodyBytes: number;
	/** Makes a buffer of at least so many bytes. */
	allocate(byteLength: number): ArrayBuffer;
	/** Where the answer comes from, for messages. */
	path: string;
}

/**
 * Reads a body.
 *
 * @throws ArchiverError SOURCE_DATA_INVALID as soon as it is known to be larger than allowed; nothing more is read then.
 */
export async function readBody(
	body: AsyncIterable<Uint8Array>,
	options: BodyOptions,
): Promise<HttpBody> {
	const { declaredBytes, expectedBytes, maxBodyBytes, allocate } = options;
	const likelyBytes = declaredBytes ?? expectedBytes;
	if (declaredBytes !== undefined && declaredBytes > maxBodyBytes)
		throw tooLarge(options);
	const segments: ArrayBuffer[] = [];
	let byteLength = 0;
	/** What is left of the last segment. */
	let room = new Uint8Array(0);
	for await (const piece of body) {
		if (byteLength + piece.byteLength > maxBodyBytes) throw tooLarge(options);
		for (let at = 0; at < piece.byteLength; ) {
			if (room.byteLength === 0) {
				// Beyond what was expected, as much again as there is already.
				const likelyRest = Math.max(likelyBytes - byteLength, byteLength, 4096);
				const segment = allocate(Math.min(SEGMENT_BYTES, likelyRest));
				segments.push(segment);
				room = new Uint8Array(segment);
			}
			const part = piece.subarray(at, at + room.byteLength);
			room.set(part);
			room = room.subarray(part.byteLength);
			at += part.byteLength;
			byteLength += part.byteLength;
		}
	}
	return { segments, byteLength };
}

/** The beginning of a body as one line of text. */
export async function excerpt(
	body: AsyncIterable<Uint8Array>,
	maxBytes = 200,
): Promise<string> {
	const pieces: Uint8Array[] = [];
	let byteLength = 0;
	for await (const piece of body) {
		pieces.push(piece);
		byteLength += piece.byteLength;
		if (byteLength >= maxBytes) break;
	}
	const text = Buffer.concat(pieces).subarray(0, maxBytes).toString("utf8");
	return text.replace(/[\p{C}\s]+/gu, " ").trim();
}

function tooLarge({ path, maxBodyBytes }: BodyOptions): ArchiverError {
	return new ArchiverError(
		"SOURCE_DATA_INVALID",
		`${path}: the answer takes more than ${maxBodyBytes} bytes, which is far more than what was asked for`,
		{ path },
	);
}

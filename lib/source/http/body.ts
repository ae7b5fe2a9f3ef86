import { ArchiverError } from "../../errors.js";

/** An answer's bytes: the first `byteLength` of `buffer`, which belongs to whoever asked. */
export interface HttpBody {
	buffer: ArrayBuffer;
	byteLength: number;
}

export interface BodyLimits {
	/** A guess at the answer's length, where the server does not tell it. */
	expectedBytes: number;
	maxBodyBytes: number;
	/** Makes a buffer of at least so many bytes. */
	allocate(byteLength: number): ArrayBuffer;
}

/**
 * Reads a body into one buffer.
 *
 * @param declaredBytes - What the server says of its length.
 * @throws ArchiverError SOURCE_DATA_INVALID as soon as it is known to be larger than allowed; nothing more is read then.
 */
export async function readBody(
	body: AsyncIterable<Uint8Array>,
	declaredBytes: number | undefined,
	{ expectedBytes, maxBodyBytes, allocate }: BodyLimits,
): Promise<HttpBody> {
	const likely = declaredBytes ?? expectedBytes;
	if (likely > maxBodyBytes && declaredBytes !== undefined)
		throw tooLarge(maxBodyBytes);
	let bytes = new Uint8Array(allocate(Math.min(likely, maxBodyBytes)));
	let byteLength = 0;
	for await (const piece of body) {
		const end = byteLength + piece.byteLength;
		if (end > maxBodyBytes) throw tooLarge(maxBodyBytes);
		if (end > bytes.byteLength) {
			const larger = new Uint8Array(
				allocate(Math.min(maxBodyBytes, Math.max(end, 2 * bytes.byteLength))),
			);
			larger.set(bytes.subarray(0, byteLength));
			bytes = larger;
		}
		bytes.set(piece, byteLength);
		byteLength = end;
	}
	return { buffer: bytes.buffer, byteLength };
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

function tooLarge(maxBodyBytes: number): ArchiverError {
	return new ArchiverError(
		"SOURCE_DATA_INVALID",
		`the answer is larger than ${maxBodyBytes} bytes, which is more than what was asked for can take`,
	);
}

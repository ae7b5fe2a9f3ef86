const NEWLINE = 0x0a;
/** Most UTF-8 bytes that one character of a string, a UTF-16 unit, takes. */
const BYTES_A_CHARACTER = 3;

/** Line protocol as a caller has it: bytes, which must not change until all of them are read, or text. */
export type LineText = Uint8Array | string;

/** Most bytes that a text can take. */
export function mostBytesOf(text: LineText): number {
	return text.length * (typeof text === "string" ? BYTES_A_CHARACTER : 1);
}

/**
 * Cuts a text between lines into pieces of `pieceBytes` and less, or a little more where a line is longer than that.
 * Bytes come as views of the text.
 */
export function cutLines(text: LineText, pieceBytes: number): Iterable<Buffer> {
	return typeof text === "string"
		? cutString(text, Math.floor(pieceBytes / BYTES_A_CHARACTER))
		: cutBytes(text, pieceBytes);
}

function* cutBytes(text: Uint8Array, pieceBytes: number): Generator<Buffer> {
	const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
	let start = 0;
	while (start < bytes.length) {
		let end = start + pieceBytes;
		if (end < bytes.length) {
			const newline = bytes.lastIndexOf(NEWLINE, end - 1);
			end = newline >= start ? newline + 1 : endOfLine(bytes, end);
		}
		yield bytes.subarray(start, end);
		start = end;
	}
}

function endOfLine(bytes: Buffer, from: number): number {
	const newline = bytes.indexOf(NEWLINE, from);
	return newline < 0 ? bytes.length : newline + 1;
}

function* cutString(text: string, characters: number): Generator<Buffer> {
	let start = 0;
	while (start < text.length) {
		let end = start + characters;
		if (end < text.length) {
			let newline = text.lastIndexOf("\n", end - 1);
			if (newline < start) newline = text.indexOf("\n", end);
			end = newline < 0 ? text.length : newline + 1;
		}
		yield Buffer.from(text.slice(start, end));
		start = end;
	}
}

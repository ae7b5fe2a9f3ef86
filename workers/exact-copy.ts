/**
 * Joins pieces in an `ArrayBuffer` of exactly their size. Encoders return views of scratch and of shared slabs:
 * transferring one of those would take everything else in it along.
 */
export function exactCopy(...pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
	const copy = new Uint8Array(totalBytes(pieces));
	fill(copy, pieces);
	return copy;
}

/** As {@link exactCopy}, at the beginning of a buffer whose content is not needed any more, where they fit it. */
export function copyInto(
	buffer: ArrayBuffer,
	...pieces: Uint8Array[]
): Uint8Array<ArrayBuffer> {
	const bytes = totalBytes(pieces);
	if (bytes > buffer.byteLength) return exactCopy(...pieces);
	const copy = new Uint8Array(buffer, 0, bytes);
	fill(copy, pieces);
	return copy;
}

function totalBytes(pieces: readonly Uint8Array[]): number {
	return pieces.reduce((sum, { length }) => sum + length, 0);
}

function fill(target: Uint8Array, pieces: readonly Uint8Array[]): void {
	let offset = 0;
	for (const piece of pieces) {
		target.set(piece, offset);
		offset += piece.length;
	}
}

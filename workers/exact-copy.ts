/**
 * Joins pieces in an `ArrayBuffer` of exactly their size. Encoders return views of scratch and of shared slabs:
 * transferring one of those would take everything else in it along.
 */
export function exactCopy(...pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
	const copy = new Uint8Array(
		pieces.reduce((sum, { length }) => sum + length, 0),
	);
	let offset = 0;
	for (const piece of pieces) {
		copy.set(piece, offset);
		offset += piece.length;
	}
	return copy;
}

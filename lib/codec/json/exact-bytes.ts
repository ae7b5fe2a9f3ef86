/**
 * The same bytes in an `ArrayBuffer` of their own, copied only where they share a larger one: Node's pools hand out
 * slices, and transferring such a slice's buffer would take its neighbours along.
 */
export function exactBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
	const { buffer, byteLength } = bytes;
	return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
		? new Uint8Array(buffer)
		: new Uint8Array(bytes);
}

/** Planes of a double: one for each of its bytes. */
export const RAW_PLANES = 8;

/** Splits doubles into byte planes, lowest byte first: `planes[p * count + i]` is byte `p` of sample `i`. */
export function splitRaw(samples: Float64Array, planes: Uint8Array): void {
	const count = samples.length;
	const bytes = bytesOf(samples);
	for (let plane = 0; plane < RAW_PLANES; plane++) {
		const target = plane * count;
		for (let i = 0, from = plane; i < count; i++, from += 8)
			planes[target + i] = bytes[from];
	}
}

/** The inverse of {@link splitRaw}, from one array a plane. */
export function joinRaw(
	planes: readonly Uint8Array[],
	samples: Float64Array,
): void {
	const bytes = bytesOf(samples);
	planes.forEach((plane, first) => {
		for (let i = 0, to = first; to < bytes.length; i++, to += 8)
			bytes[to] = plane[i];
	});
}

/** The bytes of doubles in memory, which are little-endian on every platform that Node runs zstd-napi on. */
function bytesOf(samples: Float64Array): Uint8Array {
	return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

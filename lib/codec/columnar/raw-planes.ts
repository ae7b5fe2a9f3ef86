/** Planes of a double: one for each of its bytes. */
export const RAW_PLANES = 8;

/** Splits doubles into byte planes, lowest byte first: `planes[p * count + i]` is byte `p` of sample `i`. */
export function splitRaw(
	samples: Float64Array,
	start: number,
	count: number,
	planes: Uint8Array,
): void {
	const bytes = new Uint8Array(
		samples.buffer,
		samples.byteOffset + start * 8,
		count * 8,
	);
	for (let plane = 0; plane < RAW_PLANES; plane++) {
		const target = plane * count;
		for (let i = 0, from = plane; i < count; i++, from += 8)
			planes[target + i] = bytes[from];
	}
}

/** The inverse of {@link splitRaw}. */
export function joinRaw(
	planes: Uint8Array,
	count: number,
	samples: Float64Array,
): void {
	const bytes = new Uint8Array(samples.buffer, samples.byteOffset, count * 8);
	for (let plane = 0; plane < RAW_PLANES; plane++) {
		const source = plane * count;
		for (let i = 0, to = plane; i < count; i++, to += 8)
			bytes[to] = planes[source + i];
	}
}

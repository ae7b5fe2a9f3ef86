/** Most planes of 32-bit numbers. */
export const MAX_PLANES = 4;

/**
 * Planes that numbers are split into: the lowest of `lowBits` bits, those above of eight.
 *
 * @param used all the numbers OR-ed together.
 */
export function planesFor(used: number, lowBits: number): number {
	const bits = 32 - Math.clz32(used);
	return bits === 0 ? 0 : 1 + Math.max(0, Math.ceil((bits - lowBits) / 8));
}

/**
 * Splits unsigned 32-bit numbers into planes, lowest first: the bits of number `i` in plane `p` become byte
 * `planes[p * count + i]`. Neighbours in a plane are alike where neighbours in a series are, which is what makes
 * high bits compress and keeps noisy low bits out of their way.
 */
export function splitPlanes(
	numbers: Uint32Array,
	count: number,
	lowBits: number,
	planeCount: number,
	planes: Uint8Array,
): void {
	const lowMask = 2 ** lowBits - 1;
	const second = count;
	const third = 2 * count;
	const fourth = 3 * count;
	switch (planeCount) {
		case 1:
			for (let i = 0; i < count; i++) planes[i] = numbers[i];
			break;
		case 2:
			for (let i = 0; i < count; i++) {
				const number = numbers[i];
				planes[i] = number & lowMask;
				planes[second + i] = number >>> lowBits;
			}
			break;
		case 3:
			for (let i = 0; i < count; i++) {
				const number = numbers[i];
				planes[i] = number & lowMask;
				planes[second + i] = number >>> lowBits;
				planes[third + i] = number >>> (lowBits + 8);
			}
			break;
		case 4:
			for (let i = 0; i < count; i++) {
				const number = numbers[i];
				planes[i] = number & lowMask;
				planes[second + i] = number >>> lowBits;
				planes[third + i] = number >>> (lowBits + 8);
				planes[fourth + i] = number >>> (lowBits + 16);
			}
			break;
	}
}

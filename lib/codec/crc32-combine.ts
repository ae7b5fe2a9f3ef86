/** CRC-32's polynomial, lowest power in the highest bit, as everywhere in gzip (RFC 1952, section 8). */
const POLYNOMIAL = 0xedb88320;
/** x^0 in that order of bits. */
const ONE = 0x80000000;

/**
 * The CRC-32 of two texts one after the other, from the CRC-32 of each and the length of the second.
 *
 * Appending n bytes multiplies the remainder of what went before by x^(8n), modulo the polynomial; the rest of the sum
 * is the second text's own. So a gzip file of several members has a checksum of its whole text without reading it again.
 */
export function combineCrc32(
	first: number,
	second: number,
	secondBytes: number,
): number {
	return (multiply(powerOfX(secondBytes * 8), first) ^ second) >>> 0;
}

/** x^exponent modulo the polynomial, by squaring. */
function powerOfX(exponent: number): number {
	let power = ONE;
	let square = ONE >>> 1;
	for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
		if (rest % 2 === 1) power = multiply(power, square);
		square = multiply(square, square);
	}
	return power;
}

/** Product of two polynomials over GF(2), modulo CRC-32's. */
function multiply(a: number, b: number): number {
	let product = 0;
	let shifted = b;
	for (let bit = ONE; bit !== 0; bit >>>= 1) {
		if ((a & bit) !== 0) product ^= shifted;
		shifted =
			(shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
	}
	return product >>> 0;
}

/** Powers of ten that a double holds exactly. */
const POWERS_OF_TEN = [
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
	1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];
/** Any number of so many digits is a whole number that a double holds exactly. */
const EXACT_DIGITS = 15;

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const UPPER_E = 0x45;
const LOWER_E = 0x65;
const LOWER_I = 0x69;
const LOWER_U = 0x75;

/**
 * The number that `bytes[start, end)` spell: a decimal, or a whole number marked `i` or `u`. NaN when they spell none;
 * infinite when it is too large.
 *
 * A mantissa of up to 15 digits and a power of ten of up to 22 are both exact as doubles, so that their one product or
 * quotient is rounded once and is the nearest double (Clinger, "How to Read Floating Point Numbers Accurately", 1990).
 * What has more digits is left to `Number`.
 */
export function parseNumber(bytes: Buffer, start: number, end: number): number {
	let at = start;
	const negative = bytes[at] === MINUS;
	if (negative || bytes[at] === PLUS) at++;
	let mantissa = 0;
	let significant = 0;
	const wholeStart = at;
	for (; at < end; at++) {
		const digit = bytes[at] - ZERO;
		if (digit < 0 || digit > 9) break;
		mantissa = mantissa * 10 + digit;
		if (mantissa > 0) significant++;
	}
	let digits = at - wholeStart;
	let exponent = 0;
	const isWhole = at === end || bytes[at] !== POINT;
	if (!isWhole) {
		const fractionStart = ++at;
		for (; at < end; at++) {
			const digit = bytes[at] - ZERO;
			if (digit < 0 || digit > 9) break;
			mantissa = mantissa * 10 + digit;
			if (mantissa > 0) significant++;
		}
		digits += at - fractionStart;
		exponent = fractionStart - at;
	}
	if (digits === 0) return Number.NaN;
	let textEnd = end;
	if (at < end) {
		const letter = bytes[at];
		if (letter === LOWER_E || letter === UPPER_E) {
			const power = parseInteger(bytes, at + 1, end);
			if (Number.isNaN(power)) return Number.NaN;
			exponent += power;
		} else if (
			at === end - 1 &&
			isWhole &&
			(letter === LOWER_I || letter === LOWER_U)
		) {
			textEnd = at;
		} else return Number.NaN;
	}
	if (significant > EXACT_DIGITS || exponent > 22 || exponent < -22)
		return Number(bytes.toString("latin1", start, textEnd));
	const magnitude =
		exponent < 0
			? mantissa / POWERS_OF_TEN[-exponent]
			: mantissa * POWERS_OF_TEN[exponent];
	return negative ? -magnitude : magnitude;
}

/**
 * The whole number that `bytes[start, end)` spell, with or without a sign; NaN when they spell none. Exact up to 2^53,
 * and beyond for what ends in as many zeros as keep every step exact: a whole second in nanoseconds is.
 */
export function parseInteger(
	bytes: Buffer,
	start: number,
	end: number,
): number {
	const negative = bytes[start] === MINUS;
	let at = negative || bytes[start] === PLUS ? start + 1 : start;
	if (at >= end) return Number.NaN;
	let value = 0;
	for (; at < end; at++) {
		const digit = bytes[at] - ZERO;
		if (digit < 0 || digit > 9) return Number.NaN;
		value = value * 10 + digit;
	}
	return negative ? -value : value;
}

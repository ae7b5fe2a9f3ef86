/**
 * Below this, a value times 100 is far enough within a double's 53 bits for `Math.round` to find the integer it came from.
 * Above it, doubles lie so far apart that the exact decimal expansion has to be asked.
 */
const EXACT_BELOW = 2 ** 45;

/**
 * Rounds samples to the two decimals that ClusterCockpit's JSON holds.
 *
 * A value that already is the nearest double to a number of two decimals comes back bit for bit, up to the largest
 * doubles, so that rounding twice changes nothing. Infinities have no place in JSON and become NaN; -0 becomes 0.
 *
 * @param target - At least as long as `samples`; may be `samples` itself.
 */
export function roundToTwoDecimals(
	samples: Float64Array,
	target: Float64Array,
): void {
	for (let i = 0; i < samples.length; i++) {
		const value = samples[i];
		target[i] =
			value < EXACT_BELOW && value > -EXACT_BELOW
				? Math.round(value * 100) / 100 + 0
				: roundLarge(value);
	}
}

/** At this size and above JavaScript's shortest form of a double has at most two decimals once it is rounded this way. */
function roundLarge(value: number): number {
	return Number.isFinite(value) ? Number(value.toFixed(2)) : Number.NaN;
}

/** Longest text that {@link writeTwoDecimals} writes: a sign, 17 digits, a point and an exponent, with room to spare. */
export const MAX_NUMBER_BYTES = 32;

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;

/**
 * Writes one rounded value as `JSON.stringify` would: the fewest digits, or `null` for NaN.
 *
 * @param value - As {@link roundToTwoDecimals} leaves it.
 * @param at - Where to write; {@link MAX_NUMBER_BYTES} must be free there.
 * @returns Where the text ends.
 */
export function writeTwoDecimals(
	bytes: Uint8Array,
	at: number,
	value: number,
): number {
	if (!(value < EXACT_BELOW && value > -EXACT_BELOW)) {
		return writeRare(bytes, at, value);
	}
	let cents = Math.round(value * 100);
	let end = at;
	if (cents < 0) {
		bytes[end++] = MINUS;
		cents = -cents;
	}
	const whole = Math.floor(cents / 100);
	const fraction = cents - whole * 100;
	end = writeInteger(bytes, end, whole);
	if (fraction !== 0) {
		const tenths = (fraction / 10) | 0;
		const hundredths = fraction - tenths * 10;
		bytes[end++] = POINT;
		bytes[end++] = ZERO + tenths;
		if (hundredths !== 0) bytes[end++] = ZERO + hundredths;
	}
	return end;
}

function writeInteger(bytes: Uint8Array, at: number, value: number): number {
	if (value < 10) {
		bytes[at] = ZERO + value;
		return at + 1;
	}
	if (value < 1_000_000_000) {
		return writeDigits(bytes, at, value | 0, countDigits(value));
	}
	const high = Math.floor(value / 1_000_000_000);
	const end = writeDigits(bytes, at, high | 0, countDigits(high));
	return writeDigits(bytes, end, (value - high * 1_000_000_000) | 0, 9);
}

function countDigits(value: number): number {
	let digits = 1;
	for (let limit = 10; value >= limit; limit *= 10) digits++;
	return digits;
}

function writeDigits(
	bytes: Uint8Array,
	at: number,
	value: number,
	digits: number,
): number {
	let rest = value;
	for (let i = at + digits - 1; i >= at; i--) {
		const tens = (rest / 10) | 0;
		bytes[i] = ZERO + (rest - tens * 10);
		rest = tens;
	}
	return at + digits;
}

/** NaN, and values too large for the integer path. */
function writeRare(bytes: Uint8Array, at: number, value: number): number {
	const text = Number.isNaN(value) ? "null" : String(value);
	for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
	return at + text.length;
}

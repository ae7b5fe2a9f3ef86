import type { MsgpackValue } from "./msgpack.js";

// What an index holds, checked for being what it should be; `RangeError`s say what it is instead.

export function pick<T>(
	list: readonly T[],
	position: MsgpackValue | undefined,
	what: string,
): T {
	const i = asInteger(position, what);
	if (i >= list.length) throw new RangeError(`${what} ${i} does not exist`);
	return list[i];
}

export function asArray(
	value: MsgpackValue | undefined,
	what: string,
	length?: number,
): MsgpackValue[] {
	if (!Array.isArray(value)) throw new RangeError(`${what} is not an array`);
	if (length !== undefined && value.length !== length)
		throw new RangeError(`${what} has ${value.length} entries, not ${length}`);
	return value;
}

export function asText(value: MsgpackValue | undefined, what: string): string {
	if (typeof value !== "string") throw new RangeError(`${what} is not a text`);
	return value;
}

export function asNumber(
	value: MsgpackValue | undefined,
	what: string,
): number {
	if (typeof value !== "number")
		throw new RangeError(`${what} is not a number`);
	return value;
}

/** An integer from 0 to 2^53 - 1. */
export function asInteger(
	value: MsgpackValue | undefined,
	what: string,
): number {
	const number = asNumber(value, what);
	if (!Number.isSafeInteger(number) || number < 0)
		throw new RangeError(`${what} is ${number}, not a count`);
	return number;
}

/** Samples of one series, below 2^32. */
export function asLength(value: MsgpackValue | undefined): number {
	const length = asInteger(value, "length");
	if (length >= 2 ** 32) throw new RangeError(`a series of ${length} samples`);
	return length;
}

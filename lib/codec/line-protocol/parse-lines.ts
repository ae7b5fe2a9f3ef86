import type { KeyTable } from "./key-table.js";
import type { LineBatch } from "./line-batch.js";
import { parseInteger, parseNumber } from "./parse-number.js";

/** What timestamps count. `auto`: seconds, milli-, micro- or nanoseconds, by their magnitude, for times from 1973 on. */
export type TimestampPrecision = "s" | "ms" | "us" | "ns" | "auto";

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** FNV-1a, 32 bits. */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

const PER_SECOND = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 } as const;

/**
 * Reads lines of text into `batch`, which is cleared first and must be large enough for them. A sample is the field
 * `value` of a line; other fields, empty lines and comments are passed over. What cannot be read is counted and told.
 *
 * @param bytes - Whole lines; the last may lack its end.
 * @param keys - Takes over series keys that it does not know.
 */
export function parseLines(
	bytes: Buffer,
	keys: KeyTable,
	precision: TimestampPrecision,
	batch: LineBatch,
): void {
	batch.clear();
	let lineStart = 0;
	while (lineStart < bytes.length) {
		const newline = bytes.indexOf(NEWLINE, lineStart);
		const lineEnd = newline < 0 ? bytes.length : newline;
		let start = lineStart;
		let end = lineEnd;
		while (end > start && isBlank(bytes[end - 1])) end--;
		while (start < end && isBlank(bytes[start])) start++;
		if (start < end && bytes[start] !== HASH) {
			const reason = parseLine(bytes, start, end, keys, precision, batch);
			if (reason !== undefined) batch.addProblem(reason, bytes, start, end);
		}
		batch.lineCount++;
		lineStart = lineEnd + 1;
	}
}

/** @returns why the line has no sample that can be read. */
function parseLine(
	bytes: Buffer,
	start: number,
	end: number,
	keys: KeyTable,
	precision: TimestampPrecision,
	batch: LineBatch,
): string | undefined {
	let hash = FNV_OFFSET;
	let at = start;
	for (; at < end; at++) {
		const byte = bytes[at];
		if (byte === SPACE) break;
		hash = Math.imul(hash ^ byte, FNV_PRIME);
		if (byte === BACKSLASH && isEscaped(bytes, at + 1, end))
			hash = Math.imul(hash ^ bytes[++at], FNV_PRIME);
	}
	const keyEnd = at++;
	if (at >= end) return "there are no fields";

	let value = Number.NaN;
	let hasValue = false;
	for (;;) {
		const nameStart = at;
		while (at < end && bytes[at] !== EQUALS && bytes[at] !== SPACE)
			at += bytes[at] === BACKSLASH && at + 1 < end ? 2 : 1;
		if (at >= end || bytes[at] === SPACE) return "a field has no value";
		const isValue = isNamedValue(bytes, nameStart, at);
		const valueStart = ++at;
		if (bytes[at] === QUOTE) {
			at = endOfText(bytes, at + 1, end);
			if (at < 0) return "a text does not end";
			if (isValue) return "the value is a text";
		} else {
			while (at < end && bytes[at] !== COMMA && bytes[at] !== SPACE) at++;
			if (isValue) {
				value = parseNumber(bytes, valueStart, at);
				if (!Number.isFinite(value)) return "the value is not a number";
				hasValue = true;
			}
		}
		if (at >= end || bytes[at] === SPACE) break;
		if (bytes[at] !== COMMA) return "a text is followed by something else";
		at++;
	}
	if (!hasValue) return "there is no field named value";

	while (at < end && bytes[at] === SPACE) at++;
	let seconds = Number.NaN;
	if (at < end) {
		const timestamp = parseInteger(bytes, at, end);
		if (Number.isNaN(timestamp)) return "the timestamp is not a whole number";
		seconds =
			timestamp /
			PER_SECOND[precision === "auto" ? precisionOf(timestamp) : precision];
	}
	// Bits of a hash may be negative in one table and not in another.
	const key = keys.numberOf(bytes, start, keyEnd, hash >>> 0);
	batch.add(key, value, seconds);
	return undefined;
}

/** The precision for which a timestamp is a time between 1973 and 5138. */
function precisionOf(timestamp: number): keyof typeof PER_SECOND {
	const magnitude = Math.abs(timestamp);
	if (magnitude < 1e11) return "s";
	if (magnitude < 1e14) return "ms";
	return magnitude < 1e17 ? "us" : "ns";
}

function isBlank(byte: number): boolean {
	return byte === SPACE || byte === TAB || byte === RETURN;
}

/** A backslash before anything else stands for itself. */
function isEscaped(bytes: Buffer, at: number, end: number): boolean {
	if (at >= end) return false;
	const byte = bytes[at];
	return byte === COMMA || byte === EQUALS || byte === SPACE;
}

function isNamedValue(bytes: Buffer, start: number, end: number): boolean {
	return (
		end - start === 5 &&
		bytes[start] === 0x76 &&
		bytes[start + 1] === 0x61 &&
		bytes[start + 2] === 0x6c &&
		bytes[start + 3] === 0x75 &&
		bytes[start + 4] === 0x65
	);
}

/** Where a text ends, behind its closing quote; -1 when it has none. */
function endOfText(bytes: Buffer, start: number, end: number): number {
	for (let at = start; at < end; at++) {
		if (bytes[at] === BACKSLASH) at++;
		else if (bytes[at] === QUOTE) return at + 1;
	}
	return -1;
}

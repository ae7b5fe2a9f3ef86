import { ArchiverError } from "../errors.js";
import { describeValue } from "./invalid-input.js";

/** Above this, {@link NodeList.expand} refuses. */
const LARGEST_EXPANSION = 1_000_000;
/** Digits of a number that is surely a safe integer. */
const MOST_DIGITS = 15;

/** The hosts that a node list expression names. */
export interface NodeList {
	/** How many hosts the expression names; one that it names twice counts twice. */
	readonly count: number;
	/** Whether the expression names `host`. Does not expand it. */
	contains(host: string): boolean;
	/**
	 * The hosts, `count` of them, in the order they are written.
	 *
	 * @throws ArchiverError INVALID_INPUT when they are more than 1,000,000
	 */
	expand(): string[];
}

/** First to last, each written with at least `width` digits. */
interface Range {
	first: number;
	last: number;
	width: number;
}

/** Fixed text, or the ranges of one bracket. */
type Part = string | Range[];

/**
 * Parses expressions such as `f[0101-0188,0201-0288]`, `a0831`, `node01,node02`, `r[1-2]n[01-04]-ib`.
 * Leading zeros count: `[08-11]` is 08, 09, 10, 11 and `[8-11]` is 8, 9, 10, 11. An empty text names no host.
 *
 * @throws ArchiverError INVALID_INPUT with the offset of the character where it went wrong
 */
export function parseNodeList(text: string): NodeList {
	const names = new Set<string>();
	const patterns: Part[][] = [];
	const items = readItems(text);
	for (const parts of items) {
		if (parts.every((part) => typeof part === "string"))
			names.add(parts.join(""));
		else patterns.push(parts);
	}
	const count = items.reduce((sum, parts) => sum + countOf(parts), 0);
	return {
		count,
		contains: (host) =>
			names.has(host) || patterns.some((parts) => matches(parts, host)),
		expand() {
			if (count > LARGEST_EXPANSION)
				throw new ArchiverError(
					"INVALID_INPUT",
					`node list ${describeValue(text)} names ${count} hosts, more than the ${LARGEST_EXPANSION} that are expanded at most`,
					{ field: "nodes", received: count },
				);
			const hosts: string[] = [];
			for (const parts of items) appendHosts(parts, 0, "", hosts);
			return hosts;
		},
	};
}

function readItems(text: string): Part[][] {
	if (text === "") return [];
	const items: Part[][] = [];
	let at = 0;
	do {
		const parts: Part[] = [];
		const start = at;
		while (at < text.length && text[at] !== ",") {
			const read = text[at] === "[" ? readBracket : readFixed;
			const [part, end] = read(text, at);
			parts.push(part);
			at = end;
		}
		if (at === start) throw malformed(text, at, "a host name");
		items.push(parts);
	} while (at++ < text.length);
	return items;
}

function readFixed(text: string, start: number): [string, number] {
	let end = start;
	while (end < text.length && !"[],".includes(text[end])) {
		if (/\s/.test(text[end])) throw malformed(text, end, "no white space");
		end++;
	}
	if (end === start) throw malformed(text, end, "no ']' without a '['");
	return [text.slice(start, end), end];
}

function readBracket(text: string, start: number): [Range[], number] {
	const ranges: Range[] = [];
	let at = start;
	do {
		const first = readDigits(text, at + 1);
		const lastAt = at + 1 + first.length + 1;
		const isRange = text[lastAt - 1] === "-";
		const last = isRange ? readDigits(text, lastAt) : first;
		const range = {
			first: Number(first),
			last: Number(last),
			width: first.length,
		};
		if (!isWrittenIn(last, range))
			throw malformed(text, lastAt, `a number that follows ${first}`);
		ranges.push(range);
		at = isRange ? lastAt + last.length : lastAt - 1;
	} while (text[at] === ",");
	if (text[at] !== "]") throw malformed(text, at, "',', '-' or ']'");
	return [ranges, at + 1];
}

function readDigits(text: string, start: number): string {
	let end = start;
	while (end < text.length && isDigit(text, end)) end++;
	if (end === start) throw malformed(text, start, "a digit");
	if (end - start > MOST_DIGITS)
		throw malformed(text, start, `at most ${MOST_DIGITS} digits`);
	return text.slice(start, end);
}

function isDigit(text: string, at: number): boolean {
	return text[at] >= "0" && text[at] <= "9";
}

/** Whether `digits` is how some number of the range is written: padded to its width, and not further. */
function isWrittenIn(digits: string, { first, last, width }: Range): boolean {
	if (digits.length < width) return false;
	if (digits.length > width && digits[0] === "0") return false;
	const number = Number(digits);
	return first <= number && number <= last;
}

/**
 * Whether the parts, one after the other, make up all of `host`. Adjacent brackets can share digits in more than one way
 * (`[1-20][1-20]` in `111`), so every place where the parts so far can end is carried along.
 */
function matches(parts: Part[], host: string): boolean {
	let ends = new Set([0]);
	for (const part of parts) {
		const next = new Set<number>();
		for (const at of ends) {
			if (typeof part === "string") {
				if (host.startsWith(part, at)) next.add(at + part.length);
				continue;
			}
			for (let end = at + 1; isDigit(host, end - 1); end++) {
				if (end - at > MOST_DIGITS) break;
				const digits = host.slice(at, end);
				if (part.some((range) => isWrittenIn(digits, range))) next.add(end);
			}
		}
		ends = next;
	}
	return ends.has(host.length);
}

function countOf(parts: Part[]): number {
	return parts.reduce(
		(product, part) =>
			typeof part === "string" ? product : product * numbersIn(part),
		1,
	);
}

function numbersIn(ranges: Range[]): number {
	return ranges.reduce((sum, { first, last }) => sum + (last - first + 1), 0);
}

function appendHosts(parts: Part[], at: number, start: string, to: string[]) {
	if (at === parts.length) {
		to.push(start);
		return;
	}
	const part = parts[at];
	if (typeof part === "string") {
		appendHosts(parts, at + 1, start + part, to);
		return;
	}
	for (const { first, last, width } of part)
		for (let number = first; number <= last; number++) {
			const digits = String(number).padStart(width, "0");
			appendHosts(parts, at + 1, start + digits, to);
		}
}

function malformed(text: string, offset: number, expected: string) {
	const found =
		offset < text.length ? `'${text[offset]}'` : "the end of the text";
	return new ArchiverError(
		"INVALID_INPUT",
		`node list ${describeValue(text)}: expected ${expected} at offset ${offset}, found ${found}`,
		{ field: "nodes", received: text.slice(0, 80), offset },
	);
}

import { ArchiverError, isArchiverError } from "../lib/errors.js";
import { nearestDouble, POWERS_OF_TEN } from "./nearest-double.js";
import type { NumberBuffer } from "./number-buffer.js";

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const LOWER_E = 0x65;
const LOWER_N = 0x6e;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * So many digits make an integer that a double holds exactly. Divided by a power of ten that it holds exactly too, it is
 * rounded once, to the double nearest to the text (Clinger, "How to Read Floating Point Numbers Accurately", 1990).
 */
const EXACT_DIGITS = 15;
/** Digits of the longest number that is put together from two integers. */
const MAX_DIGITS = 19;
const LOW_DIGITS = 9;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

const WORDS = ["null", "true", "false"];
const NOT_FINITE = ["NaN", "+Inf", "-Inf", "Inf"];

/** Deeper nesting than any answer has. */
const MAX_DEPTH = 64;

/** Runs `read`, whose errors get to say where the answer comes from. */
export function readingAnswer<T>(path: string, read: () => T): T {
	try {
		return read();
	} catch (cause) {
		if (!isArchiverError(cause)) throw cause;
		const { code, message, details } = cause;
		throw new ArchiverError(
			code,
			`${path}: ${message}`,
			{ path, ...details },
			{ cause },
		);
	}
}

/**
 * Reads JSON from bytes, value by value in the order of the text, without making objects of what is read: the caller says
 * at each place what it expects. Numbers come out as `JSON.parse` makes them, to the bit.
 *
 * @throws ArchiverError SOURCE_DATA_INVALID with the offset, from every method, when the text is not JSON or another value
 *   than expected.
 */
export class JsonReader {
	readonly #bytes: Uint8Array;
	/** The same bytes, for making strings of them. */
	readonly #text: Buffer;
	#at = 0;
	#depth = 0;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
		this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	}

	/** Reads an object. `onKey` gets the key's place in `keys`, or -1 for any other, and has to read its value. */
	object(keys: readonly string[], onKey: (key: number) => void): void {
		this.#expect(OPEN_OBJECT, "an object");
		this.#enter();
		if (!this.#accept(CLOSE_OBJECT)) {
			do {
				const key = this.#key(keys);
				this.#expect(COLON, "':'");
				onKey(key);
			} while (this.#accept(COMMA));
			this.#expect(CLOSE_OBJECT, "',' or '}'");
		}
		this.#depth--;
	}

	/** Reads a list. `onItem` gets each item's place and has to read it. */
	list(onItem: (index: number) => void): void {
		this.#expect(OPEN_LIST, "a list");
		this.#enter();
		if (!this.#accept(CLOSE_LIST)) {
			let index = 0;
			do onItem(index++);
			while (this.#accept(COMMA));
			this.#expect(CLOSE_LIST, "',' or ']'");
		}
		this.#depth--;
	}

	/** Reads past `null` if that is what comes next. */
	null(): boolean {
		if (this.#peek() !== LOWER_N) return false;
		this.#word("null");
		return true;
	}

	string(): string {
		const start = this.#at;
		const [from, to, plain] = this.#quoted();
		if (plain) return this.#text.toString("latin1", from, to);
		try {
			return JSON.parse(this.#text.toString("utf8", from - 1, to + 1));
		} catch {
			return this.fail("a string", start);
		}
	}

	number(): number {
		this.#peek();
		return this.#number(this.#at);
	}

	/** Reads a number that is written as a string. `NaN` and infinities, as Go writes them, become NaN. */
	quotedNumber(): number {
		this.#expect(QUOTE, "a number as a string");
		const bytes = this.#bytes;
		const digit = bytes[bytes[this.#at] === MINUS ? this.#at + 1 : this.#at];
		let value = Number.NaN;
		if (digit >= ZERO && digit <= NINE) value = this.#number(this.#at);
		else {
			const word = NOT_FINITE.find((it) => this.#matches(it));
			if (word === undefined) this.fail("a number");
			this.#at += word.length;
		}
		if (bytes[this.#at++] !== QUOTE) this.fail("the end of a number");
		return value;
	}

	/** Reads a list of numbers; `null` becomes NaN. */
	numbers(into: NumberBuffer): void {
		const bytes = this.#bytes;
		let values = into.values;
		let length = 0;
		this.#expect(OPEN_LIST, "a list of numbers");
		if (!this.#accept(CLOSE_LIST)) {
			do {
				if (length === values.length) values = into.grow();
				// Most answers have no blanks.
				if (bytes[this.#at] <= 0x20) this.#peek();
				if (bytes[this.#at] === LOWER_N) {
					this.#word("null");
					values[length++] = Number.NaN;
				} else values[length++] = this.#number(this.#at);
			} while (this.#accept(COMMA));
			this.#expect(CLOSE_LIST, "',' or ']'");
		}
		into.length = length;
	}

	/** Reads past a value of any kind. */
	skip(): void {
		switch (this.#peek()) {
			case OPEN_OBJECT:
				this.object([], () => this.skip());
				break;
			case OPEN_LIST:
				this.list(() => this.skip());
				break;
			case QUOTE:
				this.#quoted();
				break;
			default:
				this.#scalar();
		}
	}

	/** Nothing but blanks may be left. */
	end(): void {
		if (!Number.isNaN(this.#peek())) this.fail("the end");
	}

	fail(expected: string, offset = this.#at): never {
		throw new ArchiverError(
			"SOURCE_DATA_INVALID",
			`expected ${expected} at byte ${offset} of an answer of ${this.#bytes.length} bytes`,
			{ offset },
		);
	}

	#enter(): void {
		if (++this.#depth > MAX_DEPTH)
			this.fail(`no more than ${MAX_DEPTH} levels`);
	}

	/** The next byte that is no blank; NaN at the end. */
	#peek(): number {
		const bytes = this.#bytes;
		while (this.#at < bytes.length) {
			const byte = bytes[this.#at];
			if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)
				return byte;
			this.#at++;
		}
		return Number.NaN;
	}

	#accept(byte: number): boolean {
		if (this.#bytes[this.#at] !== byte && this.#peek() !== byte) return false;
		this.#at++;
		return true;
	}

	#expect(byte: number, what: string): void {
		if (!this.#accept(byte)) this.fail(what);
	}

	#word(word: string): void {
		if (!this.#matches(word)) this.fail("a value");
		this.#at += word.length;
	}

	#scalar(): void {
		const word = WORDS.find((it) => this.#matches(it));
		if (word === undefined) this.#number(this.#at);
		else this.#at += word.length;
	}

	#matches(word: string, at = this.#at): boolean {
		for (let i = 0; i < word.length; i++)
			if (this.#bytes[at + i] !== word.charCodeAt(i)) return false;
		return true;
	}

	#key(keys: readonly string[]): number {
		const [from, to, plain] = this.#quoted();
		if (!plain) return -1;
		return keys.findIndex(
			(key) => key.length === to - from && this.#matches(key, from),
		);
	}

	/** Where a string's content begins and ends, and whether it is ASCII without escapes. */
	#quoted(): [from: number, to: number, plain: boolean] {
		this.#expect(QUOTE, "a string");
		const bytes = this.#bytes;
		const from = this.#at;
		let plain = true;
		let at = from;
		for (; at < bytes.length; at++) {
			const byte = bytes[at];
			if (byte === QUOTE) {
				this.#at = at + 1;
				return [from, at, plain];
			}
			if (byte < 0x20) break;
			if (byte === BACKSLASH) at++;
			if (byte === BACKSLASH || byte >= 0x80) plain = false;
		}
		return this.fail("the end of a string", at);
	}

	#number(start: number): number {
		const bytes = this.#bytes;
		let at = start;
		const negative = bytes[at] === MINUS;
		if (negative) at++;
		const first = at;
		let integer = 0;
		let byte = bytes[at];
		while (byte >= ZERO && byte <= NINE) {
			integer = integer * 10 + (byte - ZERO);
			byte = bytes[++at];
		}
		let digits = at - first;
		if (digits === 0 || (digits > 1 && bytes[first] === ZERO))
			this.fail("a value", start);
		let decimals = 0;
		if (byte === DOT) {
			byte = bytes[++at];
			while (byte >= ZERO && byte <= NINE) {
				integer = integer * 10 + (byte - ZERO);
				byte = bytes[++at];
				decimals++;
			}
			if (decimals === 0) this.fail("a digit", at);
			digits += decimals;
		}
		this.#at = at;
		let value: number;
		if ((byte | 0x20) === LOWER_E || digits > MAX_DIGITS)
			return this.#anyNumber(start);
		if (digits <= EXACT_DIGITS)
			value = decimals === 0 ? integer : integer / POWERS_OF_TEN[decimals];
		else {
			value = this.#longNumber(first, digits, decimals);
			if (Number.isNaN(value)) return this.#anyNumber(start);
		}
		return negative ? -value : value;
	}

	/** A number of digits too many for one integer. */
	#longNumber(first: number, digits: number, decimals: number): number {
		const bytes = this.#bytes;
		let high = 0;
		let low = 0;
		let at = first;
		for (let place = 0; place < digits; place++) {
			if (bytes[at] === DOT) at++;
			const digit = bytes[at++] - ZERO;
			if (place < digits - LOW_DIGITS) high = high * 10 + digit;
			else low = low * 10 + digit;
		}
		return nearestDouble(high, low, decimals);
	}

	/** A number of any length, with or without an exponent. */
	#anyNumber(start: number): number {
		let at = start;
		while (isPartOfNumber(this.#bytes[at])) at++;
		const text = this.#text.toString("latin1", start, at);
		if (!NUMBER.test(text)) this.fail("a number", start);
		this.#at = at;
		return Number(text);
	}
}

function isPartOfNumber(byte: number | undefined): boolean {
	return (
		byte !== undefined &&
		((byte >= ZERO && byte <= NINE) ||
			byte === MINUS ||
			byte === PLUS ||
			byte === DOT ||
			(byte | 0x20) === LOWER_E)
	);
}

import { expect } from "chai";
import fc from "fast-check";
import { ArchiverError } from "../../lib/errors.js";
import { JsonReader } from "../../workers/json-reader.js";
import { NumberBuffer } from "../../workers/number-buffer.js";
import { bitsOf } from "../support/jobs.js";
import { seededRandom } from "../support/random.js";

const readerOf = (text: string | Uint8Array) =>
	new JsonReader(typeof text === "string" ? Buffer.from(text) : text);

function numbersIn(text: string): Float64Array {
	const reader = readerOf(text);
	const buffer = new NumberBuffer();
	reader.numbers(buffer);
	reader.end();
	return buffer.values.slice(0, buffer.length);
}

/** What `JSON.parse` makes of a list of numbers and nulls. */
function parsedNumbers(text: string): Float64Array {
	const list = JSON.parse(text) as (number | null)[];
	return Float64Array.from(list, (value) => value ?? Number.NaN);
}

describe("JsonReader", () => {
	it("reads numbers as JSON.parse does, to the bit", () => {
		const random = seededRandom(1);
		const digits = (count: number) =>
			Array.from({ length: count }, () => Math.floor(random() * 10)).join("");
		const texts = ["0", "-0", "-0.0", "0.1", "1e3", "1E-7", "5e-324", "1e400"];
		for (let i = 0; i < 20_000; i++) {
			const whole = digits(1 + Math.floor(random() * 20)).replace(
				/^0+(?=.)/,
				"",
			);
			const decimals = Math.floor(random() * 22);
			const sign = random() < 0.3 ? "-" : "";
			const fraction = decimals === 0 ? "" : `.${digits(decimals)}`;
			const exponent =
				random() < 0.1 ? `e${Math.floor(random() * 60) - 30}` : "";
			texts.push(`${sign}${whole}${fraction}${exponent}`);
			texts.push(String(random() * 10 ** (Math.floor(random() * 12) - 4)));
			texts.push((random() * 1000).toFixed(3));
		}
		const text = `[${texts.join()}]`;
		expect(bitsOf(numbersIn(text))).to.equal(bitsOf(parsedNumbers(text)));
	});

	it("reads numbers in the middle between two doubles, and next to it, as JSON.parse does", () => {
		const random = seededRandom(2);
		const texts: string[] = [];
		for (let i = 0; i < 20_000; i++) {
			const double = BigInt(2 ** 52 + Math.floor(random() * 2 ** 52));
			const middle = 2n * double + 1n;
			texts.push(`${middle}`, `${middle + 1n}`, `${middle - 1n}`);
			texts.push(`${middle * 5n}`.replace(/(.)$/, ".$1"));
			texts.push(`${middle * 25n}`.replace(/(..)$/, ".$1"));
		}
		const text = `[${texts.join()}]`;
		expect(bitsOf(numbersIn(text))).to.equal(bitsOf(parsedNumbers(text)));
	});

	it("reads null as a gap, and blanks as nothing", () => {
		const text = " [ null,1 ,\n\t-2.5\r, null ] ";
		expect(bitsOf(numbersIn(text))).to.equal(bitsOf(parsedNumbers(text)));
		expect(numbersIn("[]")).to.have.length(0);
		expect(numbersIn(" [ ] ")).to.have.length(0);
	});

	it("reads more numbers than its buffer held", () => {
		const text = JSON.stringify(
			Array.from({ length: 50_000 }, (_, i) => i / 8),
		);
		expect(bitsOf(numbersIn(text))).to.equal(bitsOf(parsedNumbers(text)));
	});

	it("skips any JSON, and reads any string", () => {
		fc.assert(
			fc.property(fc.json(), fc.string({ unit: "binary" }), (json, text) => {
				const reader = readerOf(
					`{"skipped": ${json}, "text": ${JSON.stringify(text)}}`,
				);
				let read: string | undefined;
				reader.object(["text"], (key) => {
					if (key === 0) read = reader.string();
					else reader.skip();
				});
				reader.end();
				expect(read).to.equal(text);
			}),
			{ numRuns: 200 },
		);
	});

	it("knows keys by their text only", () => {
		const reader = readerOf(
			'{"dat":1,"data2":2,"\\u0064ata":3,"data":4,"Data":5}',
		);
		const seen: number[][] = [];
		reader.object(["data"], (key) => {
			seen.push([key, reader.number()]);
		});
		expect(seen).to.deep.equal([
			[-1, 1],
			[-1, 2],
			[-1, 3],
			[0, 4],
			[-1, 5],
		]);
	});

	it("reads numbers that are written as strings", () => {
		const texts = ["1.5", "-3", "NaN", "+Inf", "-Inf", "1e+06", "0.000001"];
		const reader = readerOf(JSON.stringify(texts));
		const values: number[] = [];
		reader.list(() => {
			values.push(reader.quotedNumber());
		});
		const { NaN: none } = Number;
		expect(values).to.deep.equal([1.5, -3, none, none, none, 1e6, 0.000001]);
	});

	for (const text of [
		"",
		"[",
		"[1",
		"[1,",
		"[1,]",
		"[,1]",
		"[1 2]",
		"[01]",
		"[-]",
		"[1.]",
		"[.5]",
		"[+1]",
		"[1e]",
		"[1e+]",
		"[1.5.2]",
		"[12345678901234567890.]",
		"[0x10]",
		"[NaN]",
		"[Infinity]",
		"[nul]",
		"[nulll]",
		'["1"]',
		"[[1]]",
		"[true]",
		"[1]]",
		"{}",
		"null",
	]) {
		it(`refuses ${JSON.stringify(text)} as a list of numbers`, () => {
			expect(() => numbersIn(text))
				.to.throw(ArchiverError)
				.with.property("code", "SOURCE_DATA_INVALID");
		});
	}

	for (const text of [
		'"abc',
		'"a\\"',
		'"a\nb"',
		'"\\x"',
		"tru",
		"truee",
		"{1:2}",
		'{"a" 1}',
		'{"a":}',
		'{"a":1,}',
		'{"a":1',
		"[}",
		"@",
		"[".repeat(1000),
	]) {
		it(`refuses ${JSON.stringify(text.slice(0, 20))} as a value`, () => {
			const read = () => {
				const reader = readerOf(text);
				if (text.startsWith('"')) reader.string();
				else reader.skip();
				reader.end();
			};
			expect(read)
				.to.throw(ArchiverError)
				.with.property("code", "SOURCE_DATA_INVALID");
		});
	}

	it("never throws anything else, whatever the bytes", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
				const buffer = new NumberBuffer();
				for (const read of [
					(reader: JsonReader) => reader.numbers(buffer),
					(reader: JsonReader) => reader.skip(),
					(reader: JsonReader) => reader.quotedNumber(),
				]) {
					try {
						read(readerOf(bytes));
					} catch (error) {
						expect(error).to.be.instanceOf(ArchiverError);
					}
				}
			}),
			{ numRuns: 2000 },
		);
	});
});

import { expect } from "chai";
import fc from "fast-check";
import {
	KeyTable,
	LineBatch,
	parseLines,
	type TimestampPrecision,
} from "../../../lib/codec/line-protocol/index.js";

interface Parsed {
	samples: { key: string; value: number; seconds: number; line: number }[];
	problems: string[];
	malformed: number;
	lineCount: number;
}

function parse(text: string, precision: TimestampPrecision = "auto"): Parsed {
	const bytes = Buffer.from(text);
	const keys = new KeyTable();
	const batch = new LineBatch(bytes.length);
	parseLines(bytes, keys, precision, batch);
	return {
		samples: Array.from({ length: batch.samples }, (_, i) => ({
			key: keys.textAt(batch.keys[i]),
			value: batch.values[i],
			seconds: batch.seconds[i],
			line: batch.lines[i],
		})),
		problems: batch.problems.map(({ reason }) => reason),
		malformed: batch.malformed,
		lineCount: batch.lineCount,
	};
}

describe("line protocol", () => {
	describe("lines with a sample", () => {
		for (const [line, key, value, seconds] of [
			["m,hostname=h value=1.5 1700000000", "m,hostname=h", 1.5, 1_700_000_000],
			["m value=1 1700000000123", "m", 1, 1_700_000_000.123],
			["m value=1 1700000000123456", "m", 1, 1_700_000_000.123456],
			["m value=1 1700000017000000000", "m", 1, 1_700_000_017],
			["m value=1 -5", "m", 1, -5],
			["m value=1", "m", 1, Number.NaN],
			["m value=1   17", "m", 1, 17],
			["  m value=1 17\t\r", "m", 1, 17],
			["m value=42i 17", "m", 42, 17],
			["m value=42u 17", "m", 42, 17],
			["m value=-0 17", "m", -0, 17],
			["m value=+7 17", "m", 7, 17],
			["m value=.5 17", "m", 0.5, 17],
			["m value=1e-3 17", "m", 0.001, 17],
			["m value=1.7976931348623157E+308 17", "m", Number.MAX_VALUE, 17],
			["m value=5e-324 17", "m", 5e-324, 17],
			["m value=9007199254740993i 17", "m", 9007199254740992, 17],
			["m a=1,value=2,b=3 17", "m", 2, 17],
			['m log="x, y=z value=9",value=2 17', "m", 2, 17],
			['m log="a \\"quoted\\" word",value=2 17', "m", 2, 17],
			["m value=1,value=2 17", "m", 2, 17],
			["m my\\ field=1,value=2 17", "m", 2, 17],
			["m,h=a\\ b value=1 17", "m,h=a\\ b", 1, 17],
			["m,h=a\\,b\\=c value=1 17", "m,h=a\\,b\\=c", 1, 17],
			["m\\ x,h=a value=1 17", "m\\ x,h=a", 1, 17],
			["m,h=a\\b value=1 17", "m,h=a\\b", 1, 17],
			['m,h="a" value=1 17', 'm,h="a"', 1, 17],
			["__proto__,h=__proto__ value=1 17", "__proto__,h=__proto__", 1, 17],
			["größe,h=ö value=1 17", "größe,h=ö", 1, 17],
		] as const) {
			it(JSON.stringify(line), () => {
				const { samples, malformed } = parse(line);
				expect(malformed).to.equal(0);
				expect(samples).to.deep.equal([{ key, value, seconds, line: 0 }]);
				expect(Object.is(samples[0].value, value)).to.equal(true);
			});
		}
	});

	describe("lines without one", () => {
		for (const [line, reason] of [
			["m", "there are no fields"],
			["m,hostname=h", "there are no fields"],
			["m,h=a\\ value=1", "there are no fields"],
			["m value", "a field has no value"],
			["m 17", "a field has no value"],
			["m other=1 17", "there is no field named value"],
			["m Value=1 17", "there is no field named value"],
			["m values=1 17", "there is no field named value"],
			["m value= 17", "the value is not a number"],
			["m value=x 17", "the value is not a number"],
			["m value=NaN 17", "the value is not a number"],
			["m value=inf 17", "the value is not a number"],
			["m value=1e999 17", "the value is not a number"],
			["m value=0x10 17", "the value is not a number"],
			["m value=1_000 17", "the value is not a number"],
			["m value=1.5i 17", "the value is not a number"],
			["m value=1e 17", "the value is not a number"],
			["m value=. 17", "the value is not a number"],
			["m value=- 17", "the value is not a number"],
			["m value=true 17", "the value is not a number"],
			['m value="1.5" 17', "the value is a text"],
			['m value="open 17', "a text does not end"],
			['m log="a"b,value=1 17', "a text is followed by something else"],
			["m value=1 now", "the timestamp is not a whole number"],
			["m value=1 1.5", "the timestamp is not a whole number"],
			["m value=1 17 18", "the timestamp is not a whole number"],
		] as const) {
			it(`${JSON.stringify(line)}: ${reason}`, () => {
				const { samples, problems, malformed } = parse(line);
				expect(samples).to.deep.equal([]);
				expect(malformed).to.equal(1);
				expect(problems).to.deep.equal([reason]);
			});
		}
	});

	it("passes over empty lines and comments, and counts them as lines", () => {
		const text = "\n# a comment\r\n\r\nm value=1 17\r\n   \nbad\nm value=2 18";
		const { samples, malformed, lineCount } = parse(text);
		expect(samples.map(({ value, line }) => [value, line])).to.deep.equal([
			[1, 3],
			[2, 6],
		]);
		expect({ malformed, lineCount }).to.deep.equal({
			malformed: 1,
			lineCount: 7,
		});
	});

	it("takes timestamps in the precision that it is told", () => {
		const seconds = (precision: TimestampPrecision) =>
			parse("m value=1 1700000000", precision).samples[0].seconds;
		expect(seconds("s")).to.equal(1_700_000_000);
		expect(seconds("ms")).to.equal(1_700_000);
		expect(seconds("us")).to.equal(1700);
		expect(seconds("ns")).to.equal(1.7);
	});

	it("tells the first problems and counts the others", () => {
		const { problems, malformed } = parse("bad\n".repeat(1000));
		expect(problems).to.have.length(10);
		expect(malformed).to.equal(1000);
	});

	it("shows a long line by its beginning", () => {
		const batch = new LineBatch(10_000);
		const line = Buffer.from(`bad${"x".repeat(9000)}`);
		parseLines(line, new KeyTable(), "auto", batch);
		expect(batch.problems[0].text).to.match(/^badx{157}…$/);
	});

	it("reads every double as Number does, to the bit", () => {
		const spellings = fc
			.double({ noNaN: true, noDefaultInfinity: true })
			.chain((value) =>
				fc.constantFrom(
					String(value),
					value.toExponential(),
					value.toPrecision(17),
					value.toPrecision(6),
				),
			);
		const decimals = fc
			.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 25 }))
			.map(([digits, places]) => `${digits}e${-places}`);
		fc.assert(
			fc.property(fc.oneof(spellings, decimals), (spelling) => {
				const [sample] = parse(`m value=${spelling} 17`).samples;
				return Object.is(sample.value, Number(spelling));
			}),
			{ numRuns: 2000 },
		);
	});

	it("never reads beyond a line, whatever its bytes are", () => {
		const pieces = fc.constantFrom(
			...'m,h=\\ "#value=1.5i e-+\r\t\0ö'.split(""),
			"value=1",
			" 17",
		);
		fc.assert(
			fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
				const line = parts.join("");
				const before = "first value=1 1";
				const after = "last value=2 2";
				const { samples, malformed, lineCount } = parse(
					[before, line, after].join("\n"),
				);
				expect(lineCount).to.equal(3);
				expect(samples[0].key).to.equal("first");
				expect(samples.at(-1)?.key).to.equal("last");
				expect(samples.length + malformed).to.be.within(2, 3);
			}),
			{ numRuns: 2000 },
		);
	});
});

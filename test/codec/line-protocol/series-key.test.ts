import { expect } from "chai";
import {
	KeyTable,
	parseSeriesKey,
} from "../../../lib/codec/line-protocol/index.js";
import { seededRandom } from "../../support/random.js";

describe("series keys of line protocol", () => {
	for (const [text, metric, tags] of [
		["cpu_load", "cpu_load", []],
		[
			"m,cluster=c,hostname=h",
			"m",
			[
				["cluster", "c"],
				["hostname", "h"],
			],
		],
		["m,a=1,a=2", "m", [["a", "2"]]],
		["a\\,b\\ c,k\\=1=v\\,w\\ x", "a,b c", [["k=1", "v,w x"]]],
		["m,h=o'brien\"s", "m", [["h", "o'brien\"s"]]],
		["m,h=a\\b\\", "m", [["h", "a\\b\\"]]],
		[
			"__proto__,__proto__=constructor",
			"__proto__",
			[["__proto__", "constructor"]],
		],
	] as const) {
		it(JSON.stringify(text), () => {
			const key = parseSeriesKey(text);
			if (typeof key === "string") throw new Error(key);
			expect(key.metric).to.equal(metric);
			expect([...key.tags]).to.deep.equal(tags);
		});
	}

	for (const text of [
		",h=a",
		"m,",
		"m,h",
		"m,h=",
		"m,=a",
		"m,h=a=b",
		"m,,h=a",
	]) {
		it(`${JSON.stringify(text)} is refused`, () => {
			expect(parseSeriesKey(text)).to.be.a("string");
		});
	}

	it("are numbered by their bytes, whatever their hashes are", () => {
		const seed = 7;
		const random = seededRandom(seed);
		const numbers = new Map<string, number>();
		const table = new KeyTable();
		for (let i = 0; i < 20_000; i++) {
			const text = `m${Math.floor(random() * 3000)},h=${Math.floor(random() * 3)}`;
			const bytes = Buffer.from(`..${text}..`);
			// Few hashes: most keys share one.
			const number = table.numberOf(bytes, 2, bytes.length - 2, text.length);
			expect(number, `seed ${seed}`).to.equal(
				numbers.get(text) ?? numbers.size,
			);
			numbers.set(text, number);
		}
		expect(table.count).to.equal(numbers.size);
		for (const [text, number] of numbers)
			expect(table.textAt(number)).to.equal(text);
		table.clear();
		expect(table.numberOf(Buffer.from("m"), 0, 1, 1)).to.equal(0);
	});
});

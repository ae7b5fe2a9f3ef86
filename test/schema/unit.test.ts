import { expect } from "chai";
import {
	convertUnit,
	formatUnit,
	isUnitPrefix,
	prefixFactor,
	type Unit,
} from "../../lib/schema/unit.js";
import { thrown } from "../support/thrown.js";

describe("prefixFactor", () => {
	const table: [prefix: string | undefined, factor: number][] = [
		[undefined, 1],
		["", 1],
		["n", 1e-9],
		["u", 1e-6],
		["m", 1e-3],
		["k", 1e3],
		["K", 1e3],
		["M", 1e6],
		["G", 1e9],
		["T", 1e12],
		["P", 1e15],
		["E", 1e18],
	];
	for (const [prefix, factor] of table)
		it(`${prefix || "none"} is ${factor}`, () => {
			expect(prefixFactor(prefix)).to.equal(factor);
		});

	it("refuses an unknown prefix", () => {
		for (const prefix of ["Ki", "g", "constructor", "__proto__"]) {
			expect(isUnitPrefix(prefix)).to.equal(false);
			const error = thrown(() => prefixFactor(prefix));
			expect(error.code).to.equal("INVALID_INPUT");
			expect(error.details).to.deep.equal({
				field: "prefix",
				received: prefix,
			});
		}
	});
});

describe("convertUnit", () => {
	const table: [value: number, from: Unit, to: Unit, converted: number][] = [
		[63.57, { base: "B/s", prefix: "G" }, { base: "B/s", prefix: "G" }, 63.57],
		[1.5, { base: "B/s", prefix: "G" }, { base: "B/s", prefix: "M" }, 1500],
		[1500, { base: "B/s", prefix: "M" }, { base: "B/s", prefix: "G" }, 1.5],
		[250, { base: "W", prefix: "m" }, { base: "W" }, 0.25],
		[7, { base: "s", prefix: "u" }, { base: "s", prefix: "n" }, 7000],
		[1, { base: "B", prefix: "E" }, { base: "B", prefix: "" }, 1e18],
		[3, { base: "" }, { base: "" }, 3],
	];
	for (const [value, from, to, converted] of table)
		it(`${value} ${formatUnit(from)} are ${converted} ${formatUnit(to)}`, () => {
			expect(convertUnit(value, from, to)).to.equal(converted);
		});

	it("refuses another base", () => {
		const error = thrown(() =>
			convertUnit(1, { base: "F/s", prefix: "G" }, { base: "B/s" }),
		);
		expect(error.code).to.equal("INVALID_INPUT");
		expect(error.message).to.equal(
			`unit: expected a unit that converts to 'B/s', received "GF/s"`,
		);
	});
});

describe("formatUnit", () => {
	it("writes prefix and base", () => {
		expect(formatUnit({ base: "B/s", prefix: "G" })).to.equal("GB/s");
		expect(formatUnit({ base: "°C" })).to.equal("°C");
		expect(formatUnit({ base: "", prefix: "" })).to.equal("");
	});
});

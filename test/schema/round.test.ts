import { expect } from "chai";
import * as fc from "fast-check";
import { round2 } from "../../lib/schema/round.js";

describe("round2", () => {
	const table: [value: number, rounded: number][] = [
		[0, 0],
		[-0, 0],
		[0.004, 0],
		[-0.004, 0],
		[0.125, 0.13],
		[-0.125, -0.13],
		[63.574999, 63.57],
		[228.07, 228.07],
		[1.005, 1], // the double lies just below
		[12345678.999, 12345679],
		[2 ** 46 + 0.25, 2 ** 46 + 0.25],
		[1e308, 1e308],
		[-1e308, -1e308],
		[Infinity, Infinity],
		[-Infinity, -Infinity],
		[NaN, NaN],
	];
	for (const [value, rounded] of table)
		it(`${Object.is(value, -0) ? "-0" : value} becomes ${rounded}`, () => {
			expect(Object.is(round2(value), rounded)).to.equal(true);
		});

	it("is the nearest number of two decimals, for any size", () => {
		fc.assert(
			fc.property(
				fc.double({ noNaN: true, min: -1e12, max: 1e12 }),
				(value) => {
					const rounded = round2(value);
					const slack = Math.abs(value) * 2 ** -52;
					expect(Math.abs(rounded - value)).to.be.at.most(0.005 + slack);
					expect(Number(rounded.toFixed(2))).to.equal(rounded);
					expect(round2(rounded)).to.equal(rounded);
				},
			),
		);
	});
});

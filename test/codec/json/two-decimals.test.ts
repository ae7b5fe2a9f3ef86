import { expect } from "chai";
import fc from "fast-check";
import {
	MAX_NUMBER_BYTES,
	roundToTwoDecimals,
	writeTwoDecimals,
} from "../../../lib/codec/json/two-decimals.js";
import { seededRandom } from "../../support/random.js";
import { referenceRounding } from "./reference.js";

describe("two decimals", () => {
	it("rounds and writes any double as the reference does", () => {
		fc.assert(
			fc.property(fc.double(), (value) => {
				expectAsReference(value);
			}),
			{ numRuns: 5000 },
		);
	});

	it("gives values of two decimals back bit for bit, at every size", () => {
		const seed = 20_001;
		const random = seededRandom(seed);
		for (let exponent = 0; exponent < 1023; exponent++) {
			for (let i = 0; i < 20; i++) {
				const size = (1 + random()) * 2 ** exponent;
				const value = Number((i % 2 === 0 ? size : -size).toFixed(2));
				expect(rounded(value), `seed ${seed}: ${value}`).to.equal(value);
				expectAsReference(value);
			}
		}
	});

	it("rounds nothing twice, on either side of every boundary", () => {
		const boundaries = [
			0,
			0.005,
			0.01,
			0.1,
			1,
			9.995,
			10,
			99.995,
			1e9,
			2 ** 31,
			2 ** 44,
			2 ** 45,
			2 ** 46,
			2 ** 53,
			1e21,
			Number.MAX_VALUE,
		];
		for (const boundary of boundaries) {
			for (let ulps = -50; ulps <= 50; ulps++) {
				for (const sign of [1, -1]) {
					const value = sign * stepped(boundary, ulps);
					if (!Number.isFinite(value)) continue;
					expectAsReference(value);
					const once = rounded(value);
					expect(rounded(once), String(value)).to.equal(once);
				}
			}
		}
	});

	it("writes digits, not exponents, below a thousand trillion", () => {
		expect(written(1234567890123.45)).to.equal("1234567890123.45");
		expect(written(35184372088831.99)).to.equal("35184372088831.99");
		expect(written(1_000_000_000)).to.equal("1000000000");
		expect(written(4_294_967_295.5)).to.equal("4294967295.5");
		expect(written(0.07)).to.equal("0.07");
		expect(written(-0.5)).to.equal("-0.5");
	});

	it("makes null of NaN and of infinities, and 0 of -0 and of what rounds to it", () => {
		for (const value of [Number.NaN, Infinity, -Infinity])
			expect(written(rounded(value))).to.equal("null");
		for (const value of [-0, -0.001, 0.004, Number.MIN_VALUE])
			expect(Object.is(rounded(value), 0), String(value)).to.equal(true);
	});
});

function expectAsReference(value: number): void {
	const expected = referenceRounding(value);
	expect(rounded(value), String(value)).to.deep.equal(expected);
	expect(written(expected), String(value)).to.equal(JSON.stringify(expected));
}

function rounded(value: number): number {
	const target = new Float64Array(1);
	roundToTwoDecimals(Float64Array.of(value), target);
	return target[0];
}

function written(value: number): string {
	const bytes = new Uint8Array(MAX_NUMBER_BYTES + 1).fill(0x58);
	const end = writeTwoDecimals(bytes, 1, value);
	expect(bytes[0]).to.equal(0x58);
	return Buffer.from(bytes.subarray(1, end)).toString();
}

/** The double that lies `ulps` doubles above `value`. */
function stepped(value: number, ulps: number): number {
	const bits = new BigInt64Array(1);
	const double = new Float64Array(bits.buffer);
	double[0] = value;
	if (Number(bits[0]) + ulps < 0) return -stepped(0, -ulps - Number(bits[0]));
	bits[0] += BigInt(ulps);
	return double[0];
}

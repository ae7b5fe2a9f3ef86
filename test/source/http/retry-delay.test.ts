import { expect } from "chai";
import {
	parseRetryAfter,
	retryDelayMs,
} from "../../../lib/source/http/retry-delay.js";

describe("retryDelayMs", () => {
	it("doubles, with up to half of it added, and ends at ten seconds", () => {
		for (let failures = 1; failures < 40; failures++) {
			const least = Math.min(10_000, 100 * 2 ** (failures - 1));
			expect(retryDelayMs(failures, 100)).to.be.within(least, least * 1.5);
		}
	});

	it("is what the server asks for, if that is longer", () => {
		expect(retryDelayMs(1, 100, 5000)).to.equal(5000);
		expect(retryDelayMs(1, 100, 1)).to.be.within(100, 150);
		expect(retryDelayMs(1, 100, 30_000)).to.equal(30_000);
		expect(retryDelayMs(1, 100, 30_001)).to.equal(undefined);
	});
});

describe("parseRetryAfter", () => {
	const now = Date.parse("2026-01-02T03:04:05Z");

	for (const [header, expected] of [
		["0", 0],
		["120", 120_000],
		[" 7 ", 7000],
		["Fri, 02 Jan 2026 03:04:15 GMT", 10_000],
		["Fri, 02 Jan 2026 03:04:00 GMT", 0],
		["soon", undefined],
		["", undefined],
		[undefined, undefined],
	] as const) {
		it(`takes ${JSON.stringify(header)} for ${expected} ms`, () => {
			expect(parseRetryAfter(header, now)).to.equal(expected);
		});
	}
});

import { expect } from "chai";
import {
	formatBytes,
	formatCount,
	formatDuration,
	formatTime,
	formatValue,
	plainText,
} from "../../lib/cli/text.js";

describe("text for people", () => {
	it("writes sizes by powers of a thousand, in three digits", () => {
		expect(
			[0, 999, 1000, 999_499, 999_500, 123_456_789].map(formatBytes),
		).to.deep.equal(["0 B", "999 B", "1.00 kB", "999 kB", "1.00 MB", "123 MB"]);
	});

	it("writes durations in their two largest units", () => {
		expect([0, 0.4, 59, 61, 3600, 90_061].map(formatDuration)).to.deep.equal([
			"0 s",
			"0 s",
			"59 s",
			"1 min 1 s",
			"1 h",
			"1 d 1 h",
		]);
	});

	it("writes counts, times and values", () => {
		expect(formatCount(1_234_567.8)).to.equal("1,234,568");
		expect(formatTime(1_608_923_076)).to.equal("2020-12-25T19:04:36Z");
		expect(formatTime(Number.MAX_SAFE_INTEGER)).to.equal("9007199254740991");
		expect([Number.NaN, 0, 1.234567, 123_456].map(formatValue)).to.deep.equal([
			"-",
			"0",
			"1.2346",
			"123460",
		]);
	});

	it("leaves letters of every script alone and takes out what steers a terminal", () => {
		expect(plainText("Ümlaut 日本 µ")).to.equal("Ümlaut 日本 µ");
		expect(plainText("a\u001b[1mb\u0000\u009b\u202e\n")).to.equal(
			"a\ufffd[1mb\ufffd\ufffd\ufffd\ufffd",
		);
	});
});

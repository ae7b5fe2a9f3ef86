import { crc32, gzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { combineCrc32 } from "../../lib/codec/crc32-combine.js";
import {
	dataIdOf,
	dataIdOfTexts,
	textChecksumOf,
} from "../../lib/codec/data-id.js";

describe("the id of a job's data", () => {
	it("combines checksums as if the texts had been read in one go (seed 1)", () => {
		fc.assert(
			fc.property(
				fc.uint8Array({ maxLength: 300 }),
				fc.uint8Array({ maxLength: 70_000 }),
				(first, second) => {
					const whole = crc32(second, crc32(first));
					expect(
						combineCrc32(crc32(first), crc32(second), second.length),
					).to.equal(whole);
				},
			),
			{ seed: 1, numRuns: 300 },
		);
	});

	it("is the same for a text in one gzip member, in several, and as it is", () => {
		const texts = ['{"cpu_load":{"node":', "[1,2,3]", "", "}}"];
		const plain = Buffer.from(texts.join(""));
		const members = texts.map((text) => gzipSync(text));
		const ids = [
			dataIdOf(plain, "json"),
			dataIdOf(gzipSync(plain), "json.gz"),
			dataIdOf(Buffer.concat(members), "json.gz"),
			dataIdOfTexts(members.map(textChecksumOf)),
		];
		expect(new Set(ids).size).to.equal(1);
		expect(ids[0])
			.to.match(/^[0-9a-f]{8}$/)
			.and.not.equal(dataIdOf(Buffer.from("{}"), "json"));
	});
});

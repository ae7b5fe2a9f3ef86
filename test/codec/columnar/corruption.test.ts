import { expect } from "chai";
import {
	decodeColumnar,
	encodePart,
	encodeTail,
	fileHeader,
	openColumnar,
	verifyColumnar,
} from "../../../lib/codec/columnar/index.js";
import { isArchiverError } from "../../../lib/errors.js";
import {
	encodeParts,
	firstDifference,
	nodeColumn,
} from "../../support/columnar-files.js";
import { seededColumns } from "../../support/seeded-columns.js";

const columns = seededColumns(3, {
	hosts: 2,
	length: 20,
	shapes: ["full precision", "few values"],
	missing: 0.1,
});
/** Two parts; short frames lie in the index, long ones do not. */
const file = encodeParts([columns.slice(0, 2), columns.slice(2)], "small", {
	writer: "test",
});

/** Reads everything every way there is. @returns the error of each way; none is anything but corrupt or unsupported. */
async function errorsOf(bytes: Uint8Array): Promise<string[]> {
	const errors: string[] = [];
	const attempt = async (read: () => unknown) => {
		try {
			await read();
			errors.push("none");
		} catch (error) {
			if (!isArchiverError(error)) throw error;
			errors.push(error.code);
		}
	};
	await attempt(() => decodeColumnar(bytes));
	await attempt(async () => {
		const opened = await openColumnar({
			byteLength: bytes.length,
			read: async (offset, length) => bytes.subarray(offset, offset + length),
		});
		await opened.load();
	});
	return errors;
}

function isRefusal(code: string): boolean {
	return code === "DATA_CORRUPT" || code === "FORMAT_UNSUPPORTED";
}

describe("damaged columnar files", () => {
	it("every flipped byte is detected, by every way to read, and named by verify", async () => {
		for (let position = 0; position < file.length; position++)
			for (const mask of [0x01, 0xff]) {
				const damaged = file.slice();
				damaged[position] ^= mask;
				const errors = await errorsOf(damaged);
				expect(errors.every(isRefusal), `byte ${position}: ${errors}`).to.equal(
					true,
				);
				const problems = verifyColumnar(damaged);
				expect(problems, `byte ${position}`).to.not.have.length(0);
				for (const { reason, offset } of problems) {
					expect(reason).to.not.equal("");
					expect(offset).to.be.within(0, file.length);
				}
			}
	});

	it("every truncation is detected", async () => {
		for (let length = 0; length < file.length; length++) {
			const errors = await errorsOf(file.subarray(0, length));
			expect(errors.every(isRefusal), `${length} bytes: ${errors}`).to.equal(
				true,
			);
			expect(verifyColumnar(file.subarray(0, length))).to.have.length(1);
		}
	});

	it("bytes put in front, between or behind are detected", async () => {
		for (const position of [0, 8, 100, file.length - 16, file.length]) {
			const longer = new Uint8Array(file.length + 1);
			longer.set(file.subarray(0, position));
			longer.set(file.subarray(position), position + 1);
			const errors = await errorsOf(longer);
			expect(errors.every(isRefusal), `at ${position}: ${errors}`).to.equal(
				true,
			);
		}
	});

	it("swapped frames are detected, and verify names both columns", () => {
		const random = (seed: number) =>
			seededColumns(seed, {
				hosts: 1,
				length: 50,
				shapes: ["full precision"],
				missing: 0,
			})[0];
		const pair = [random(1), { ...random(2), metric: "second" }];
		const { frames, summary } = encodePart(pair, "fast");
		const bytes = [...fileHeader(), ...frames];
		const tail = encodeTail([{ byteOffset: 8, summary }], {});
		const [first, second] = summary.columns.map(({ block }) =>
			block.frameBytes.reduce((a, b) => a + b, 0),
		);
		const swapped = Uint8Array.from([
			...bytes.slice(0, 8),
			...bytes.slice(8 + first, 8 + first + second),
			...bytes.slice(8, 8 + first),
			...tail,
		]);
		expect(
			verifyColumnar(swapped).map(({ column, offset }) => [column, offset]),
		).to.deep.equal([
			["full precision/node", 8],
			["second/node", 8 + first],
		]);
	});

	it("a damaged column leaves the others readable", () => {
		const long = seededColumns(5, { hosts: 2, length: 300 });
		const damaged = encodeParts([long], "fast");
		damaged[9] ^= 0xff;
		expect(verifyColumnar(damaged)).to.deep.equal([
			{
				code: "DATA_CORRUPT",
				reason: "steady load/node: the checksum of its frames does not match",
				offset: 8,
				column: "steady load/node",
			},
		]);
		const [whole] = decodeColumnar(damaged, { metrics: ["byte counter"] });
		expect(firstDifference(whole.samples, long[4].samples)).to.equal(-1);
	});

	it("statistics that are not those of the samples are found", () => {
		const { frames, summary } = encodePart(
			[nodeColumn("m", [[1, 2, 4]])],
			"fast",
		);
		summary.columns[0].statistics.max[0] = 5;
		const tail = encodeTail([{ byteOffset: 8, summary }], {});
		const forged = Uint8Array.from([...fileHeader(), ...frames, ...tail]);
		expect(verifyColumnar(forged)).to.deep.equal([
			{
				code: "DATA_CORRUPT",
				reason: "m/node: the statistics are not those of the samples",
				offset: 8,
				column: "m/node",
			},
		]);
	});
});

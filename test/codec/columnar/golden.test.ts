import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import {
	decodeColumnar,
	openColumnar,
	verifyColumnar,
} from "../../../lib/codec/columnar/index.js";
import { expectSameColumns } from "../../support/columnar-files.js";
import { checkoutRoot } from "../../support/shared-data.js";
import { columnsOf, GOLDEN_JOBS } from "./golden-jobs.js";

describe("golden columnar files", () => {
	for (const { file, info, parts } of GOLDEN_JOBS)
		it(`${file} opens, bit for bit`, async () => {
			const bytes = await readFile(
				join(checkoutRoot, "test", "fixtures", "columnar", file),
			);
			const expected = columnsOf(parts());
			expectSameColumns(decodeColumnar(bytes), expected);
			expect(verifyColumnar(bytes)).to.deep.equal([]);
			const opened = await openColumnar({
				byteLength: bytes.length,
				read: async (offset, length) => bytes.subarray(offset, offset + length),
			});
			expect({ ...opened.info }).to.deep.equal(info);
		});
});

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { PROBLEM_CODES } from "../../lib/index.js";
import { checkoutRoot } from "../support/shared-data.js";

describe("the codes of findings", () => {
	it("are in docs/verify.md as they are in the code", async () => {
		const page = await readFile(
			join(checkoutRoot, "docs", "verify.md"),
			"utf8",
		);
		const rows = page.matchAll(
			/^\| `([A-Z_]+)` \| (fault|note) \| (.*) \| (.*) \|$/gm,
		);
		const inDocs = [...rows].map(([, code, severity, meaning, advice]) => ({
			code,
			severity,
			meaning,
			advice,
		}));
		const inCode = Object.entries(PROBLEM_CODES).map(([code, entry]) => ({
			code,
			...entry,
		}));
		expect(inDocs).to.deep.equal(inCode);
	});
});

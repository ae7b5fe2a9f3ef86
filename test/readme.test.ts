import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { ERROR_CODES } from "../lib/errors.js";
import { checkoutRoot } from "./support/shared-data.js";
import { useTempFolder } from "./support/temp-folder.js";

const run = promisify(execFile);

describe("the README", () => {
	const tempFolder = useTempFolder();
	let readme: string;
	before(async () => {
		readme = await readFile(join(checkoutRoot, "README.md"), "utf8");
	});

	it("shows embedding programs that run, the second after the first", async () => {
		const folder = tempFolder();
		await mkdir(join(folder, "node_modules"));
		await symlink(
			checkoutRoot,
			join(folder, "node_modules", "hpc-job-archiver"),
		);
		const outputs: string[] = [];
		for (const [, program] of readme.matchAll(/```js.*?\n(.*?)```/gs)) {
			await writeFile(join(folder, "embed.mjs"), program);
			const { stdout } = await run(process.execPath, ["embed.mjs"], {
				cwd: folder,
				timeout: 50_000,
			});
			outputs.push(stdout);
		}
		expect(outputs).to.have.lengthOf(2);
		expect(outputs[0]).to.match(
			/^job 4711 archived, [\d.]+ kWh\nnode01 \{.*avg/,
		);
		expect(outputs[1]).to.equal("0 0.25 0.5 0.75 1 1.25 1.5 1.75 2 2.25 2.5\n");
	});

	it("has every error code as it is in the code", () => {
		const rows = [
			...readme.matchAll(/^\| `([A-Z_]+)` \| (yes|no) \| (.*) \|$/gm),
		];
		const inReadme = rows.map(([, code, retryable, meaning]) => ({
			code,
			retryable: retryable === "yes",
			meaning,
		}));
		const inCode = Object.entries(ERROR_CODES).map(
			([code, { retryable, meaning }]) => ({ code, retryable, meaning }),
		);
		expect(inReadme).to.deep.equal(inCode);
	});
});

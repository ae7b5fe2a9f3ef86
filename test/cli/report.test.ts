import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { makeArchive } from "../maintenance/seeded-archive.js";
import { testJob } from "../support/jobs.js";
import { useTempFolder } from "../support/temp-folder.js";
import { jsonOf, runCli } from "./run-cli.js";

describe("the command show with --html", () => {
	const folder = useTempFolder();
	const path = (name: string) => join(folder(), name);

	it("writes a page about the job, and replaces one only when it is told to", async () => {
		const archive = await makeArchive(path("archive"), "json", [testJob()]);
		await archive.close();
		const page = path("job.html");
		const args = ["show", archive.target, "testcluster/1001", "--html", page];
		const written = await runCli([...args, "--json"]);
		expect(written.status, written.stderr).to.equal(0);
		expect(jsonOf<object>(written)).to.deep.equal({ html: page });
		expect(await readFile(page, "utf8")).to.contain("Job 1001 on testcluster");
		const { ino } = await stat(page);

		const refused = await runCli(args);
		expect(refused.status).to.equal(2);
		expect(refused.stderr).to.match(/^error INVALID_OPTION: .*--force/m);
		expect((await stat(page)).ino).to.equal(ino);

		const forced = await runCli([...args, "--force"]);
		expect(forced.status, forced.stderr).to.equal(0);
		expect(forced.stdout).to.equal(`page              ${page}\n`);
		expect((await stat(page)).ino).not.to.equal(ino);
	});
});

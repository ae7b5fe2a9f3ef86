import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { Job } from "../../lib/schema/job.js";
import { makeArchive, shrinkableData } from "../maintenance/seeded-archive.js";
import { seededJobs } from "../support/jobs.js";
import { useTempFolder } from "../support/temp-folder.js";
import { jobFolder } from "./job-archive.js";
import { jsonOf, runCli } from "./run-cli.js";

describe("the command compress", () => {
	const folder = useTempFolder();
	const path = () => join(folder(), "archive");
	const jobs = seededJobs(61, 5);

	async function makeClosed(
		format: "columnar" | "json",
		some: readonly Job[] = jobs,
	): Promise<void> {
		const archive = await makeArchive(path(), format, some, shrinkableData);
		await archive.close();
	}

	it("makes jobs smaller, then finds nothing to do", async () => {
		await makeClosed("columnar");
		const compress = () => runCli(["compress", path(), "--json"]);
		const first = await compress();
		expect(first.status, first.stderr).to.equal(0);
		const result = jsonOf(first);
		expect(result).to.include({ compressed: 5, skipped: 0, failed: 0 });
		expect(Object.keys(result)).to.deep.equal([
			"compressed",
			"skipped",
			"failed",
			"bytesBefore",
			"bytes",
			"seconds",
		]);
		expect(result.bytes).to.be.below(result.bytesBefore);
		expect(jsonOf(await compress())).to.include({ compressed: 0, skipped: 5 });
		expect((await runCli(["verify", path()])).status).to.equal(0);
	});

	it("makes columns of json when it is told to", async () => {
		await makeClosed("json");
		const left = await runCli(["compress", path()]);
		expect(left.status).to.equal(0);
		expect(left.stdout).to.match(
			/^jobs compressed +0 \(0 failed, 5 left as they are\)$/m,
		);
		const args = ["compress", path(), "--format", "columnar"];
		const made = await runCli([...args, "--compression", "fast", "--json"]);
		expect(jsonOf(made)).to.include({ compressed: 5 });
		const info = await runCli(["info", path()]);
		expect(info.stdout).to.match(/ 5 +0$/m);
	});

	it("takes jobs between two dates, lists what fails, and exits with 1", async () => {
		await makeClosed("columnar");
		await truncate(join(jobFolder(path(), jobs[2]), "data.hjc"), 100);
		const compress = (...more: string[]) =>
			runCli(["compress", path(), "--json", ...more]);
		const first = await compress(
			...["--after", "2023-11-14T22:14:00Z", "--before", "1700000180"],
		);
		expect(first.status).to.equal(1);
		expect(jsonOf(first)).to.include({ compressed: 1, failed: 1 });
		expect(first.stderr).to.match(
			/^1 failed:\ntestcluster\/1003\/\d+ {2}DATA_CORRUPT: .*data\.hjc/,
		);
		expect(jsonOf(await compress("--before", "2023-11-14"))).to.include({
			compressed: 0,
			skipped: 0,
		});
	});

	it("wants dates that are dates, and an archive that is there", async () => {
		for (const args of [
			["--before", "yesterday"],
			["--before", "2025-13-01"],
			["--after", "2025-01-02", "--before", "2025-01-02"],
			["--cluster", "a/b"],
		]) {
			const { status } = await runCli(["compress", path(), ...args]);
			expect(status, args.join(" ")).to.equal(2);
		}
		expect((await runCli(["compress", path()])).status).to.equal(1);
	});
});

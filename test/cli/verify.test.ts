import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { VerifyResult } from "../../lib/index.js";
import { archiveJobs } from "../maintenance/archived-jobs.js";
import { withDatabase } from "../support/job-database.js";
import { seededJobs } from "../support/jobs.js";
import { useTempFolder } from "../support/temp-folder.js";
import { jobFolder } from "./job-archive.js";
import { jsonOf, runCli } from "./run-cli.js";

describe("the command verify", () => {
	const folder = useTempFolder();
	const path = (name: string) => join(folder(), name);

	it("compares with the database, looks at strays, and says what to do about each kind", async () => {
		const jobs = seededJobs(29, 5);
		const target = `file:${path("archive")}`;
		const database = path("job.db");
		await archiveJobs({ target, database }, "columnar", jobs);
		const verify = (...more: string[]) =>
			runCli(["verify", target, "--db", database, ...more]);
		const sound = await verify("--json", "--schema");
		expect(sound.status, sound.stdout).to.equal(0);
		expect(jsonOf<VerifyResult>(sound)).to.include({ jobs: 5 });

		await rm(join(jobFolder(path("archive"), jobs[0]), "data.hjc"));
		await writeFile(join(path("archive"), "core"), "");
		await withDatabase(database, (opened) =>
			opened.run("UPDATE job SET monitoring_status = 1 WHERE job_id = ?", [
				jobs[4].jobId,
			]),
		);
		const damaged = await verify("--json");
		expect(damaged.status).to.equal(1);
		const { faults, counts } = jsonOf<VerifyResult>(damaged);
		expect(faults.map(({ code, jobId }) => [code, jobId])).to.deep.equal([
			["FOREIGN", undefined],
			["DATA_MISSING", jobs[0].jobId],
			["ROW_STATUS", jobs[4].jobId],
		]);
		expect(counts).to.deep.equal({
			DATA_MISSING: 1,
			FOREIGN: 1,
			ROW_STATUS: 1,
		});
		const { stdout } = await verify();
		expect(stdout).to.match(/^ +FOREIGN .*archive\/core: an archive has no/m);
		expect(stdout).to.match(/^FOREIGN +1 +something lies .*: move it/m);
		expect(stdout).to.match(/^5 jobs, 3 faults, 0 notes$/m);
	});

	it("refuses an archive of another version, and says which", async () => {
		const target = `file:${path("archive")}`;
		await archiveJobs(
			{ target, database: path("job.db") },
			"json",
			seededJobs(31, 1),
		);
		await writeFile(join(path("archive"), "version.txt"), "4\n");
		const result = await runCli(["verify", target, "--json"]);
		expect(result.status).to.equal(1);
		const { error } = jsonOf<{ error: { code: string; message: string } }>(
			result,
		);
		expect(error.code).to.equal("ARCHIVE_VERSION");
		expect(error.message).to.match(/version\.txt names archive version "4"/);
	});

	it("verifies one cluster when it is told so", async () => {
		const target = `file:${path("archive")}`;
		const database = path("job.db");
		await archiveJobs({ target, database }, "columnar", seededJobs(37, 2));
		await writeFile(join(path("archive"), "core"), "");
		const args = ["verify", target, "--db", database, "--json"];
		const other = await runCli([...args, "--cluster", "othercluster"]);
		expect(jsonOf<VerifyResult>(other)).to.deep.include({
			jobs: 0,
			counts: { CONFIG_MISSING: 1 },
		});
		const its = await runCli([...args, "--cluster", "testcluster"]);
		expect(its.status).to.equal(0);
		expect(jsonOf<VerifyResult>(its)).to.include({ jobs: 2 });
	});
});

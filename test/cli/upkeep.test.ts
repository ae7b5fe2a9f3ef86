import {
	mkdir,
	readdir,
	readFile,
	rm,
	truncate,
	writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { openArchive } from "../../lib/index.js";
import { makeArchive, shrinkableData } from "../maintenance/seeded-archive.js";
import { withDatabase } from "../support/job-database.js";
import { seededJobs } from "../support/jobs.js";
import { useTempFolder } from "../support/temp-folder.js";
import { jobFolder, makeJobDatabase, statusesIn } from "./job-archive.js";
import { jsonOf, runCli } from "./run-cli.js";
import { hasTerminals, runOnTerminal } from "./run-on-terminal.js";

describe("the commands compress, remove and retain", () => {
	const folder = useTempFolder();
	const path = () => join(folder(), "archive");
	const databasePath = () => join(folder(), "job.db");
	const jobs = seededJobs(61, 5);

	async function makeClosed(format: "columnar" | "json"): Promise<void> {
		const archive = await makeArchive(path(), format, jobs, shrinkableData);
		await archive.close();
	}

	async function jobsLeft(): Promise<number> {
		const archive = await openArchive(path(), { readOnly: true });
		return (await archive.info()).jobs;
	}

	it("compress makes jobs smaller, then finds nothing to do", async () => {
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

	it("compress makes columns of json when it is told to", async () => {
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

	it("compress takes jobs between two dates, lists what fails, and exits with 1", async () => {
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

	it("compress wants dates that are dates, and an archive that is there", async () => {
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

	it("remove counts, takes no silence for a yes, and removes from both", async () => {
		await makeClosed("columnar");
		await makeJobDatabase(databasePath(), jobs);
		await withDatabase(databasePath(), (database) =>
			database.run("UPDATE job SET monitoring_status = 3 WHERE job_id > 1001"),
		);
		const remove = (...more: string[]) =>
			runCli([
				...["remove", path(), "--before", "1700000180", "--db", databasePath()],
				...more,
			]);
		const counted = await remove("--dry-run", "--json");
		const counts = { removed: 2, rows: 2, spared: 1, failed: 0 };
		expect(counted.status, counted.stderr).to.equal(0);
		expect(jsonOf(counted)).to.include({ ...counts, dryRun: true });
		const unasked = await remove();
		expect(unasked.status).to.equal(2);
		expect(unasked.stderr).to.match(/--yes/);
		expect(await jobsLeft()).to.equal(5);
		const removed = await remove("--yes", "--json");
		expect(removed.status, removed.stderr).to.equal(0);
		expect(jsonOf(removed)).to.include({ ...counts, dryRun: false });
		expect(await jobsLeft()).to.equal(3);
		expect(await statusesIn(databasePath())).to.deep.equal({ 1: 1, 3: 2 });
	});

	it("remove wants a time, and a database that is there", async () => {
		await makeClosed("columnar");
		for (const args of [
			["--yes"],
			["--yes", "--cluster", "testcluster"],
			["--yes", "--before", "1700000180", "--db", databasePath()],
		]) {
			const { status } = await runCli(["remove", path(), ...args]);
			expect(status, args.join(" ")).to.equal(2);
		}
		expect(await jobsLeft()).to.equal(5);
	});

	it("remove asks on a terminal", async function () {
		if (!hasTerminals()) {
			console.log(
				"      skipped: there is no `script` of util-linux; to run it on Debian: apt-get install bsdutils, then npm test",
			);
			this.skip();
		}
		await makeClosed("columnar");
		const ask = (answer: string) =>
			runOnTerminal(["remove", path(), "--before", "1700000180"], answer);
		const no = await ask("n");
		expect(no.text).to.match(
			/Remove 3 jobs of file:.*, started before 2023-11-14T22:16:20Z\? \[y\/N\]/,
		);
		expect(no.text).to.contain("nothing was removed");
		expect(no.status).to.equal(1);
		expect(await jobsLeft()).to.equal(5);
		const yes = await ask("y");
		expect(yes.text).to.match(/jobs removed +3 /);
		expect(yes.status).to.equal(0);
		expect(await jobsLeft()).to.equal(2);
	});

	it("retain moves on from obstacles, exits with 1, and completes the move without them", async () => {
		await makeClosed("json");
		const target = join(folder(), "target");
		const move = (...more: string[]) =>
			runCli([
				...["retain", path(), "--policy", "move", "--age", "30"],
				...["--to", `file:${target}`, "--json", ...more],
			]);
		const counted = await move("--dry-run");
		expect(jsonOf(counted)).to.include({ done: 5, dryRun: true });
		expect(await readdir(folder())).to.deep.equal(["archive"]);
		// A file in place of a job's folder.
		const obstacle = dirname(jobFolder(target, jobs[2]));
		await mkdir(dirname(obstacle), { recursive: true });
		await writeFile(join(target, "version.txt"), "3\n");
		await writeFile(obstacle, "");
		const meta = join(jobFolder(path(), jobs[2]), "meta.json");
		const before = await readFile(meta);
		const first = await move();
		expect(first.status).to.equal(1);
		expect(jsonOf(first)).to.include({
			policy: "move",
			done: 4,
			skipped: 0,
			spared: 0,
			failed: 1,
		});
		expect(first.stderr).to.match(
			/^1 failed:\ntestcluster\/1003\/\d+ {2}ARCHIVE_WRITE_FAILED: /,
		);
		expect(await readFile(meta)).to.deep.equal(before);
		expect(await jobsLeft()).to.equal(1);
		await rm(obstacle);
		const second = await move();
		expect(second.status, second.stderr).to.equal(0);
		expect(jsonOf(second)).to.include({ done: 1, failed: 0 });
		expect(await jobsLeft()).to.equal(0);
		const archive = await openArchive(target, { readOnly: true });
		const { formats } = (await archive.info()).clusters.testcluster;
		expect(formats).to.deep.equal({ columnar: 0, json: 5 });
	});

	it("retain thins jobs", async () => {
		await makeClosed("columnar");
		const thin = await runCli([
			...["retain", path(), "--policy", "thin", "--resolution", "600"],
			...["--age", "30"],
		]);
		expect(thin.status, thin.stderr).to.equal(0);
		expect(thin.stdout).to.match(
			/^jobs thinned +5 \(0 failed, 0 were before, 0 left alone\)$/m,
		);
		expect(await jobsLeft()).to.equal(5);
	});

	it("retain wants what its policy needs, and nothing else", async () => {
		for (const args of [
			["--policy", "burn", "--age", "30"],
			["--policy", "delete"],
			["--policy", "delete", "--age", "-1"],
			["--policy", "move", "--age", "30"],
			["--policy", "delete", "--age", "30", "--to", "x"],
			["--policy", "thin", "--age", "30"],
			[
				...["--policy", "thin", "--age", "30"],
				"--drop-series",
				"--resolution=60",
			],
		]) {
			const { status } = await runCli(["retain", path(), ...args]);
			expect(status, args.join(" ")).to.equal(2);
		}
	});
});

import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { makeForeignDatabase } from "../support/job-database.js";
import { useTempFolder } from "../support/temp-folder.js";
import { jsonOf, MAIN, runCli } from "./run-cli.js";

const PACKAGE_JSON = join(dirname(MAIN), "..", "..", "..", "package.json");

describe("the command demo", () => {
	const folder = useTempFolder();

	it("archives its jobs and prints commands that work as printed", async () => {
		const { status, stdout, stderr } = await runCli(["demo", "--jobs", "5"], {
			cwd: folder(),
		});
		expect(status, stderr).to.equal(0);
		expect(stdout).to.match(/^jobs archived +5 \(0 failed, 0 skipped\)$/m);
		const commands = stdout
			.split("\n")
			.filter((line) => line.startsWith("  hpc-job-archiver "));
		expect(commands).to.have.length(3);
		for (const command of commands) {
			const args = command.trim().split(" ").slice(1);
			const result = await runCli(args, { cwd: folder() });
			expect(result.status, result.stderr).to.equal(0);
			expect(result.stdout).not.to.equal("");
		}
	});

	it("adds further jobs when it runs again", async () => {
		const demo = () =>
			runCli(["demo", "--jobs", "4", "--out", "a b", "--json"], {
				cwd: folder(),
			});
		expect(jsonOf(await demo())).to.include({ archived: 4, failed: 0 });
		const second = await demo();
		expect(jsonOf(second)).to.include({ archived: 4, failed: 0 });
		expect(second.stderr).to.contain("4 jobs of an earlier run");
		const info = jsonOf(
			await runCli(["info", join(folder(), "a b", "archive"), "--json"]),
		);
		expect(info.jobs).to.equal(8);
	});

	it("prints the commands of the checkout when npm runs it", async () => {
		const { scripts } = JSON.parse(await readFile(PACKAGE_JSON, "utf8"));
		expect(scripts.demo).to.equal(`${scripts.archiver} demo`);
		const { stdout } = await runCli(
			["demo", "--jobs", "1", "--out", "it's here"],
			{
				cwd: folder(),
				env: {
					npm_lifecycle_event: "demo",
					npm_package_name: "hpc-job-archiver",
				},
			},
		);
		expect(stdout).to.contain(
			`  npm run --silent archiver -- info 'file:it'\\''s here/archive'\n`,
		);
	});

	it("adds no made-up jobs to a database of ClusterCockpit's", async () => {
		await makeForeignDatabase(join(folder(), "job.db"));
		const { status, stderr } = await runCli(["demo", "--out", folder()]);
		expect(status).to.equal(2);
		expect(stderr).to.match(/^error INVALID_OPTION: .*job\.db/);
	});

	it("says why its folder cannot be made", async () => {
		await writeFile(join(folder(), "file"), "");
		const { status, stderr } = await runCli([
			"demo",
			"--out",
			join(folder(), "file", "out"),
		]);
		expect(status).to.equal(1);
		expect(stderr).to.match(/^error ARCHIVE_WRITE_FAILED: .*ENOTDIR/);
	});
});

describe("the command line", () => {
	it("tells its version and how it is used", async () => {
		const { version } = JSON.parse(await readFile(PACKAGE_JSON, "utf8"));
		const told = await runCli(["--version"]);
		expect(told).to.include({ status: 0, stdout: `${version}\n` });
		const help = await runCli(["--help"]);
		expect(help.status).to.equal(0);
		for (const command of ["demo", "archive", "info", "show", "verify"])
			expect(help.stdout).to.match(new RegExp(`^ {2}${command} `, "m"));
	});

	it("calls an unknown command, and none, wrong use", async () => {
		const unknown = await runCli(["destroy"]);
		expect(unknown).to.include({ status: 2, stdout: "" });
		expect(unknown.stderr).to.contain("destroy");
		expect(await runCli([])).to.include({ status: 2, stdout: "" });
	});
});

import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { query, quoted } from "../export/duckdb.js";
import { makeArchive } from "../maintenance/seeded-archive.js";
import { seededJobs } from "../support/jobs.js";
import { useTempFolder } from "../support/temp-folder.js";
import { jsonOf, runCli } from "./run-cli.js";

describe("the command export", () => {
	const folder = useTempFolder();
	const path = (name: string) => join(folder(), name);
	const jobs = seededJobs(41, 6);
	let target: string;
	beforeEach(async () => {
		const archive = await makeArchive(path("archive"), "columnar", jobs);
		await archive.close();
		target = archive.target;
	});

	it("writes the jobs and series that its options name, and says where", async () => {
		const result = await runCli([
			...["export", target, path("out.parquet"), "--json"],
			...["--after", String(jobs[1].startTime), "--before", "2030-01-01"],
			...["--cluster", "testcluster", "--metric", "cpu_load", "other"],
			...["--scope", "node"],
		]);
		expect(result.status, result.stderr).to.equal(0);
		const { files, ...counts } = jsonOf<Record<string, object>>(result);
		expect(counts).to.include({ jobs: 5, failed: 0 });
		expect(files).to.deep.equal({
			series: path("out.parquet"),
			jobs: path("out.jobs.parquet"),
		});
		const [found] = await query(
			`SELECT count(DISTINCT job_id) AS jobs, string_agg(DISTINCT metric) AS metrics FROM ${quoted(path("out.parquet"))}`,
		);
		expect(found).to.deep.equal({ jobs: 5n, metrics: "cpu_load" });
	});

	it("replaces no file unless it is told to", async () => {
		await writeFile(path("out.parquet"), "mine");
		const args = ["export", target, path("out.parquet")];
		const refused = await runCli(args);
		expect(refused.status).to.equal(2);
		expect(refused.stderr).to.match(
			/^error INVALID_OPTION: .*out\.parquet is there already; --force replaces it$/m,
		);
		const forced = await runCli([...args, "--force"]);
		expect(forced.status, forced.stderr).to.equal(0);
		expect(forced.stdout).to.match(/^jobs exported +6 \(0 failed\)$/m);
	});

	it("says what to install where the Parquet library is missing, and leaves nothing", async () => {
		await writeFile(path("without.mjs"), WITHOUT_LIBRARY);
		const { status, stderr } = await runCli(["export", target, path("out")], {
			env: { NODE_OPTIONS: `--import ${path("without.mjs")}` },
		});
		expect(status).to.equal(2);
		expect(stderr).to.contain("npm install hyparquet-writer");
		expect(await readdir(folder())).not.to.contain("out");
	});
});

/** Makes a process believe that the package is not installed. */
const WITHOUT_LIBRARY = `
import { register } from "node:module";
const hooks = \`export async function resolve(specifier, context, next) {
	if (specifier === "hyparquet-writer") throw Object.assign(new Error("not installed"), { code: "ERR_MODULE_NOT_FOUND" });
	return next(specifier, context);
}\`;
register("data:text/javascript," + encodeURIComponent(hooks));
`;

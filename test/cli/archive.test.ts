import type { ChildProcess } from "node:child_process";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { type JobData, openArchive } from "../../lib/index.js";
import { round2 } from "../../lib/schema/round.js";
import { withDatabase } from "../support/job-database.js";
import { seededJobs, testJob } from "../support/jobs.js";
import { useTempFolder } from "../support/temp-folder.js";
import {
	jobFolder,
	leftoversIn,
	makeClusterArchive,
	makeJobDatabase,
	statusesIn,
} from "./job-archive.js";
import { jsonOf, runCli } from "./run-cli.js";

describe("the command archive", () => {
	const folder = useTempFolder();
	const path = (name: string) => join(folder(), name);
	const archive = (...more: string[]) =>
		runCli([
			"archive",
			...["--db", path("job.db")],
			...["--source", "synthetic:1"],
			...["--archive", `file:${path("archive")}`],
			...["--clusters", `file:${path("clusters")}`],
			...more,
		]);

	beforeEach(() => makeClusterArchive(path("clusters")));

	it("archives the pending jobs and reports what it did, then has nothing to do", async () => {
		await makeJobDatabase(path("job.db"), seededJobs(1, 20));
		const first = await archive("--pending", "--json");
		expect(first.status).to.equal(0);
		expect(first.stderr).to.equal("");
		const report = jsonOf(first);
		expect(report).to.include({ archived: 20, failed: 0, skipped: 0 });
		expect(Object.keys(report)).to.deep.equal([
			"archived",
			"failed",
			"skipped",
			"samples",
			"bytes",
			"seconds",
			"samplesPerSecond",
			"bytesPerSample",
			"eventLoopDelayP99Ms",
			"eventLoopDelayMaxMs",
			"peakRssBytes",
		]);
		for (const [name, value] of Object.entries(report))
			if (name !== "failed" && name !== "skipped")
				expect(value, name).to.be.above(0);
		const rows = await withDatabase(path("job.db"), (database) =>
			database.all<{ footprint: string; energy_footprint: string }>(
				"SELECT footprint, energy_footprint FROM job WHERE monitoring_status = 3",
			),
		);
		expect(rows).to.have.length(20);
		for (const { footprint, energy_footprint } of rows) {
			expect(JSON.parse(footprint)).to.have.property("flops_any_avg");
			expect(JSON.parse(energy_footprint)).to.have.property("cpu_power");
		}
		const again = await archive("--json");
		expect(again.status).to.equal(0);
		expect(jsonOf(again)).to.include({
			archived: 0,
			samples: 0,
			bytes: 0,
			eventLoopDelayP99Ms: 0,
			eventLoopDelayMaxMs: 0,
		});
	});

	it("tells people what it did", async () => {
		await makeJobDatabase(path("job.db"), seededJobs(2, 3));
		const { status, stdout } = await archive();
		expect(status).to.equal(0);
		expect(stdout).to.match(/^jobs archived +3 \(0 failed, 0 skipped\)$/m);
		expect(stdout).to.match(/bytes a sample/);
		expect(stdout).to.match(/^event loop delay +p99 /m);
	});

	it("goes through several pages of jobs, of which some fail and stay failed", async () => {
		const jobs = Array.from({ length: 450 }, (_, i) =>
			testJob({
				jobId: 1 + i,
				duration: 60,
				...(i % 100 === 50 && { subCluster: "nowhere" as "cpu" }),
			}),
		);
		await makeJobDatabase(path("job.db"), jobs);
		const result = await archive("--json");
		expect(result.status).to.equal(1);
		expect(jsonOf(result)).to.include({ archived: 446, failed: 4, skipped: 0 });
		expect(result.stderr).to.contain(
			'testcluster/51/1700000000  CLUSTER_UNKNOWN: cluster testcluster has no subcluster "nowhere"',
		);
		expect(await statusesIn(path("job.db"))).to.deep.equal({ 2: 4, 3: 446 });
		expect(await leftoversIn(path("archive"))).to.deep.equal([]);
		expect(jsonOf(await archive("--failed", "--json"))).to.include({
			archived: 0,
			failed: 4,
		});
	});

	it("archives at most as many jobs as it is told, the oldest first", async () => {
		await makeJobDatabase(path("job.db"), seededJobs(3, 6));
		expect(jsonOf(await archive("--limit", "4", "--json"))).to.include({
			archived: 4,
		});
		expect(await statusesIn(path("job.db"))).to.deep.equal({ 1: 2, 3: 4 });
	});

	it("archives failed jobs again, and with --all every stopped one", async () => {
		const jobs = seededJobs(4, 6);
		await makeJobDatabase(path("job.db"), jobs);
		await withDatabase(path("job.db"), (database) =>
			database.script(`
				UPDATE job SET monitoring_status = 2 WHERE job_id IN (1001, 1002);
				UPDATE job SET monitoring_status = 0 WHERE job_id = 1003;
				UPDATE job SET job_state = 'running' WHERE job_id = 1004;
			`),
		);
		const failed = jsonOf(await archive("--failed", "--json"));
		expect(failed).to.include({ archived: 2, failed: 0, skipped: 0 });
		const all = jsonOf(await archive("--all", "--json"));
		expect(all, "neither the running nor the unmonitored job").to.include({
			archived: 4,
			failed: 0,
			skipped: 2,
		});
		expect(await statusesIn(path("job.db"))).to.deep.equal({
			0: 1,
			1: 1,
			3: 4,
		});
	});

	it("fails a job of an unknown cluster and one without resources, each with its code, and archives the next", async () => {
		const jobs = [
			testJob({ jobId: 1, duration: 600, cluster: "elsewhere" }),
			testJob({ jobId: 2, duration: 600 }),
			testJob({ jobId: 3, duration: 600 }),
		];
		await makeJobDatabase(path("job.db"), jobs);
		await withDatabase(path("job.db"), (database) =>
			database.script("UPDATE job SET resources = '[]' WHERE job_id = 2"),
		);
		const result = await archive("--json");
		expect(result.status).to.equal(1);
		expect(jsonOf(result)).to.include({ archived: 1, failed: 2 });
		expect(result.stderr).to.match(/^elsewhere\/1\/\d+ {2}CLUSTER_UNKNOWN: /m);
		expect(result.stderr).to.match(/^testcluster\/2\/\d+ {2}INVALID_INPUT: /m);
		expect(result.stderr, "no stack").not.to.match(/\n\s+at /);
		expect(await statusesIn(path("job.db"))).to.deep.equal({ 2: 2, 3: 1 });
		expect(await leftoversIn(path("archive"))).to.deep.equal([]);
	});

	it("registers a replayed archive's jobs, and goes on behind a malformed meta and data cut short", async () => {
		const jobs = seededJobs(5, 5);
		await makeJobDatabase(path("job.db"), jobs);
		expect((await archive("--format", "json")).status).to.equal(0);
		const file = (jobId: number, name: string) =>
			join(jobFolder(path("archive"), jobs[jobId - 1001]), name);
		await writeFile(file(1002, "meta.json"), '{"jobId": ');
		const data = file(1004, "data.json.gz");
		await truncate(data, Math.floor((await readFile(data)).length / 2));

		const result = await runCli([
			"archive",
			...["--db", path("new.db"), "--register", "--all", "--json"],
			...["--source", `replay:file:${path("archive")}`],
			...["--archive", `file:${path("copy")}`],
		]);
		expect(result.status).to.equal(1);
		expect(jsonOf(result)).to.include({ archived: 3, failed: 2, skipped: 0 });
		expect(result.stderr).to.contain("4 jobs registered");
		expect(result.stderr).to.match(
			/^testcluster\/1002\/\d+ {2}DATA_CORRUPT: .*meta\.json/m,
		);
		expect(result.stderr).to.match(
			/^testcluster\/1004\/\d+ {2}SOURCE_DATA_INVALID: /m,
		);
		expect(await statusesIn(path("new.db"))).to.deep.equal({ 2: 1, 3: 3 });
		expect(await leftoversIn(path("copy"))).to.deep.equal([]);

		const [original, copy] = await Promise.all(
			["archive", "copy"].map((name) =>
				openArchive(`file:${path(name)}`, { readOnly: true }),
			),
		);
		expect([original.format, copy.format]).to.deep.equal(["json", "columnar"]);
		// Columns leave the statistics over their series to be derived: json's, before they were rounded.
		expect(rounded(await copy.loadJobData(jobs[0]))).to.deep.equal(
			await original.loadJobData(jobs[0]),
		);
	});

	it("finishes what is under way at a first signal, and leaves the rest pending", async () => {
		await makeJobDatabase(path("job.db"), manyJobs());
		const interrupted = await runCli(
			[
				...["archive", "--json", "--db", path("job.db")],
				...["--source", "synthetic:1", "--archive", path("archive")],
				...["--clusters", path("clusters")],
			],
			interruptAtFirstJob({ ARCHIVER_CHANNEL_CAPACITY: "8" }),
		);
		expect(interrupted.signal).to.equal(null);
		expect(interrupted.status).to.equal(1);
		const { archived, skipped, failed } = jsonOf(interrupted);
		expect({ skipped, failed }).to.deep.equal({ skipped: 0, failed: 0 });
		expect(archived).to.be.within(1, 299);
		expect(await statusesIn(path("job.db"))).to.deep.equal({
			1: 300 - archived,
			3: archived,
		});
		expect(jsonOf(await archive("--json"))).to.include({
			archived: 300 - archived,
		});
	});

	it("drops what is under way once the time for it is over", async () => {
		await makeJobDatabase(path("job.db"), manyJobs());
		const interrupted = await runCli(
			[
				...["archive", "--json", "--db", path("job.db")],
				...["--source", "synthetic:1", "--archive", path("archive")],
				...["--clusters", path("clusters")],
			],
			interruptAtFirstJob({ ARCHIVER_SHUTDOWN_TIMEOUT_MS: "0" }),
		);
		expect(interrupted.status).to.equal(1);
		const { archived, skipped, failed } = jsonOf(interrupted);
		expect(skipped).to.be.above(0);
		expect(failed).to.equal(0);
		expect(await statusesIn(path("job.db"))).to.deep.equal({
			1: 300 - archived,
			3: archived,
		});
		expect(await leftoversIn(path("archive"))).to.deep.equal([]);
	});

	describe("calls it wrong use", () => {
		const wrong: Record<string, { args: string[]; says: RegExp }> = {
			"to name no database": {
				args: ["--source", "synthetic:1", "--archive", "a"],
				says: /--db/,
			},
			"to select jobs twice": {
				args: [
					...["--db", "job.db", "--source", "synthetic:1", "--archive", "a"],
					...["--pending", "--all"],
				],
				says: /--pending.*--all|--all.*--pending/,
			},
			"to name a source of no known kind": {
				args: ["--db", "job.db", "--source", "magic:1", "--archive", "a"],
				says: /magic:1.*replay:TARGET/,
			},
			"to name a database that is not there": {
				args: ["--db", "no.db", "--source", "synthetic:1", "--archive", "a"],
				says: /no\.db/,
			},
			"to register jobs of what is no archive": {
				args: [
					...["--db", "job.db", "--source", "synthetic:1", "--archive", "a"],
					"--register",
				],
				says: /--register/,
			},
			"to limit the jobs to none": {
				args: [
					...["--db", "job.db", "--source", "synthetic:1", "--archive", "a"],
					...["--limit", "0"],
				],
				says: /--limit/,
			},
		};
		for (const [name, { args, says }] of Object.entries(wrong))
			it(name, async () => {
				await makeJobDatabase(path("job.db"), []);
				const result = await runCli(["archive", ...args, "--json"], {
					cwd: folder(),
				});
				expect(result.status).to.equal(2);
				expect(result.stderr).to.match(says);
				const { error } = jsonOf<{ error: { code: string; message: string } }>(
					result,
				);
				expect(error.code).to.match(/^INVALID_/);
				expect(error.message).to.match(says);
			});

		it("to set a variable to what it cannot be", async () => {
			await makeJobDatabase(path("job.db"), []);
			const result = await runCli(
				["archive", "--db", "job.db", "--source", "synthetic:1"].concat(
					"--archive",
					"a",
				),
				{ cwd: folder(), env: { ARCHIVER_BUFFER_BYTES: "much" } },
			);
			expect(result.status).to.equal(2);
			expect(result.stderr).to.match(
				/^error INVALID_OPTION: .*ARCHIVER_BUFFER_BYTES/,
			);
			expect(result.stdout).to.equal("");
		});
	});

	it("says why an archive cannot be made, and touches no job", async () => {
		await makeJobDatabase(path("job.db"), seededJobs(6, 1));
		await writeFile(path("file"), "");
		const result = await runCli(
			[
				...["archive", "--json", "--db", path("job.db")],
				...["--source", "synthetic:1", "--archive", path("file/archive")],
			],
			{ env: { ARCHIVER_LOG_LEVEL: "error" } },
		);
		expect(result.status).to.equal(1);
		expect(jsonOf<{ error: { code: string } }>(result).error.code).to.match(
			/^ARCHIVE_/,
		);
		expect(await statusesIn(path("job.db"))).to.deep.equal({ 1: 1 });
	});
});

function manyJobs() {
	return Array.from({ length: 300 }, (_, i) =>
		testJob({ jobId: 1 + i, duration: 1800, numNodes: 4 }),
	);
}

/** Sends SIGINT as soon as the log tells of an archived job. */
function interruptAtFirstJob(env: Record<string, string>) {
	return {
		env: { ...env, ARCHIVER_LOG_LEVEL: "info" },
		onStart: (child: ChildProcess) => {
			let log = "";
			child.stderr?.on("data", (text: string) => {
				const before = log.includes("job archived");
				log += text;
				if (!before && log.includes("job archived")) child.kill("SIGINT");
			});
		},
	};
}

/** `data` with statistics over the series as json has them. */
function rounded(data: JobData): JobData {
	for (const scopes of Object.values(data))
		for (const { statisticsSeries } of Object.values(scopes))
			if (statisticsSeries !== undefined)
				statisticsSeries.median = statisticsSeries.median.map(round2);
	return data;
}

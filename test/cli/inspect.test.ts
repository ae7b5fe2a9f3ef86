import { rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { openArchive } from "../../lib/index.js";
import type { Cluster } from "../../lib/schema/cluster.js";
import type { Job } from "../../lib/schema/job.js";
import type { JobData } from "../../lib/schema/metric.js";
import { makeArchive } from "../maintenance/seeded-archive.js";
import { seededJobs, testCluster, testJob } from "../support/jobs.js";
import { useTempFolder } from "../support/temp-folder.js";
import {
	jobFolder,
	makeClusterArchive,
	makeJobDatabase,
} from "./job-archive.js";
import { jsonOf, runCli } from "./run-cli.js";

describe("the commands info, show, verify and import", () => {
	const folder = useTempFolder();
	const path = (name: string) => join(folder(), name);

	/** Jobs with two metrics each, at node scope. */
	async function makeSmallArchive(jobs: readonly Job[]): Promise<string> {
		const archive = await makeArchive(path("archive"), "columnar", jobs);
		await archive.close();
		return archive.target;
	}

	/** Jobs with every metric of the cluster. */
	async function makeFullArchive(
		jobs: readonly Job[],
		cluster: Cluster = testCluster(),
	): Promise<string> {
		const target = `file:${path("archive")}`;
		const archive = await openArchive(target, { fsync: false });
		await archive.storeClusterConfig(cluster.name, cluster);
		await archive.close();
		await makeJobDatabase(path("job.db"), jobs);
		const { status, stderr } = await runCli([
			...["archive", "--db", path("job.db"), "--source", "synthetic:7"],
			...["--archive", target],
		]);
		expect(status, stderr).to.equal(0);
		return target;
	}

	it("info counts jobs by cluster", async () => {
		const target = await makeSmallArchive(seededJobs(1, 5));
		const table = await runCli(["info", target]);
		expect(table.status).to.equal(0);
		expect(table.stdout).to.match(
			/^testcluster +5 +2023-11-14T22:13:20Z +2023-11-14T22:17:20Z +[\d.]+ [kM]B +5 +0$/m,
		);
		const json = jsonOf<{ jobs: number; clusters: Record<string, object> }>(
			await runCli(["info", target, "--json"]),
		);
		expect(json.jobs).to.equal(5);
		expect(json.clusters.testcluster).to.deep.include({
			jobs: 5,
			firstStartTime: 1_700_000_000,
			lastStartTime: 1_700_000_240,
			formats: { columnar: 5, json: 0 },
		});
	});

	it("show prints a job's facts and metrics, and with --json all of it", async () => {
		const job = testJob({ numNodes: 2, duration: 3600 });
		const target = await makeFullArchive([job]);
		const { status, stdout } = await runCli([
			"show",
			target,
			"testcluster/1001",
		]);
		expect(status).to.equal(0);
		expect(stdout).to.match(/^job +testcluster\/1001\/1700000000$/m);
		expect(stdout).to.match(/^nodes +2: n001, n002$/m);
		expect(stdout).to.match(
			/^mem_bw +socket +GB\/s +4 +60 s +\S+ +\S+ +\S+ {2}[▁▂▃▄▅▆▇█ ]{1,40}$/m,
		);

		const shown = jsonOf<{ meta: Job; data: JobData }>(
			await runCli(["show", target, "testcluster/1001/1700000000", "--json"]),
		);
		const archive = await openArchive(target, { readOnly: true });
		const meta = await archive.loadJobMeta(job);
		const data = await archive.loadJobData(job);
		expect(shown.meta.statistics).to.deep.equal({ ...meta.statistics });
		expect(Object.keys(shown.data)).to.deep.equal(Object.keys(data));
		const series = shown.data.cpu_load.node?.series ?? [];
		expect(series.map(({ hostname }) => hostname)).to.deep.equal([
			"n001",
			"n002",
		]);
		expect(series.map(({ data }) => data)).to.deep.equal(
			data.cpu_load.node?.series.map(({ data }) =>
				Array.from(data, (sample) => (Number.isNaN(sample) ? null : sample)),
			),
		);
	});

	it("show finds the latest job of an id, whatever else there is", async () => {
		const target = await makeSmallArchive([
			testJob({ duration: 60, startTime: 1_600_000_000 }),
			testJob({ duration: 120, startTime: 1_650_000_000 }),
			testJob({ duration: 180, startTime: 1_640_000_000, jobId: 2001 }),
			testJob({ duration: 180, startTime: 1_640_000_000, jobId: 1002 }),
		]);
		const latest = await runCli(["show", target, "testcluster/1001"]);
		expect(latest.stdout).to.contain("testcluster/1001/1650000000");
		const unknown = await runCli(["show", target, "testcluster/1", "--json"]);
		expect(unknown.status).to.equal(1);
		expect(jsonOf<{ error: object }>(unknown).error).to.include({
			code: "JOB_UNKNOWN",
		});
		const malformed = await runCli(["show", target, "testcluster"]);
		expect(malformed.status).to.equal(2);
		expect(malformed.stderr).to.match(/^error INVALID_INPUT: /);
	});

	it("show lets no name from an archive reach the terminal as a command", async () => {
		const cluster = testCluster();
		cluster.metricConfig[0].name = "\u001b]0;metric\u0007\u009b31m";
		const job = testJob({
			duration: 60,
			resources: [{ hostname: "host\u001b[2J\r\u202egpj" }],
			metaData: { jobName: "name\u001b[31m\nsecond line" },
		});
		const target = await makeFullArchive([job], cluster);
		const { status, stdout } = await runCli([
			"show",
			target,
			"testcluster/1001",
		]);
		expect(status).to.equal(0);
		expect(stdout).to.contain("metric").and.to.contain("gpj");
		expect(stdout).not.to.match(/[^\P{Cc}\n]|\u202e/u);
		expect(stdout).to.match(/^name +name\ufffd\[31m\ufffdsecond line$/m);
	});

	it("verify names what does not check out, and exits with 1", async () => {
		const jobs = seededJobs(2, 4);
		const target = await makeSmallArchive(jobs);
		const sound = await runCli(["verify", target, "--json"]);
		expect(sound.status).to.equal(0);
		expect(jsonOf<object>(sound)).to.deep.equal({
			jobs: 4,
			faults: [],
			notes: [],
			counts: {},
		});
		await truncate(join(jobFolder(path("archive"), jobs[1]), "data.hjc"), 100);
		const damaged = await runCli(["verify", target, "--json"]);
		expect(damaged.status).to.equal(1);
		const { jobs: count, faults } = jsonOf<{
			jobs: number;
			faults: { jobId: number; path: string; reason: string }[];
		}>(damaged);
		expect(count).to.equal(4);
		expect(faults).to.have.length(1);
		expect(faults[0].jobId).to.equal(jobs[1].jobId);
		expect(faults[0]).to.include({ code: "DATA_CORRUPT" });
		expect(faults[0].path).to.match(/data\.hjc$/);
		const table = await runCli(["verify", target]);
		expect(table.status).to.equal(1);
		expect(table.stdout).to.match(/^testcluster\/1002\/\d+ .*data\.hjc/m);
		expect(table.stdout).to.match(/^DATA_CORRUPT +1 +.*archive it again$/m);
		expect(table.stdout).to.match(/^4 jobs, 1 faults, 0 notes$/m);
	});

	it("import copies an archive, then finds everything there, and lists what fails", async () => {
		const jobs = seededJobs(3, 5);
		const target = await makeSmallArchive(jobs);
		const importTo = (name: string, ...more: string[]) =>
			runCli(["import", target, `file:${path(name)}`, "--json", ...more]);
		const first = await importTo("copy", "--format", "json");
		expect(first.status, first.stderr).to.equal(0);
		expect(jsonOf(first)).to.include({ imported: 5, skipped: 0, failed: 0 });
		expect(Object.keys(jsonOf(first))).to.deep.equal([
			"imported",
			"skipped",
			"failed",
			"samples",
			"bytes",
			"seconds",
		]);
		const second = await importTo("copy");
		expect(second.status).to.equal(0);
		expect(jsonOf(second)).to.include({ imported: 0, skipped: 5, failed: 0 });

		await rm(join(jobFolder(path("archive"), jobs[2]), "data.hjc"));
		const third = await importTo("other", "--compression", "small");
		expect(third.status).to.equal(1);
		expect(jsonOf(third)).to.include({ imported: 4, failed: 1 });
		expect(third.stderr).to.match(
			/^1 failed:\ntestcluster\/1003\/\d+ {2}DATA_CORRUPT: /,
		);
	});

	it("an archive that is not there is no reason to make one", async () => {
		await makeClusterArchive(path("clusters"));
		for (const args of [
			["info", path("nowhere")],
			["verify", path("nowhere")],
			["show", path("nowhere"), "testcluster/1"],
			["import", path("nowhere"), path("elsewhere")],
		]) {
			const result = await runCli([...args, "--json"]);
			expect(result.status).to.equal(1);
			expect(jsonOf<{ error: object }>(result).error).to.include({
				code: "ARCHIVE_UNREADABLE",
			});
		}
		await writeFile(path("text"), "");
		expect((await runCli(["info", path("text")])).status).to.equal(1);
	});
});

import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { IterateOptions } from "../../../lib/archive/archive.js";
import type { FileArchive } from "../../../lib/archive/file/file-archive.js";
import { jobFolder } from "../../../lib/archive/layout.js";
import { formatJobKey } from "../../../lib/schema/job.js";
import { testCluster, testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { useTempFolder } from "../../support/temp-folder.js";
import { exactly, testArchive, testData } from "./archives.js";

describe("iterating over a file archive", () => {
	const folder = useTempFolder();

	const KEYS = [
		["alpha", 5, 100],
		["alpha", 900, 100],
		["alpha", 900, 1000],
		["alpha", 1001, 50],
		["alpha", 10_000_002, 7],
		["testcluster", 2, 20],
		["testcluster", 10, 3],
	] as const;

	async function filled(): Promise<FileArchive> {
		const archive = await testArchive(folder());
		await archive.storeClusterConfig("alpha", {
			...testCluster(),
			name: "alpha",
		});
		for (const [cluster, jobId, startTime] of KEYS.toReversed())
			await archive.importJob(
				testJob({ cluster, jobId, startTime }),
				testData(jobId, 3),
			);
		return archive;
	}

	it("goes by cluster, job id and start time, as numbers", async () => {
		expect(await keysOf(await filled())).to.deep.equal(
			KEYS.map((key) => key.join("/")),
		);
	});

	it("keeps to a cluster and to start times", async () => {
		const archive = await filled();
		expect(await keysOf(archive, { cluster: "testcluster" })).to.deep.equal([
			"testcluster/2/20",
			"testcluster/10/3",
		]);
		expect(await keysOf(archive, { from: 20, to: 100 })).to.deep.equal([
			"alpha/1001/50",
			"testcluster/2/20",
		]);
		expect(await keysOf(archive, { cluster: "none" })).to.deep.equal([]);
	});

	it("brings data where it is asked for", async () => {
		const archive = await filled();
		let jobs = 0;
		for await (const found of archive.iterate({ loadMetricData: true })) {
			if ("error" in found) throw found.error;
			expect(exactly(found.data ?? {})).to.deep.equal(
				exactly(testData(found.job.jobId, 3)),
			);
			jobs++;
		}
		expect(jobs).to.equal(KEYS.length);
	});

	it("passes over what is no job, and says what is a malformed one", async () => {
		const archive = await filled();
		for (const path of [
			"alpha/0/tmp/1",
			"alpha/x/001/1",
			"alpha/0/7/1",
			"alpha/00/007/1",
			"alpha/0/007/late",
			"alpha/0/008/17",
			"lost+found/0/001/1",
			".git/0/001/1",
		]) {
			await mkdir(join(folder(), path), { recursive: true });
			if (!path.endsWith("17"))
				await writeFile(join(folder(), path, "meta.json"), "{}");
		}
		await writeFile(join(folder(), "alpha/0/readme"), "");
		const broken = { cluster: "alpha", jobId: 900, startTime: 100 };
		await writeFile(join(folder(), jobFolder(broken), "meta.json"), "{}");
		const seen: string[] = [];
		for await (const found of archive.iterate())
			seen.push(
				"error" in found
					? `${formatJobKey(found.key)} ${found.error.code}`
					: formatJobKey(found.key),
			);
		const expected: string[] = KEYS.map((key) => key.join("/"));
		expected[1] += " DATA_CORRUPT";
		expect(seen).to.deep.equal(expected);
		expect(await archive.clusters()).to.deep.equal(["alpha", "testcluster"]);
	});

	it("goes on while jobs are written and removed", async () => {
		const archive = await filled();
		const seen: string[] = [];
		for await (const { key } of archive.iterate()) {
			seen.push(formatJobKey(key));
			if (seen.length > 1) continue;
			await rm(join(folder(), "alpha", "1"), { recursive: true });
			const late = testJob({ jobId: 11, startTime: 3 });
			await archive.importJob(late, testData(1));
		}
		expect(seen).to.deep.equal([
			"alpha/5/100",
			"alpha/900/100",
			"alpha/900/1000",
			"alpha/10000002/7",
			"testcluster/2/20",
			"testcluster/10/3",
			"testcluster/11/3",
		]);
	});

	it("stops when its signal is aborted", async () => {
		const archive = await filled();
		const controller = new AbortController();
		const error = await rejected(
			(async () => {
				for await (const _ of archive.iterate({ signal: controller.signal }))
					controller.abort();
			})(),
		);
		expect(error.code).to.equal("ABORTED");
	});

	it("counts jobs, start times, bytes and formats by cluster", async () => {
		const archive = await filled();
		await archive.close();
		const json = await testArchive(folder(), { format: "json" });
		await json.importJob(
			testJob({ jobId: 77, startTime: 9000 }),
			testData(1, 300),
		);
		await json.storeClusterConfig("empty", { ...testCluster(), name: "empty" });
		const info = await json.info();
		const job = { cluster: "testcluster", jobId: 77, startTime: 9000 };
		const place = join(folder(), jobFolder(job));
		let bytes = 0;
		for (const path of [
			join(place, "data.json.gz"),
			join(place, "meta.json"),
			...[
				{ cluster: "testcluster", jobId: 2, startTime: 20 },
				{ cluster: "testcluster", jobId: 10, startTime: 3 },
			].flatMap((key) =>
				["data.hjc", "meta.json"].map((name) =>
					join(folder(), jobFolder(key), name),
				),
			),
		])
			bytes += (await stat(path)).size;
		expect(info.jobs).to.equal(8);
		expect({ ...info.clusters.testcluster }).to.deep.equal({
			jobs: 3,
			firstStartTime: 3,
			lastStartTime: 9000,
			bytes,
			formats: { columnar: 2, json: 1 },
		});
		expect(info.clusters.alpha).to.include({
			jobs: 5,
			firstStartTime: 7,
			lastStartTime: 1000,
		});
		expect(info.clusters.empty).to.include({ jobs: 0, bytes: 0 });
	});
});

async function keysOf(
	archive: FileArchive,
	options?: IterateOptions,
): Promise<string[]> {
	const keys: string[] = [];
	for await (const { key } of archive.iterate(options))
		keys.push(formatJobKey(key));
	return keys;
}

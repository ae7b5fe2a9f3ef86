import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { WorkerPool } from "../../lib/index.js";
import {
	type VerifiableArchive,
	verifyArchive,
} from "../../lib/maintenance/verify-archive.js";
import { jobFolder } from "../cli/job-archive.js";
import { gate } from "../support/house.js";
import { seededJobs } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import { useTempFolder } from "../support/temp-folder.js";
import {
	makeArchive,
	startPool,
	tellingOfData,
	usePool,
} from "./seeded-archive.js";

describe("verifying an archive", () => {
	const folder = useTempFolder();
	const pool = usePool();
	const jobs = seededJobs(11, 6).map(tellingOfData);
	const file = (index: number, name: string) =>
		join(jobFolder(folder(), jobs[index]), name);
	const keyOf = (index: number) => {
		const { cluster, jobId, startTime } = jobs[index];
		return { cluster, jobId, startTime };
	};

	for (const format of ["columnar", "json"] as const)
		it(`finds nothing wrong with a sound ${format} archive, and tells of each job`, async () => {
			const archive = await makeArchive(folder(), format, jobs);
			const progress: number[] = [];
			const result = await verifyArchive(archive, {
				pool,
				onProgress: ({ jobs }) => progress.push(jobs),
			});
			expect(result).to.deep.equal({
				jobs: 6,
				faults: [],
				notes: [],
				counts: {},
			});
			expect(progress).to.deep.equal([1, 2, 3, 4, 5, 6]);
		});

	const damages: Record<
		string,
		{
			format: "columnar" | "json";
			damage: () => Promise<void>;
			name: string;
			reason: RegExp;
		}
	> = {
		"a malformed meta": {
			format: "columnar",
			damage: () => writeFile(file(2, "meta.json"), '{"jobId":'),
			name: "meta.json",
			reason: /JSON/,
		},
		"a meta of the wrong shape": {
			format: "columnar",
			damage: () => writeFile(file(2, "meta.json"), '{"jobId":"x"}'),
			name: "meta.json",
			reason: /jobId/,
		},
		"a missing data file": {
			format: "json",
			damage: () => rm(file(2, "data.json.gz")),
			name: "",
			reason: /no data file/,
		},
		"columns cut short": {
			format: "columnar",
			damage: () => edit(file(2, "data.hjc"), (bytes) => bytes.subarray(0, -9)),
			name: "data.hjc",
			reason: /./,
		},
		"gzip cut short": {
			format: "json",
			damage: () =>
				edit(file(2, "data.json.gz"), (bytes) => bytes.subarray(0, -9)),
			name: "data.json.gz",
			reason: /./,
		},
		"an empty data file": {
			format: "columnar",
			damage: () => edit(file(2, "data.hjc"), (bytes) => bytes.subarray(0, 0)),
			name: "data.hjc",
			reason: /./,
		},
		"the meta of another version of its data": {
			format: "columnar",
			damage: () =>
				edit(file(2, "meta.json"), (text) =>
					Buffer.from(
						text.toString().replace(/("dataId\\":\\")\w+/, "$1c0ffee00"),
					),
				),
			name: "data.hjc",
			reason: /another version/,
		},
		"the meta of another job": {
			format: "columnar",
			damage: () =>
				edit(file(2, "meta.json"), (text) =>
					Buffer.from(text.toString().replace('"jobId":1003', '"jobId":4711')),
				),
			name: "",
			reason: /another job, testcluster\/4711/,
		},
	};
	for (const [what, { format, damage, name, reason }] of Object.entries(
		damages,
	))
		it(`names the job with ${what}, and goes on`, async () => {
			const archive = await makeArchive(folder(), format, jobs);
			await damage();
			const { jobs: count, faults } = await verifyArchive(archive, { pool });
			expect(count).to.equal(6);
			expect(faults).to.have.length(1);
			expect(faults[0]).to.include(keyOf(2));
			expect(faults[0].reason).to.match(reason);
			if (name !== "") expect(faults[0].path).to.equal(file(2, name));
		});

	it("names job, column and offset of a flipped bit", async () => {
		const archive = await makeArchive(folder(), "columnar", jobs);
		await edit(file(4, "data.hjc"), (bytes) => {
			bytes[40] ^= 1;
			return bytes;
		});
		const { faults } = await verifyArchive(archive, { pool });
		expect(faults).to.have.length(1);
		expect(faults[0]).to.include({
			...keyOf(4),
			path: file(4, "data.hjc"),
			column: "cpu_load/node",
		});
		expect(faults[0].offset).to.be.at.most(40);
	});

	it("reports faults in the archive's order, whatever order they are found in", async () => {
		const archive = await makeArchive(folder(), "columnar", jobs);
		await edit(file(0, "data.hjc"), (bytes) => bytes.subarray(0, 50));
		await writeFile(file(1, "meta.json"), "");
		await edit(file(5, "data.hjc"), (bytes) => bytes.subarray(0, 50));
		const { faults } = await verifyArchive(archive, { pool });
		expect(faults.map(({ jobId }) => jobId)).to.deep.equal([
			jobs[0].jobId,
			jobs[1].jobId,
			jobs[5].jobId,
		]);
	});

	it("misses a cluster's configuration, once", async () => {
		const archive = await makeArchive(folder(), "columnar", jobs);
		const path = join(folder(), "testcluster", "cluster.json");
		await rm(path);
		const missing = await verifyArchive(archive, { pool });
		expect(missing.jobs).to.equal(6);
		expect(missing.faults).to.have.length(1);
		expect(missing.faults[0]).to.include({ cluster: "testcluster", path });
		expect(missing.faults[0]).not.to.have.property("jobId");
		await writeFile(path, "{}");
		const malformed = await verifyArchive(archive, { pool });
		expect(malformed.faults).to.have.length(1);
		expect(malformed.faults[0].reason).to.match(/metricConfig|name/);
	});

	it("looks at one cluster only when it is told so", async () => {
		const archive = await makeArchive(folder(), "columnar", jobs);
		await mkdir(join(folder(), "other"));
		await writeFile(join(folder(), "other", "cluster.json"), "damaged");
		const all = await verifyArchive(archive, { pool });
		expect(all.faults.map(({ cluster }) => cluster)).to.deep.equal(["other"]);
		const cluster = "testcluster";
		expect(await verifyArchive(archive, { pool, cluster })).to.deep.equal({
			jobs: 6,
			faults: [],
			notes: [],
			counts: {},
		});
	});

	it("reads one job ahead of a buffer that is full", async () => {
		const archive = await makeArchive(folder(), "columnar", jobs);
		const loads = jobs.map(() => gate());
		let loaded = 0;
		let checked = 0;
		let most = 0;
		const counting: VerifiableArchive = {
			clusters: () => archive.clusters(),
			loadClusterConfig: (name) => archive.loadClusterConfig(name),
			iterate: (options) => archive.iterate(options),
			strays: (options) => archive.strays(options),
			exists: (key) => archive.exists(key),
			loadJobMeta: (key) => archive.loadJobMeta(key),
			loadStoredMeta: (key) => archive.loadStoredMeta(key),
			loadStoredData: async (key) => {
				const stored = await archive.loadStoredData(key);
				loads[loaded++].open();
				most = Math.max(most, loaded - checked);
				return stored;
			},
		};
		// Each check waits for the next job to be loaded: one that never is would hold up the test.
		const run: WorkerPool["run"] = async (...args) => {
			await loads[Math.min(checked + 1, jobs.length - 1)].opened;
			const result = await pool.run(...args);
			checked++;
			return result;
		};
		const verified = await verifyArchive(counting, {
			pool: { run },
			bufferBytes: 1,
		});
		expect(verified.jobs).to.equal(6);
		expect(most, "one that is checked, and the next").to.equal(2);
	});

	it("ends early when its signal aborts, and says how far it got", async () => {
		const archive = await makeArchive(folder(), "columnar", jobs);
		const controller = new AbortController();
		const { jobs: count, faults } = await verifyArchive(archive, {
			pool,
			bufferBytes: 1,
			signal: controller.signal,
			onProgress: () => controller.abort(),
		});
		expect(count).to.be.within(1, 5);
		expect(faults).to.deep.equal([]);
	});

	it("does not take a closed pool for damage", async () => {
		const archive = await makeArchive(folder(), "columnar", jobs);
		const closed = startPool();
		await closed.close();
		const error = await rejected(verifyArchive(archive, { pool: closed }));
		expect(error.code).to.equal("ARCHIVER_CLOSED");
	});
});

async function edit(
	path: string,
	change: (bytes: Buffer) => Buffer,
): Promise<void> {
	await writeFile(path, change(await readFile(path)));
}

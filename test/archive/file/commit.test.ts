import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { StagedJob } from "../../../lib/archive/archive.js";
import type { FileArchive } from "../../../lib/archive/file/file-archive.js";
import { jobFolder } from "../../../lib/archive/layout.js";
import { openArchive } from "../../../lib/archive/open.js";
import type { DataFormat } from "../../../lib/codec/column.js";
import { columnsOf } from "../../../lib/codec/job-data.js";
import { encodeJson } from "../../../lib/codec/json/index.js";
import type { Job } from "../../../lib/schema/job.js";
import type { JobData } from "../../../lib/schema/metric.js";
import { testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import {
	type FileCall,
	scriptedFileSystem,
} from "../../support/scripted-file-system.js";
import { useTempFolder } from "../../support/temp-folder.js";
import {
	exactly,
	expectNoTemporaries,
	filesBelow,
	jobFiles,
	testArchive,
	testData,
} from "./archives.js";

describe("committing to a file archive", () => {
	const folder = useTempFolder();

	it("syncs a job's data and meta, puts them in place in this order, then syncs the folders", async () => {
		const fileSystem = scriptedFileSystem();
		const archive = await testArchive(folder(), { fileSystem, fsync: true });
		fileSystem.calls.length = 0;
		const job = testJob();
		await archive.importJob(job, testData(1));
		const place = join(folder(), jobFolder(job));
		const [data, meta] = namesOf(fileSystem.calls, "rename");
		expect([data.to, meta.to]).to.deep.equal([
			join(place, "data.hjc"),
			join(place, "meta.json"),
		]);
		const synced = namesOf(fileSystem.calls, "file.sync").map(
			({ path }) => path,
		);
		expect(synced.slice(0, 2)).to.deep.equal([data.path, meta.path]);
		expect(synced.slice(2)).to.have.members([
			place,
			join(place, ".."),
			join(place, "../.."),
			join(place, "../../.."),
		]);
		const order = fileSystem.calls.map(({ name, path }) => `${name} ${path}`);
		const at = (name: string, path: string) => order.indexOf(`${name} ${path}`);
		expect(at("file.sync", data.path)).to.be.below(at("rename", data.path));
		expect(at("file.sync", meta.path)).to.be.below(at("rename", data.path));
		expect(at("rename", meta.path)).to.be.below(at("file.sync", place));
	});

	it("syncs a folder once for a group, and upper folders once for all", async () => {
		const fileSystem = scriptedFileSystem();
		const archive = await testArchive(folder(), { fileSystem, fsync: true });
		const jobs = [1001, 1002, 1003].map((jobId) => testJob({ jobId }));
		const staged = await Promise.all(
			jobs.map((job) => stageJson(archive, job, testData(1))),
		);
		fileSystem.calls.length = 0;
		await archive.commit(staged);
		const synced = namesOf(fileSystem.calls, "file.sync");
		// The cluster, 1/, and for each of three jobs its own two folders.
		expect(synced).to.have.length(2 + 3 * 2);
		fileSystem.calls.length = 0;
		const next = await stageJson(
			archive,
			testJob({ jobId: 1004 }),
			testData(1),
		);
		fileSystem.calls.length = 0;
		await archive.commit([next]);
		expect(namesOf(fileSystem.calls, "file.sync")).to.have.length(3);
	});

	it("syncs nothing where syncing is off", async () => {
		const fileSystem = scriptedFileSystem();
		const archive = await testArchive(folder(), { fileSystem, fsync: false });
		// The lock is synced all the same.
		const opening = fileSystem.calls.length;
		await archive.importJob(testJob(), testData(1));
		await archive.importJob(testJob(), testData(2));
		const calls = fileSystem.calls.slice(opening);
		expect(namesOf(calls, "file.sync")).to.have.length(0);
	});

	it("has no more calls under way than it is allowed", async () => {
		for (const writerParallelFiles of [1, 2, 3]) {
			const fileSystem = scriptedFileSystem();
			const archive = await testArchive(
				join(folder(), `${writerParallelFiles}`),
				{
					fileSystem,
					writerParallelFiles,
				},
			);
			await Promise.all(
				Array.from({ length: 20 }, (_, jobId) =>
					archive.importJob(testJob({ jobId }), testData(jobId)),
				),
			);
			expect(fileSystem.mostAtOnce).to.equal(writerParallelFiles);
		}
	});

	const replacements: [string, Version, Version][] = [
		["columnar by json", ["columnar", 300], ["json", 300]],
		["json by columnar", ["json", 300], ["columnar", 300]],
		["large json by small", ["json", 300], ["json", 3]],
		["small json by large", ["json", 3], ["json", 300]],
		["columnar by columnar", ["columnar", 300], ["columnar", 3]],
	];
	for (const [name, before, after] of replacements) {
		it(`replaces ${name} and leaves one data file`, async () => {
			const job = testJob();
			for (const [seed, [format, samples]] of [before, after].entries()) {
				const archive = await testArchive(folder(), { format });
				await archive.importJob(job, testData(seed, samples));
				const files = await jobFiles(folder(), job);
				expect(files).to.have.length(2);
				expect(files[1]).to.equal("meta.json");
				expect(exactly(await archive.loadJobData(job))).to.deep.equal(
					exactly(testData(seed, samples)),
				);
				await archive.close();
			}
			await expectNoTemporaries(folder());
		});
	}

	it("lets readers find the old job or the new one while it is replaced", async () => {
		const job = testJob();
		const columnar = await testArchive(folder(), { format: "columnar" });
		const json = await openArchive(folder(), { format: "json", fsync: false });
		await columnar.importJob(job, testData(0, 300));
		let reading = true;
		const readAll = (async () => {
			let reads = 0;
			for (; reading; reads++) await json.loadJobData(job);
			return reads;
		})();
		for (let round = 0; round < 30; round++) {
			const archive = round % 2 === 0 ? json : columnar;
			await archive.importJob(job, testData(round, round % 3 === 0 ? 3 : 300));
		}
		reading = false;
		expect(await readAll).to.be.above(0);
	});

	it("keeps tags that a job was given, also after it was sealed again", async () => {
		const archive = await testArchive(folder());
		const job = testJob({ tags: [{ type: "auto", name: "idle" }] });
		await archive.importJob(job, testData(1));
		const again = await stageJson(archive, job, testData(2));
		const tags = [
			{ id: 3, type: "auto", name: "idle" },
			{ id: 4, type: "user", name: "look", scope: "private" },
		];
		await archive.storeJobMeta({ ...job, tags });
		await archive.commit([again]);
		expect((await archive.loadJobMeta(job)).tags).to.deep.equal([
			{ type: "auto", name: "idle" },
			{ id: 4, type: "user", name: "look", scope: "private" },
		]);
		await expectNoTemporaries(folder());
	});

	it("repairs a job whose meta is malformed", async () => {
		const archive = await testArchive(folder());
		const job = testJob();
		await archive.importJob(job, testData(1));
		await writeFile(join(folder(), jobFolder(job), "meta.json"), "{");
		await archive.importJob(job, testData(2));
		expect((await archive.loadJobMeta(job)).jobId).to.equal(job.jobId);
	});

	it("refuses a job of a cluster without configuration, and touches nothing", async () => {
		const archive = await testArchive(folder());
		const before = await filesBelow(folder());
		const strange = testJob({ cluster: "strange" });
		const staged = [
			await stageJson(archive, strange, testData(1)),
			await stageJson(archive, testJob(), testData(2)),
		];
		const [error, none] = await archive.commit(staged);
		expect(error?.code).to.equal("CLUSTER_UNKNOWN");
		expect(error?.details).to.include({ cluster: "strange", jobId: 1001 });
		expect(none).to.equal(undefined);
		const place = jobFolder(testJob());
		expect(await filesBelow(folder())).to.deep.equal(
			[...before, `${place}/data.json.gz`, `${place}/meta.json`].sort(),
		);
	});

	it("takes one job twice in a group: the latter stays", async () => {
		const archive = await testArchive(folder());
		const job = testJob();
		const staged = [
			await stageJson(archive, job, testData(1)),
			await stageJson(archive, job, testData(2, 3)),
		];
		expect(await archive.commit(staged)).to.deep.equal([undefined, undefined]);
		expect(exactly(await archive.loadJobData(job))).to.deep.equal(
			exactly(testData(2, 3)),
		);
		await archive.close();
		await expectNoTemporaries(folder());
	});

	it("goes on with the group when a job was not sealed", async () => {
		const archive = await testArchive(folder());
		const open = await archive.stage(testJob({ jobId: 1 }));
		const sealed = await stageJson(archive, testJob({ jobId: 2 }), testData(1));
		const [error, none] = await archive.commit([open, sealed]);
		expect(error?.code).to.equal("INVALID_INPUT");
		expect(none).to.equal(undefined);
		await open.discard();
		await expectNoTemporaries(folder());
	});

	it("refuses a job that was staged elsewhere", async () => {
		const archive = await testArchive(join(folder(), "a"));
		const other = await testArchive(join(folder(), "b"));
		const staged = await stageJson(other, testJob(), testData(1));
		const error = await rejected(archive.commit([staged]));
		expect(error.code).to.equal("INVALID_INPUT");
		expect(await other.commit([staged])).to.deep.equal([undefined]);
	});

	it("replaces the meta of a job that is there, and of no other", async () => {
		const archive = await testArchive(folder());
		const job = testJob();
		const error = await rejected(archive.storeJobMeta(job));
		expect(error.code).to.equal("JOB_UNKNOWN");
		await archive.importJob(job, testData(1));
		await archive.storeJobMeta({ ...job, project: "other" });
		expect((await archive.loadJobMeta(job)).project).to.equal("other");
		expect(await archive.exists(job)).to.equal(true);
	});

	it("stores a cluster's configuration whole", async () => {
		const archive = await testArchive(folder());
		const config = {
			...(await archive.loadClusterConfig("testcluster")),
			metricDataRepository: { kind: "cc-metric-store", url: "http://x" },
		};
		await archive.storeClusterConfig("testcluster", config);
		const path = join(folder(), "testcluster", "cluster.json");
		expect(JSON.parse(await readFile(path, "utf8"))).to.deep.equal(config);
		const error = await rejected(
			archive.storeClusterConfig("other", { name: "other" } as never),
		);
		expect(error.code).to.equal("INVALID_INPUT");
		expect(await archive.clusters()).to.deep.equal(["testcluster"]);
	});

	it("refuses keys that are no keys", async () => {
		const archive = await testArchive(folder());
		for (const bad of [
			{ cluster: "../x" },
			{ cluster: "" },
			{ jobId: -1 },
			{ jobId: 1.5 },
			{ startTime: Number.NaN },
		]) {
			const key: Job = { ...testJob(), ...bad };
			for (const call of [
				() => archive.stage(key),
				() => archive.exists(key),
				() => archive.loadJobMeta(key),
				() => archive.loadJobData(key),
				() => archive.loadJobStats(key),
				() => archive.loadStoredData(key),
				() => archive.storeJobMeta(key),
			])
				expect((await rejected(call())).code).to.equal("INVALID_INPUT");
		}
		for (const call of [
			() => archive.loadClusterConfig(".."),
			() => archive.storeClusterConfig("a/b", {} as never),
		])
			expect((await rejected(call())).code).to.equal("INVALID_INPUT");
	});
});

describe("a staged job", () => {
	const folder = useTempFolder();

	const states: Record<string, (staged: StagedJob) => Promise<unknown>> = {
		empty: async () => undefined,
		"with little data": (staged) => staged.append(Buffer.alloc(5000)),
		"with much data": (staged) => staged.append(Buffer.alloc(100_000)),
		"while data is being added": async (staged) => {
			staged.append(Buffer.alloc(1_000_000)).catch(() => undefined);
		},
		sealed: (staged) => staged.seal("columnar", testJob()),
		"while it is being sealed": async (staged) => {
			staged.seal("columnar", testJob()).catch(() => undefined);
		},
		discarded: (staged) => staged.discard(),
	};
	for (const [name, reach] of Object.entries(states)) {
		it(`can be discarded ${name}, and again, and leaves nothing`, async () => {
			const archive = await testArchive(folder());
			const before = await filesBelow(folder());
			const staged = await archive.stage(testJob());
			await reach(staged);
			await staged.discard();
			await staged.discard();
			expect(await filesBelow(folder())).to.deep.equal(before);
			const error = await rejected(staged.append(Buffer.alloc(1)));
			expect(error.code).to.equal("INVALID_INPUT");
		});
	}

	it("is discarded when the archive is closed", async () => {
		await (await testArchive(folder())).close();
		const before = await filesBelow(folder());
		const archive = await testArchive(folder());
		await (await archive.stage(testJob())).append(Buffer.alloc(10));
		await stageJson(archive, testJob(), testData(1));
		await archive.close();
		await archive.close();
		expect(await filesBelow(folder())).to.deep.equal(before);
		const error = await rejected(archive.stage(testJob()));
		expect(error.code).to.equal("INVALID_INPUT");
	});

	it("keeps pieces in the order in which they were added", async () => {
		const archive = await testArchive(folder(), { format: "json" });
		const job = testJob();
		const { bytes, encoding } = encodeJson(columnsOf(testData(5, 3)));
		const staged = await archive.stage(job);
		await Promise.all(
			Array.from(bytes, (_, i) => staged.append(bytes.subarray(i, i + 1))),
		);
		await staged.seal(encoding, job);
		await archive.commit([staged]);
		expect(exactly(await archive.loadJobData(job))).to.deep.equal(
			exactly(testData(5, 3)),
		);
	});
});

/** Format, and samples a series: 3 give less than 2,000 bytes of JSON, 300 more. */
type Version = [format: DataFormat, samplesPerSeries: number];

async function stageJson(
	archive: FileArchive,
	job: Job,
	data: JobData,
): Promise<StagedJob> {
	const { bytes, encoding } = encodeJson(columnsOf(data));
	const staged = await archive.stage(job);
	await staged.append(bytes);
	await staged.seal(encoding, job);
	return staged;
}

function namesOf(calls: FileCall[], name: FileCall["name"]): FileCall[] {
	return calls.filter((call) => call.name === name);
}

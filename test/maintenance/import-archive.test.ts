import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import {
	DATA_FACTS_KEY,
	dataFactsOf,
	withDataFacts,
} from "../../lib/archive/data-facts.js";
import { openArchive } from "../../lib/index.js";
import { importArchive } from "../../lib/maintenance/import-archive.js";
import { verifyArchive } from "../../lib/maintenance/verify-archive.js";
import { formatJobKey, type Job, type JobKey } from "../../lib/schema/job.js";
import { serializeJob } from "../../lib/schema/job-json.js";
import { jobFolder, leftoversIn } from "../cli/job-archive.js";
import { seededJobs, testJob } from "../support/jobs.js";
import { useTempFolder } from "../support/temp-folder.js";
import {
	bitsOfData,
	makeArchive,
	seededData,
	tellingOfData,
	usePool,
} from "./seeded-archive.js";

describe("importing an archive", () => {
	const folder = useTempFolder();
	const path = (name: string) => join(folder(), name);
	const pool = usePool();
	const openNew = (name: string, format: "columnar" | "json") =>
		openArchive(`file:${path(name)}`, { format, fsync: false });

	for (const [from, to] of [
		["json", "columnar"],
		["columnar", "json"],
		["columnar", "columnar"],
	] as const)
		it(`takes every job from ${from} to ${to}, samples and meta as they are`, async () => {
			const tags = [{ type: "class", name: "good", scope: "global" }];
			const foreign = seededJobs(21, 70).map((job) => ({ ...job, tags }));
			const jobs = [
				...foreign.slice(0, 35),
				...foreign.slice(35).map(tellingOfData),
			];
			const source = await makeArchive(path("source"), from, jobs);
			const target = await openNew("target", to);
			const progress: number[] = [];
			const result = await importArchive(source, target, {
				pool,
				onProgress: ({ jobs }) => progress.push(jobs),
			});
			expect(result).to.deep.include({ imported: 70, skipped: 0, failed: [] });
			expect(result.seconds).to.be.above(0);
			expect(progress).to.deep.equal(jobs.map((_, i) => i + 1));
			expect((await target.info()).clusters.testcluster.formats).to.include({
				[to]: 70,
			});
			expect(await target.loadClusterConfig("testcluster")).to.deep.equal(
				await source.loadClusterConfig("testcluster"),
			);
			const verified = await verifyArchive(target, { pool });
			expect(verified).to.deep.include({
				jobs: 70,
				faults: [],
				notes: [],
				counts: {},
			});
			let samples = 0;
			for (const [i, job] of jobs.entries()) {
				const data = await target.loadJobData(job);
				expect(bitsOfData(data)).to.deep.equal(bitsOfData(seededData(job)));
				const meta = await target.loadJobMeta(job);
				const before = await source.loadJobMeta(job);
				expect(dataFactsOf(meta)?.format).to.equal(i < 35 ? undefined : to);
				expect(serializeJob(withoutDataFacts(meta))).to.equal(
					serializeJob(withoutDataFacts(before)),
				);
				samples += samplesIn(data);
			}
			expect(result.samples).to.equal(samples);
		});

	it("keeps what a meta tells of its data and stays true, and tells of what changes", async () => {
		const job = tellingOfData(seededJobs(27, 1)[0]);
		const facts = { series: 0, samples: 0, notes: ["noted"] };
		const told = withDataFacts(job, {
			...facts,
			format: "json",
			dataId: "0",
			thinned: 600,
		});
		const source = await makeArchive(path("source"), "json", []);
		await source.importJob(job, seededData(job));
		await source.storeJobMeta(told);
		const target = await openNew("target", "columnar");
		const compression = "small";
		await importArchive(source, target, { pool, compression });
		const meta = await target.loadJobMeta(job);
		expect(dataFactsOf(meta)).to.deep.include({
			format: "columnar",
			compression,
			thinned: 600,
			notes: ["noted"],
		});
		const back = await openNew("back", "json");
		await importArchive(target, back, { pool });
		const again = dataFactsOf(await back.loadJobMeta(job));
		expect(again).to.include({ format: "json", thinned: 600 });
		expect(again).not.to.have.property("compression");
	});

	it("leaves jobs alone that the target has, and configurations too", async () => {
		const jobs = seededJobs(22, 5);
		const source = await makeArchive(path("source"), "json", jobs);
		const target = await makeArchive(path("target"), "columnar", []);
		const edited = await target.loadClusterConfig("testcluster");
		edited.metricConfig[0].peak = 4711;
		await target.storeClusterConfig("testcluster", edited);
		await target.importJob({ ...jobs[1], user: "mine" }, seededData(jobs[1]));
		expect(await importArchive(source, target, { pool })).to.deep.include({
			imported: 4,
			skipped: 1,
			failed: [],
		});
		expect((await target.loadJobMeta(jobs[1])).user).to.equal("mine");
		expect(await target.loadClusterConfig("testcluster")).to.deep.equal(edited);
		expect(await importArchive(source, target, { pool })).to.deep.include({
			imported: 0,
			skipped: 5,
			samples: 0,
			bytes: 0,
		});
	});

	it("takes a job anew that is damaged in the target", async () => {
		const jobs = seededJobs(26, 4).map(tellingOfData);
		const source = await makeArchive(path("source"), "json", jobs);
		const target = await openNew("target", "columnar");
		await importArchive(source, target, { pool });
		const data = (index: number) =>
			join(jobFolder(path("target"), jobs[index]), "data.hjc");
		const bytes = await readFile(data(0));
		bytes[bytes.length >> 1] ^= 1;
		await writeFile(data(0), bytes);
		await rm(data(1));
		const meta = await target.loadJobMeta(jobs[2]);
		await target.storeJobMeta(tellingOfData(meta));
		expect(await importArchive(source, target, { pool })).to.deep.include({
			imported: 3,
			skipped: 1,
			failed: [],
		});
		const verified = await verifyArchive(target, { pool });
		expect(verified).to.deep.include({
			jobs: 4,
			faults: [],
			notes: [],
			counts: {},
		});
		for (const job of jobs)
			expect(bitsOfData(await target.loadJobData(job))).to.deep.equal(
				bitsOfData(seededData(job)),
			);
	});

	it("lists what fails with its reason, leaves nothing of it, and takes the rest", async () => {
		const jobs = seededJobs(23, 6);
		const source = await makeArchive(path("source"), "columnar", jobs);
		const file = (index: number, name: string) =>
			join(jobFolder(path("source"), jobs[index]), name);
		await writeFile(file(0, "meta.json"), "{");
		await rm(file(1, "data.hjc"));
		await writeFile(file(2, "data.hjc"), "no columns");
		await writeFile(
			file(3, "meta.json"),
			serializeJob({ ...jobs[3], jobId: 4711 }),
		);
		const target = await openNew("target", "json");
		const { imported, failed } = await importArchive(source, target, { pool });
		expect(imported).to.equal(2);
		const codes = new Map(
			failed.map(({ message: _, code, ...key }) => [
				formatJobKey(key as JobKey),
				code,
			]),
		);
		expect(Object.fromEntries(codes)).to.deep.equal({
			[formatJobKey(jobs[0])]: "DATA_CORRUPT",
			[formatJobKey(jobs[1])]: "DATA_CORRUPT",
			[formatJobKey(jobs[2])]: "SOURCE_DATA_INVALID",
			[formatJobKey(jobs[3])]: "DATA_CORRUPT",
		});
		expect((await target.info()).jobs).to.equal(2);
		expect(await leftoversIn(path("target"))).to.deep.equal([]);
	});

	it("imports no job of a cluster whose configuration nobody has", async () => {
		const source = await makeArchive(path("source"), "json", [testJob()]);
		await rm(path("source/testcluster/cluster.json"));
		const target = await openNew("target", "columnar");
		const first = await importArchive(source, target, { pool });
		expect(first.imported).to.equal(0);
		expect(first.failed.map(({ code }) => code)).to.deep.equal([
			"CLUSTER_UNKNOWN",
		]);
		expect(await leftoversIn(path("target"))).to.deep.equal([]);
		expect(await readdir(path("target"))).not.to.contain("testcluster");

		await writeFile(path("source/testcluster/cluster.json"), "{}");
		const second = await importArchive(source, target, { pool });
		expect(second.failed[0]).to.include({
			cluster: "testcluster",
			code: "DATA_CORRUPT",
		});
		expect(second.failed[0]).not.to.have.property("jobId");
	});

	it("ends early when its signal aborts, with whole jobs only, and is resumed", async () => {
		const jobs = seededJobs(24, 20);
		const source = await makeArchive(path("source"), "json", jobs);
		const target = await openNew("target", "columnar");
		const controller = new AbortController();
		const first = await importArchive(source, target, {
			pool,
			bufferBytes: 1,
			signal: controller.signal,
			onProgress: () => controller.abort(),
		});
		expect(first.imported).to.be.within(1, 19);
		expect(first.failed).to.deep.equal([]);
		expect((await target.info()).jobs).to.equal(first.imported);
		expect(await importArchive(source, target, { pool })).to.deep.include({
			imported: 20 - first.imported,
			skipped: first.imported,
			failed: [],
		});
	});

	it("fails every job of a target that cannot be written to", async () => {
		const source = await makeArchive(path("source"), "json", seededJobs(25, 3));
		await (await makeArchive(path("target"), "json", [])).close();
		const target = await openArchive(`file:${path("target")}`, {
			readOnly: true,
		});
		const { imported, failed } = await importArchive(source, target, { pool });
		expect(imported).to.equal(0);
		expect(failed.map(({ code }) => code)).to.deep.equal([
			"ARCHIVE_READ_ONLY",
			"ARCHIVE_READ_ONLY",
			"ARCHIVE_READ_ONLY",
		]);
	});
});

function withoutDataFacts(job: Job): Job {
	const { [DATA_FACTS_KEY]: _, ...metaData } = job.metaData;
	return { ...job, metaData };
}

function samplesIn(data: ReturnType<typeof seededData>): number {
	return Object.values(data)
		.flatMap((scopes) => Object.values(scopes))
		.flatMap(({ series }) => series)
		.reduce((sum, { data }) => sum + data.length, 0);
}

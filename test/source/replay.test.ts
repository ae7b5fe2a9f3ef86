import * as nodeFileSystem from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { Archive } from "../../lib/archive/archive.js";
import { jobFolder } from "../../lib/archive/layout.js";
import { openArchive } from "../../lib/archive/open.js";
import type { Column } from "../../lib/codec/column.js";
import { jobDataOf } from "../../lib/codec/job-data.js";
import { measureColumn } from "../../lib/codec/statistics.js";
import type { Job } from "../../lib/schema/job.js";
import { ReplaySource } from "../../lib/source/replay.js";
import type { ArchivedChunk, MetricSource } from "../../lib/source/source.js";
import { columnsOfChunk } from "../../workers/columns-of-chunk.js";
import { bitsOf, testCluster, testColumn, testJob } from "../support/jobs.js";
import { loadRequest } from "../support/load-request.js";
import { rejected } from "../support/rejected.js";
import { sharedData } from "../support/shared-data.js";
import { useTempFolder } from "../support/temp-folder.js";

describe("ReplaySource", () => {
	const folder = useTempFolder();
	const job = testJob({ numNodes: 2 });
	const columns = [
		testColumn({ seed: 1, metric: "not_configured", samplesPerSeries: 500 }),
		testColumn({ seed: 2, series: 6, scope: "core", samplesPerSeries: 500 }),
	];

	for (const format of ["columnar", "json"] as const) {
		it(`yields all that a ${format} archive holds of a job as one chunk, for a worker to decode`, async () => {
			const archive = await archiveOf(folder(), format);
			const chunks = await chunksOf(new ReplaySource(archive), job);
			expect(chunks).to.have.length(1);
			const [chunk] = chunks;
			expect(chunk.last).to.equal(true);
			// As between threads: the chunk's buffer is moved away and nothing of it is left behind.
			const moved = structuredClone(chunk, { transfer: [chunk.bytes] });
			expect(chunk.bytes.byteLength).to.equal(0);
			expect(summaryOf(columnsOfChunk(moved))).to.have.deep.members(
				summaryOf(columns),
			);
			await archive.close();
		});

		it(`estimates the size of the samples in a ${format} archive`, async () => {
			const archive = await archiveOf(folder(), format);
			const [{ decodedBytes }] = await chunksOf(new ReplaySource(archive), job);
			const exact = columns.reduce((sum, it) => sum + it.samples.byteLength, 0);
			expect(decodedBytes).to.be.within(exact * 0.8, exact * 12);
			await archive.close();
		});
	}

	it("replays the real job: every metric, configured or not", async function () {
		const real = sharedData("archive");
		if (real === undefined) return this.skip();
		const archive = await openArchive(`file:${real}`, { readOnly: true });
		const emmy = await archive.loadJobMeta({
			cluster: "emmy",
			jobId: 1403244,
			startTime: 1608923076,
		});
		const [chunk] = await chunksOf(new ReplaySource(archive), emmy);
		const replayed = columnsOfChunk(chunk);
		expect(replayed.map(({ metric }) => metric)).to.include("rapl_power");
		const samples = replayed.reduce((sum, it) => sum + it.samples.length, 0);
		expect(samples).to.equal(415_008);
		expect(chunk.decodedBytes).to.be.at.least(8 * samples);
		await archive.close();
	});

	it("says NO_DATA for a job that the archive lacks, and goes on with others", async () => {
		const source = new ReplaySource(await archiveOf(folder(), "columnar"));
		const missing = testJob({ jobId: 404 });
		const error = await rejected(chunksOf(source, missing));
		expect(error.code).to.equal("NO_DATA");
		expect(error.retryable).to.equal(false);
		expect(error.details).to.include({ cluster: "testcluster", jobId: 404 });
		expect(await chunksOf(source, job)).to.have.length(1);
	});

	it("says SOURCE_DATA_INVALID for a job whose data file is gone", async () => {
		const archive = await archiveOf(folder(), "columnar");
		await nodeFileSystem.unlink(dataPath(folder()));
		const error = await rejected(chunksOf(new ReplaySource(archive), job));
		expect(error.code).to.equal("SOURCE_DATA_INVALID");
	});

	it("says SOURCE_UNAVAILABLE for a file that cannot be read", async () => {
		await archiveOf(folder(), "columnar");
		const archive = await openArchive(folder(), {
			fileSystem: {
				...nodeFileSystem,
				open: (path, ...args) =>
					path === dataPath(folder())
						? Promise.reject(
								Object.assign(new Error("broken disk"), { code: "EIO" }),
							)
						: nodeFileSystem.open(path, ...args),
			},
		});
		const error = await rejected(chunksOf(new ReplaySource(archive), job));
		expect(error.code).to.equal("SOURCE_UNAVAILABLE");
		expect(error.retryable).to.equal(true);
		expect(error.message).to.include("broken disk");
	});

	it("ends with ABORTED when its signal aborts before or while it reads", async () => {
		await archiveOf(folder(), "columnar");
		const controller = new AbortController();
		const archive = await openArchive(folder(), {
			fileSystem: {
				...nodeFileSystem,
				open: (path, ...args) => {
					if (path !== dataPath(folder()))
						return nodeFileSystem.open(path, ...args);
					controller.abort();
					return new Promise(() => {});
				},
			},
		});
		const source = new ReplaySource(archive);
		for (const when of ["while reading", "before"]) {
			expect(controller.signal.aborted).to.equal(when === "before");
			const error = await rejected(chunksOf(source, job, controller.signal));
			expect(error.code, when).to.equal("ABORTED");
		}
	});

	it("closes the archive only when it is its own", async () => {
		const archive = await archiveOf(folder(), "columnar");
		await new ReplaySource(archive).close();
		await archive.storeJobMeta(job);
		await new ReplaySource(archive, { closeArchive: true }).close();
		await rejected(archive.storeJobMeta(job));
	});

	async function archiveOf(
		path: string,
		format: "columnar" | "json",
	): Promise<Archive> {
		const archive = await openArchive(path, { format, fsync: false });
		await archive.storeClusterConfig("testcluster", testCluster());
		await archive.importJob(job, jobDataOf(columns, measureColumn));
		return archive;
	}

	function dataPath(root: string): string {
		return join(root, jobFolder(job), "data.hjc");
	}
});

async function chunksOf(
	source: MetricSource,
	job: Job,
	signal = new AbortController().signal,
): Promise<ArchivedChunk[]> {
	const chunks: ArchivedChunk[] = [];
	const request = loadRequest(job, { signal }, testCluster());
	for await (const chunk of source.load(request))
		chunks.push(chunk as ArchivedChunk);
	return chunks;
}

function summaryOf(columns: readonly Column[]) {
	return columns.map(({ metric, scope, hostnames, ids, samples }) => ({
		metric,
		scope,
		hostnames: [...hostnames],
		ids: ids && [...ids],
		bits: bitsOf(samples),
	}));
}

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { jobFolder } from "../../../lib/archive/layout.js";
import { openArchive } from "../../../lib/archive/open.js";
import type { Column } from "../../../lib/codec/column.js";
import {
	encodePart,
	encodeTail,
	fileHeader,
} from "../../../lib/codec/columnar/index.js";
import { columnsOf } from "../../../lib/codec/job-data.js";
import {
	assembleJson,
	encodeJsonColumn,
} from "../../../lib/codec/json/index.js";
import { parseJob, serializeJob } from "../../../lib/schema/job-json.js";
import { seededJobs, testColumn, testJob } from "../../support/jobs.js";
import { scriptedFileSystem } from "../../support/scripted-file-system.js";
import { sharedData } from "../../support/shared-data.js";
import { useTempFolder } from "../../support/temp-folder.js";
import { dataOf, exactly, keyOf, testArchive, testData } from "./archives.js";

for (const format of ["columnar", "json"] as const) {
	describe(`file archive, ${format}`, () => {
		const folder = useTempFolder();

		it("gives jobs of all kinds back: meta, data, statistics", async () => {
			const seed = 17;
			const archive = await testArchive(folder(), { format });
			const jobs = seededJobs(seed, 20);
			for (const [i, job] of jobs.entries())
				await archive.importJob(job, testData(i, 1 + i * 20));
			for (const [i, job] of jobs.entries()) {
				const key = keyOf(job);
				const data = testData(i, 1 + i * 20);
				const message = `seed ${seed}, job ${i}`;
				expect(await archive.exists(key), message).to.equal(true);
				expect(await archive.loadJobMeta(key), message).to.deep.equal(
					parseJob(JSON.parse(serializeJob(job))),
				);
				expect(exactly(await archive.loadJobData(key)), message).to.deep.equal(
					exactly(data),
				);
				const { flops_any } = await archive.loadJobStats(key);
				expect(flops_any.core, message).to.deep.equal(
					data.flops_any.core?.series.map(({ data: _, ...rest }) => rest),
				);
			}
		});

		it("gives every sample back to the bit, or to two decimals", async () => {
			const archive = await testArchive(folder(), { format });
			const column = testColumn({ series: 1, samplesPerSeries: 8 });
			column.samples.set([
				1 / 3,
				-1e300,
				5e-324,
				-0,
				Number.NaN,
				2 ** 53,
				0.1,
				7,
			]);
			const job = testJob();
			await archive.importJob(job, dataOf([column]));
			const [read] = columnsOf(await archive.loadJobData(job));
			expect(read.samples).to.deep.equal(
				format === "columnar"
					? column.samples
					: Float64Array.of(0.33, -1e300, 0, 0, Number.NaN, 2 ** 53, 0.1, 7),
			);
		});

		it("gives the selected metrics and scopes back, and nothing else", async () => {
			const archive = await testArchive(folder(), { format });
			const job = testJob();
			await archive.importJob(job, testData(1));
			const names = async (
				selection: Parameters<typeof archive.loadJobData>[1],
			) =>
				columnsOf(await archive.loadJobData(job, selection)).map(
					({ metric, scope }) => `${metric}/${scope}`,
				);
			expect(await names({ metrics: ["flops_any"] })).to.deep.equal([
				"flops_any/core",
			]);
			expect(await names({ scopes: ["node"] })).to.deep.equal([
				"cpu_load/node",
			]);
			expect(await names({ metrics: ["none"] })).to.deep.equal([]);
		});

		it("hands out stored bytes in a buffer of their own", async () => {
			const archive = await testArchive(folder(), { format });
			const job = testJob();
			await archive.importJob(job, testData(1, 500));
			const { bytes, path, encoding } = await archive.loadStoredData(job);
			expect(encoding).to.equal(format === "json" ? "json.gz" : "columnar");
			expect(bytes.buffer.byteLength).to.equal(bytes.byteLength);
			expect(Buffer.compare(bytes, await readFile(path))).to.equal(0);
		});

		it("holds __proto__ as a metric, a host and a key of the metadata", async () => {
			const archive = await testArchive(folder(), { format });
			const metaData = JSON.parse('{"__proto__":"x"}');
			const job = testJob({ metaData, resources: [{ hostname: "__proto__" }] });
			const column = testColumn({
				metric: "__proto__",
				series: 1,
				hostnames: ["__proto__"],
			});
			await archive.importJob(job, dataOf([column]));
			const data = await archive.loadJobData(job);
			expect(Object.keys(data)).to.deep.equal(["__proto__"]);
			expect(exactly(data)).to.deep.equal(exactly(dataOf([column])));
			const stats = await archive.loadJobStats(job);
			expect(Object.keys(stats)).to.deep.equal(["__proto__"]);
			const meta = await archive.loadJobMeta(job);
			expect(Object.entries(meta.metaData)).to.deep.equal([["__proto__", "x"]]);
			expect(meta.resources[0].hostname).to.equal("__proto__");
		});

		it("takes a job bit by bit, as chunks of a large one come", async () => {
			const archive = await testArchive(folder(), { format });
			const job = testJob();
			const columns = columnsOf(testData(3, 700));
			const staged = await archive.stage(job);
			const pieces = format === "json" ? jsonPieces(columns) : parts(columns);
			for (const piece of pieces) {
				for (let at = 0; at < piece.length; at += 999)
					await staged.append(piece.subarray(at, at + 999));
			}
			const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
			expect(staged.dataBytes).to.equal(bytes);
			expect(await archive.exists(job)).to.equal(false);
			await staged.seal(format === "json" ? "json.gz" : "columnar", job);
			expect(await archive.exists(job)).to.equal(false);
			expect(await archive.commit([staged])).to.deep.equal([undefined]);
			expect(exactly(await archive.loadJobData(job))).to.deep.equal(
				exactly(testData(3, 700)),
			);
		});

		it("makes files and folders that others cannot read or change", async () => {
			const archive = await testArchive(folder(), { format });
			const job = testJob();
			await archive.importJob(job, testData(1));
			const jobPath = join(folder(), jobFolder(job));
			const mode = async (path: string) => (await stat(path)).mode & 0o777;
			expect(await mode(jobPath)).to.equal(0o750 & ~process.umask());
			expect(await mode(join(jobPath, "meta.json"))).to.equal(
				0o640 & ~process.umask(),
			);
		});

		it("holds the real job", async function () {
			const path = sharedData("archive");
			if (path === undefined) this.skip();
			const source = await openArchive(path, { readOnly: true });
			const archive = await openArchive(folder(), { format });
			const key = { cluster: "emmy", jobId: 1403244, startTime: 1608923076 };
			const job = await source.loadJobMeta(key);
			const data = await source.loadJobData(key);
			await archive.storeClusterConfig(
				"emmy",
				await source.loadClusterConfig("emmy"),
			);
			await archive.importJob(job, data);
			expect(await archive.loadJobMeta(key)).to.deep.equal(job);
			const read = await archive.loadJobData(key);
			if (format === "columnar") {
				expect(exactly(read)).to.deep.equal(exactly(data));
				return;
			}
			const expected = columnsOf(data);
			columnsOf(read).forEach(({ metric, samples }, c) => {
				expect(metric).to.equal(expected[c].metric);
				const far = samples.filter((value, i) => {
					const original = expected[c].samples[i];
					return Number.isNaN(original)
						? !Number.isNaN(value)
						: !(Math.abs(value - original) < 0.005 + 1e-9);
				});
				expect(far, metric).to.have.length(0);
			});
		});
	});
}

describe("file archive", () => {
	const folder = useTempFolder();

	it("reads of a columnar job only what was asked for", async () => {
		const fileSystem = scriptedFileSystem();
		const archive = await testArchive(folder(), { fileSystem });
		const job = testJob();
		const columns = Array.from({ length: 20 }, (_, seed) =>
			testColumn({ metric: `m${seed}`, seed, samplesPerSeries: 2000 }),
		);
		await archive.importJob(job, dataOf(columns));
		const bytesRead = async (load: () => Promise<unknown>) => {
			const before = fileSystem.calls.length;
			await load();
			return fileSystem.calls
				.slice(before)
				.reduce(
					(sum, { name, length = 0 }) =>
						sum + (name === "file.read" ? length : 0),
					0,
				);
		};
		const all = await bytesRead(() => archive.loadStoredData(job));
		const one = await bytesRead(() =>
			archive.loadJobData(job, { metrics: ["m7"] }),
		);
		const statistics = await bytesRead(() => archive.loadJobStats(job));
		expect(one).to.be.below(all / 5);
		expect(statistics).to.be.below(one);
	});

	it("writes JSON that ClusterCockpit's readers find: .gz above 2,000 bytes", async () => {
		const archive = await testArchive(folder(), { format: "json" });
		const [small, large] = [testJob({ jobId: 7 }), testJob({ jobId: 1008 })];
		await archive.importJob(small, testData(1, 3));
		await archive.importJob(large, testData(1, 300));
		const start = small.startTime;
		const text = await readFile(
			join(folder(), `testcluster/0/007/${start}/data.json`),
			"utf8",
		);
		expect(Buffer.byteLength(text)).to.be.at.most(2000);
		expect(Object.keys(JSON.parse(text))).to.deep.equal([
			"cpu_load",
			"flops_any",
		]);
		const zipped = await readFile(
			join(folder(), `testcluster/1/008/${start}/data.json.gz`),
		);
		expect(gunzipSync(zipped).length).to.be.above(2000);
	});
});

function jsonPieces(columns: readonly Column[]): Uint8Array[] {
	return assembleJson(columns).map((piece) =>
		piece instanceof Uint8Array ? piece : encodeJsonColumn(piece),
	);
}

function parts(columns: readonly Column[]): Uint8Array[] {
	let byteOffset = fileHeader().byteLength;
	const pieces = [fileHeader()];
	const summaries = columns.map((column) => {
		const { frames, summary } = encodePart([column], "fast");
		pieces.push(frames.slice());
		byteOffset += frames.byteLength;
		return { byteOffset: byteOffset - frames.byteLength, summary };
	});
	return [...pieces, encodeTail(summaries, {})];
}

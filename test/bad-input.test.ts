import * as nodeFileSystem from "node:fs/promises";
import { readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { FileArchive } from "../lib/archive/file/file-archive.js";
import { jobDataOf } from "../lib/codec/job-data.js";
import { measureColumn } from "../lib/codec/statistics.js";
import { type Job, openArchive, ReplaySource } from "../lib/index.js";
import type { JobData } from "../lib/schema/metric.js";
import { type House, useHouse } from "./support/house.js";
import { testCluster, testJob } from "./support/jobs.js";
import { rejected } from "./support/rejected.js";
import { columnsFor, ScriptedSource } from "./support/scripted-source.js";
import { useTempFolder } from "./support/temp-folder.js";

describe("bad input ends in a recorded failure with a code, and the next job is archived:", () => {
	const openHouse = useHouse();
	const tempFolder = useTempFolder();

	/** Archives `bad`, then a sound job; checks what both leave behind. */
	async function expectFailure(
		house: House,
		bad: Job,
		code: string,
	): Promise<string> {
		const { archiver, archive, repository, registerIds, folder } = house;
		const [sound] = await registerIds([999]);
		const failing = rejected(archiver.archiveJob(bad));
		const next = archiver.archiveJob(sound);
		const error = await failing;
		expect(error.code).to.equal(code);
		await next;
		expect(await repository.failureOf(bad)).to.deep.include({
			code,
			message: error.message,
		});
		expect((await repository.findJob(bad))?.monitoringStatus).to.equal(2);
		expect(await archive.exists(bad), "nothing of it is visible").to.equal(
			false,
		);
		expect((await repository.findJob(sound))?.monitoringStatus).to.equal(3);
		expect(await archive.loadJobData(sound)).to.have.property("cpu_load");
		await archiver.shutdown();
		expect(
			await temporariesIn(join(folder, "archive")),
			"nothing is half-written",
		).to.deep.equal([]);
		return error.message;
	}

	it("a cluster that nobody knows", async () => {
		const house = await openHouse();
		const [job] = await house.registerIds([1], { cluster: "elsewhere" });
		expect(await expectFailure(house, job, "CLUSTER_UNKNOWN")).to.contain(
			"elsewhere",
		);
	});

	it("a subcluster that is not configured", async () => {
		const source = new ScriptedSource();
		const house = await openHouse({
			source: { load: (request) => source.load(request) },
		});
		const [job] = await house.register([testJob({ jobId: 1 })]);
		const message = await expectFailure(
			house,
			{ ...job, subCluster: "attic" },
			"CLUSTER_UNKNOWN",
		);
		expect(message).to.contain("attic");
	});

	it("a job without resources", async () => {
		const house = await openHouse();
		const [job] = await house.registerIds([1]);
		expect(
			await expectFailure(house, { ...job, resources: [] }, "INVALID_INPUT"),
		).to.contain("resources");
	});

	it("a job without any sample", async () => {
		const source = new ScriptedSource();
		for (const [jobId, silence] of [
			[1, []],
			[
				2,
				columnsFor(testJob({ jobId: 2 })).map((column) => ({
					...column,
					samples: column.samples.fill(Number.NaN),
				})),
			],
		] as const) {
			source.when(jobId, () => [...silence]);
			const house = await openHouse({ source });
			const [job] = await house.registerIds([jobId]);
			await expectFailure(house, job, "NO_DATA");
		}
	});

	it("a source that throws half-way", async () => {
		const source = new ScriptedSource().when(
			1,
			async function* ({ allocate, job }) {
				const [column] = columnsFor(job);
				const { samples, ...header } = column;
				yield {
					kind: "samples",
					columns: [header],
					buffer: allocate(samples.byteLength),
				};
				throw new Error("connection reset");
			},
		);
		const house = await openHouse({ source });
		const [job] = await house.registerIds([1]);
		expect(await expectFailure(house, job, "SOURCE_UNAVAILABLE")).to.contain(
			"connection reset",
		);
	});

	it("a source that gives what is no chunk", async () => {
		const source = new ScriptedSource().when(1, async function* ({ job }) {
			const [{ samples: _, ...header }] = columnsFor(job);
			yield {
				kind: "samples",
				columns: [header],
				buffer: new ArrayBuffer(8),
				last: true,
			};
		});
		const house = await openHouse({ source });
		const [job] = await house.registerIds([1]);
		await expectFailure(house, job, "SOURCE_DATA_INVALID");
	});

	it("a job that the database does not hold", async () => {
		const { archiver, archive, registerIds } = await openHouse();
		const [sound] = await registerIds([999]);
		const stranger = testJob({ jobId: 1 });
		expect((await rejected(archiver.archiveJob(stranger))).code).to.equal(
			"JOB_UNKNOWN",
		);
		await archiver.archiveJob(sound);
		expect(await archive.exists(stranger)).to.equal(false);
	});

	for (const format of ["columnar", "json"] as const) {
		it(`a data file cut short, and a malformed meta.json beside it (${format})`, async () => {
			const from = await archiveOfTwo(tempFolder(), format);
			const source = new ReplaySource(from);
			const house = await openHouse({ source });
			const [cut] = await house.registerIds([1]);
			const [folder, dataFile] = await jobFolderOf(from.target, 1);
			await truncate(join(folder, dataFile), 100);
			await writeFile(join(folder, "meta.json"), '{"jobId": 1,');
			expect(await expectFailure(house, cut, "SOURCE_DATA_INVALID")).to.contain(
				dataFile,
			);
			expect((await rejected(from.loadJobMeta(cut))).code).to.equal(
				"DATA_CORRUPT",
			);
		});
	}

	for (const [system, code] of [
		["ENOSPC", "ARCHIVE_FULL"],
		["EROFS", "ARCHIVE_READ_ONLY"],
		["EIO", "ARCHIVE_WRITE_FAILED"],
	] as const) {
		for (const call of ["open", "rename"] as const) {
			it(`a file system that refuses with ${system} at the first ${call} of a job`, async () => {
				let refuse = false;
				const plain = { ...nodeFileSystem } as unknown as Record<
					string,
					(...args: unknown[]) => Promise<unknown>
				>;
				const fileSystem = {
					...nodeFileSystem,
					[call]: async (...args: unknown[]) => {
						if (!refuse) return plain[call](...args);
						refuse = false;
						const message = `${system}: refused, ${call}`;
						throw Object.assign(new Error(message), { code: system });
					},
				} as typeof nodeFileSystem;
				const archive = await FileArchive.open(join(tempFolder(), "archive"), {
					fileSystem,
					fsync: false,
				});
				const house = await openHouse({ archive });
				const [bad, sound] = await house.registerIds([1, 999]);
				await house.archiver.archiveJob(sound);
				refuse = true;
				const error = await rejected(house.archiver.archiveJob(bad));
				expect(error.code).to.equal(code);
				expect(error.details).to.include({ jobId: 1 });
				expect(await house.repository.failureOf(bad)).to.include({ code });
				expect(await archive.exists(bad)).to.equal(false);
				expect(
					await temporariesIn(join(tempFolder(), "archive")),
				).to.deep.equal([]);
				await house.archiver.archiveJob(bad);
				expect((await house.repository.countByStatus())[3]).to.equal(2);
			});
		}
	}
});

async function temporariesIn(path: string): Promise<string[]> {
	return (await readdir(path, { recursive: true }).catch(() => [])).filter(
		(name) => name.includes("tmp"),
	);
}

async function archiveOfTwo(folder: string, format: "columnar" | "json") {
	const archive = await openArchive(`file:${join(folder, "from")}`, {
		format,
		fsync: false,
	});
	await archive.storeClusterConfig("testcluster", testCluster());
	for (const jobId of [1, 999]) {
		const job = testJob({ jobId, duration: 600 });
		await archive.importJob(job, dataOf(job));
	}
	return archive;
}

function dataOf(job: Job): JobData {
	return jobDataOf(columnsFor(job, 400), measureColumn);
}

/** Folder of a job, with its data file's name. */
async function jobFolderOf(
	target: string,
	jobId: number,
): Promise<[string, string]> {
	const { startTime } = testJob();
	const folder = join(
		target.replace("file:", ""),
		"testcluster",
		"0",
		String(jobId).padStart(3, "0"),
		String(startTime),
	);
	const [dataFile] = (await readdir(folder)).filter((name) =>
		name.startsWith("data"),
	);
	return [folder, dataFile];
}

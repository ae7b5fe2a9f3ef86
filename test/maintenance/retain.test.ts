import { readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { dataFactsOf } from "../../lib/archive/data-facts.js";
import { FileArchive } from "../../lib/archive/file/file-archive.js";
import { dataIdOf } from "../../lib/codec/data-id.js";
import {
	type Archive,
	openArchive,
	type RetainOptions,
	type RetentionPolicy,
	retain,
	SqliteJobRepository,
	type WorkerPool,
} from "../../lib/index.js";
import { verifyArchive } from "../../lib/maintenance/verify-archive.js";
import { formatJobKey, type Job } from "../../lib/schema/job.js";
import { serializeJob } from "../../lib/schema/job-json.js";
import { jobFolder, leftoversIn } from "../cli/job-archive.js";
import { withDatabase } from "../support/job-database.js";
import { seededJobs, TEST_START_TIME } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import { scriptedFileSystem } from "../support/scripted-file-system.js";
import { useTempFolder } from "../support/temp-folder.js";
import {
	bitsOfData,
	makeArchive,
	seededData,
	usePool,
} from "./seeded-archive.js";

const AGE_DAYS = 30;
const OLD_JOBS = 6;

describe("retention", () => {
	const folder = useTempFolder();
	const pool = usePool();
	const path = (name: string) => join(folder(), name);
	const jobs = seededJobs(81, 8);
	const old = jobs.slice(0, OLD_JOBS);
	const young = jobs.slice(OLD_JOBS);
	/** At which the first six jobs are old. */
	const now = TEST_START_TIME + AGE_DAYS * 86_400 + OLD_JOBS * 60;
	const keys = (some: readonly Job[]) => some.map(formatJobKey);
	const untouched = { skipped: 0, spared: 0, failed: [], rows: 0 };

	function run(
		archive: Archive,
		policy: RetentionPolicy,
		more: Partial<RetainOptions> = {},
	) {
		return retain(archive, { pool, policy, ageDays: AGE_DAYS, now, ...more });
	}

	async function keysIn(archive: Archive): Promise<string[]> {
		const found: string[] = [];
		for await (const { key } of archive.iterate({ halfRemoved: true }))
			found.push(formatJobKey(key));
		return found;
	}

	async function expectJobs(
		archive: Archive,
		expected: readonly Job[],
	): Promise<void> {
		expect(await keysIn(archive)).to.deep.equal(keys(expected));
		for (const job of expected) {
			expect(serializeJob(await archive.loadJobMeta(job))).to.equal(
				serializeJob(job),
			);
			const data = await archive.loadJobData(job);
			expect(bitsOfData(data)).to.deep.equal(bitsOfData(seededData(job)));
		}
	}

	/** A database in which all jobs are archived. */
	async function withRows<T>(
		work: (repository: SqliteJobRepository) => Promise<T>,
	): Promise<T> {
		const repository = await SqliteJobRepository.open(path("job.db"), {
			fsync: false,
		});
		try {
			await repository.registerJobs(jobs);
			await withDatabase(path("job.db"), (database) =>
				database.script("UPDATE job SET monitoring_status = 3"),
			);
			return await work(repository);
		} finally {
			await repository.close();
		}
	}

	const places = {
		files: (name: string) => path(name),
		SQLite: (name: string) => `sqlite:${path(name)}.db`,
	};
	for (const [from, to] of [
		["files", "SQLite"],
		["SQLite", "files"],
	] as const) {
		it(`deletes old jobs in ${from}, and no young one`, async () => {
			const archive = await makeArchive(places[from]("a"), "columnar", jobs);
			const progress: number[] = [];
			const result = await run(
				archive,
				{ kind: "delete" },
				{ onProgress: ({ jobs }) => progress.push(jobs) },
			);
			expect(result).to.deep.include({ ...untouched, done: 6, bytes: 0 });
			expect(progress).to.deep.equal([1, 2, 3, 4, 5, 6]);
			await expectJobs(archive, young);
			await archive.close();
		});

		it(`copies old jobs from ${from} to ${to}, once`, async () => {
			const archive = await makeArchive(places[from]("a"), "json", jobs);
			const target = await openArchive(places[to]("b"), { fsync: false });
			const policy = { kind: "copy", target } as const;
			const first = await run(archive, policy);
			expect(first).to.deep.include({ ...untouched, done: 6 });
			expect(first.bytes).to.be.above(0).and.to.equal(first.bytesBefore);
			await expectJobs(archive, jobs);
			await expectJobs(target, old);
			expect(await target.loadClusterConfig("testcluster")).to.deep.equal(
				await archive.loadClusterConfig("testcluster"),
			);
			expect(await run(archive, policy)).to.deep.include({
				...untouched,
				done: 0,
				skipped: 6,
				bytes: 0,
			});
			await Promise.all([archive.close(), target.close()]);
		});

		it(`moves old jobs from ${from} to ${to}, in the database too`, async () => {
			const archive = await makeArchive(places[from]("a"), "columnar", jobs);
			const target = await openArchive(places[to]("b"), { fsync: false });
			await withRows(async (repository) => {
				const policy = { kind: "move", target } as const;
				const options = { repository };
				expect(
					await run(archive, policy, { ...options, dryRun: true }),
				).to.deep.include({ ...untouched, done: 6 });
				expect(await target.clusters()).to.deep.equal([]);
				await expectJobs(archive, jobs);
				expect(await run(archive, policy, options)).to.deep.include({
					...untouched,
					done: 6,
					rows: 6,
				});
				expect(keys(await repository.findByTime())).to.deep.equal(keys(young));
			});
			await expectJobs(archive, young);
			await expectJobs(target, old);
			await Promise.all([archive.close(), target.close()]);
		});
	}

	for (const format of ["columnar", "json"] as const) {
		it(`thins ${format} jobs to fewer samples, once`, async () => {
			const archive = await makeArchive(path("a"), format, jobs);
			const before = await archive.loadJobStats(old[0]);
			const policy = {
				kind: "thin",
				series: { resolutionSeconds: 600 },
			} as const;
			const result = await run(archive, policy);
			expect(result).to.deep.include({ ...untouched, done: 6 });
			expect(result.bytes).to.be.within(1, result.bytesBefore - 1);
			for (const job of old) {
				const meta = await archive.loadJobMeta(job);
				expect(dataFactsOf(meta)).to.deep.include({ format, thinned: 600 });
				expect(meta.statistics).to.include.keys("cpu_load");
				const { bytes, encoding } = await archive.loadStoredData(job);
				expect(dataIdOf(bytes, encoding)).to.equal(dataFactsOf(meta)?.dataId);
				const thin = (await archive.loadJobData(job)).cpu_load.node;
				const whole = seededData(job).cpu_load.node;
				expect(thin?.timestep).to.equal(600);
				expect(thin?.series.map(({ data }) => data.length)).to.deep.equal(
					whole?.series.map(({ data }) => Math.ceil(data.length / 10)),
				);
				expect(thin?.series[0].data[0]).to.be.closeTo(
					mean(whole?.series[0].data.subarray(0, 10)),
					0.006,
				);
			}
			const { avg = 0 } = before.cpu_load.node?.[0].statistics ?? {};
			if (old[0].numNodes === 1)
				expect(
					(await archive.loadJobMeta(old[0])).statistics?.cpu_load.avg,
				).to.be.closeTo(avg, 0.006);
			const { faults } = await verifyArchive(archive, { pool });
			expect(faults).to.deep.equal([]);
			const again = await run(archive, policy);
			expect(again).to.deep.include({ ...untouched, done: 0, skipped: 6 });
		});

		it(`drops the series of ${format} jobs, and keeps what the meta tells`, async () => {
			const statistics = {
				cpu_load: { unit: { base: "" }, avg: 1, min: 0, max: 2 },
			};
			const told = [{ ...jobs[0], statistics }, ...jobs.slice(1)];
			const archive = await makeArchive(path("a"), format, told);
			const policy = { kind: "thin", series: "drop" } as const;
			const result = await run(archive, policy);
			expect(result).to.deep.include({ ...untouched, done: 6 });
			expect(result.bytes).to.be.below(result.bytesBefore / 2);
			for (const job of old) {
				const meta = await archive.loadJobMeta(job);
				expect(Object.keys(await archive.loadJobData(job))).to.have.lengthOf(0);
				expect(Object.keys(await archive.loadJobStats(job))).to.deep.equal([]);
				expect(dataFactsOf(meta)).to.deep.include({
					format,
					series: 0,
					thinned: "dropped",
				});
				if (job === old[0])
					expect({ ...meta.statistics }).to.deep.equal(statistics);
				else expect(meta.statistics).to.include.keys("cpu_load", "__proto__");
			}
			const { faults } = await verifyArchive(archive, { pool });
			expect(faults).to.deep.equal([]);
			expect(await keysIn(archive)).to.deep.equal(keys(jobs));
			const thin = { resolutionSeconds: 60 };
			for (const series of [policy.series, thin])
				expect(await run(archive, { kind: "thin", series })).to.deep.include({
					...untouched,
					done: 0,
					skipped: 6,
				});
		});
	}

	it("leaves metrics that are amounts at their timestep", async () => {
		const archive = await makeArchive(path("a"), "columnar", jobs);
		const config = await archive.loadClusterConfig("testcluster");
		Object.assign(config.metricConfig[0], {
			unit: { base: "J" },
			energy: "energy",
		});
		await archive.storeClusterConfig("testcluster", config);
		const series = { resolutionSeconds: 120 };
		await run(archive, { kind: "thin", series });
		const data = await archive.loadJobData(old[0]);
		expect(data.cpu_load.node?.timestep).to.equal(60);
		expect(Object.values(data)[1].node?.timestep).to.equal(120);
	});

	it("spares jobs that run, are not archived, or are tagged, in the archive or in the database", async () => {
		const tag = (type: string) => [{ type, name: "x", scope: "global" }];
		const stored = jobs.map((job, i): Job => {
			if (i === 0) return { ...job, jobState: "running" };
			return i < 4
				? { ...job, tags: tag(["app", "jobClass", "t"][i - 1]) }
				: job;
		});
		const archive = await makeArchive(path("a"), "columnar", stored);
		const policy = { kind: "delete" } as const;
		const count = async (more: Partial<RetainOptions>) => {
			const { done, spared } = await run(archive, policy, {
				dryRun: true,
				...more,
			});
			return { done, spared };
		};
		expect(await count({})).to.deep.equal({ done: 5, spared: 1 });
		expect(await count({ omitTagged: "user" })).to.deep.equal({
			done: 4,
			spared: 2,
		});
		expect(await count({ omitTagged: "all" })).to.deep.equal({
			done: 2,
			spared: 4,
		});
		await withRows(async (repository) => {
			await withDatabase(path("job.db"), (database) =>
				database.script(`
					UPDATE job SET monitoring_status = 2 WHERE job_id = ${jobs[4].jobId};
					UPDATE job SET monitoring_status = 1 WHERE job_id = ${jobs[1].jobId};
					INSERT INTO tag (tag_type, tag_name) VALUES ('t', 'x');
					INSERT INTO jobtag (job_id, tag_id)
						SELECT job.id, tag.id FROM job, tag WHERE job.job_id = ${jobs[5].jobId};
				`),
			);
			expect(await count({ repository })).to.deep.equal({ done: 3, spared: 3 });
			const result = await run(archive, policy, {
				repository,
				omitTagged: "user",
			});
			expect(result).to.deep.include({ done: 1, spared: 5, rows: 1 });
			expect(await keysIn(archive)).to.deep.equal(
				keys(jobs.filter((_, i) => i !== 2)),
			);
		});
	});

	it("moves on from a target that fails every third job, and a second run completes it", async () => {
		const archive = await makeArchive(path("a"), "columnar", jobs);
		await (await makeArchive(path("b"), "columnar", [])).close();
		const failing = old.filter((_, i) => i % 3 === 2);
		const target = await FileArchive.open(path("b"), {
			fileSystem: scriptedFileSystem(({ name, to }) =>
				name === "rename" &&
				failing.some((job) => to?.startsWith(jobFolder(path("b"), job)))
					? { code: "EIO" }
					: undefined,
			),
		});
		const filesOf = (job: Job) =>
			Promise.all(
				["meta.json", "data.hjc"].map((name) =>
					readFile(join(jobFolder(path("a"), job), name)),
				),
			);
		const before = await Promise.all(failing.map(filesOf));
		await withRows(async (repository) => {
			const options = { repository };
			const first = await run(archive, { kind: "move", target }, options);
			expect(first).to.deep.include({ done: 4, rows: 4 });
			expect(
				first.failed.map(({ jobId, code }) => [jobId, code]),
			).to.deep.equal(
				failing.map(({ jobId }) => [jobId, "ARCHIVE_WRITE_FAILED"]),
			);
			expect(await Promise.all(failing.map(filesOf))).to.deep.equal(before);
			expect(await keysIn(archive)).to.deep.equal(keys([...failing, ...young]));
			expect(keys(await repository.findByTime())).to.deep.equal(
				keys([...failing, ...young]),
			);
			await target.close();
			expect(await leftoversIn(path("b"))).to.deep.equal([]);

			const sound = await openArchive(path("b"), { fsync: false });
			const second = await run(
				archive,
				{ kind: "move", target: sound },
				options,
			);
			expect(second).to.deep.include({ ...untouched, done: 2, rows: 2 });
			await expectJobs(archive, young);
			await expectJobs(sound, old);
		});
	});

	it("removes no job whose copy is not what was copied, nor one that is changed meanwhile", async () => {
		const archive = await makeArchive(path("a"), "columnar", jobs);
		const target = await openArchive(path("b"), { fsync: false });
		const runAndChange: WorkerPool["run"] = async (...args) => {
			const result = await pool.run(...args);
			await archive.storeJobMeta({ ...old[1], user: "changed" });
			return result;
		};
		const { done, failed } = await run(
			archive,
			{ kind: "move", target: lyingArchive(target, old[4].jobId) },
			{ pool: { run: runAndChange } },
		);
		expect(done).to.equal(4);
		expect(failed.map(({ jobId, code }) => [jobId, code])).to.deep.equal([
			[old[1].jobId, "ARCHIVE_WRITE_FAILED"],
			[old[4].jobId, "DATA_CORRUPT"],
		]);
		expect(await keysIn(archive)).to.deep.equal(
			keys([old[1], old[4], ...young]),
		);
		const second = await run(archive, { kind: "move", target });
		expect(second).to.deep.include({ ...untouched, done: 2 });
		expect((await target.loadJobMeta(old[1])).user).to.equal("changed");
	});

	it("hands on no damage, and lists it", async () => {
		const archive = await makeArchive(path("a"), "columnar", jobs);
		const target = await openArchive(path("b"), { fsync: false });
		const file = (i: number, name: string) =>
			join(jobFolder(path("a"), jobs[i]), name);
		const bytes = await readFile(file(0, "data.hjc"));
		bytes[bytes.length >> 1] ^= 1;
		await writeFile(file(0, "data.hjc"), bytes);
		await rm(file(1, "data.hjc"));
		await writeFile(file(2, "meta.json"), "{");
		for (const kind of ["copy", "move"] as const) {
			const { done, failed } = await run(archive, { kind, target });
			expect(done).to.equal(3);
			expect(failed.map(({ jobId, code }) => [jobId, code])).to.deep.equal(
				old.slice(0, 3).map(({ jobId }) => [jobId, "DATA_CORRUPT"]),
			);
		}
		await expectJobs(target, old.slice(3));
		expect(await keysIn(archive)).to.deep.equal(
			keys([...old.slice(0, 3), ...young]),
		);
	});

	it("takes what an interrupted run has half removed, where its copy is there", async () => {
		const archive = await makeArchive(path("a"), "columnar", jobs);
		const target = await makeArchive(path("b"), "columnar", [old[1]]);
		for (const i of [1, 2])
			await rm(join(jobFolder(path("a"), old[i]), "meta.json"));
		const result = await run(archive, { kind: "move", target });
		expect(result).to.deep.include({ ...untouched, done: 5, spared: 1 });
		expect(await keysIn(archive)).to.deep.equal(keys([old[2], ...young]));
		await expectJobs(
			target,
			old.filter((_, i) => i !== 2),
		);
		expect(await run(archive, { kind: "delete" })).to.include({ done: 1 });
		expect(await keysIn(archive)).to.deep.equal(keys(young));
	});

	it("ends early when its signal aborts, and goes on where it stopped", async () => {
		const archive = await makeArchive(path("a"), "columnar", jobs);
		const target = await openArchive(path("b"), { fsync: false });
		const controller = new AbortController();
		const policy = { kind: "move", target } as const;
		const first = await run(archive, policy, {
			bufferBytes: 1,
			signal: controller.signal,
			onProgress: () => controller.abort(),
		});
		expect(first.done).to.be.within(1, 5);
		expect(first.failed).to.deep.equal([]);
		expect(await run(archive, policy)).to.deep.include({
			...untouched,
			done: 6 - first.done,
		});
		await expectJobs(target, old);
		await expectJobs(archive, young);
	});

	it("refuses to move jobs to where they are, whatever that is called", async () => {
		const archive = await makeArchive(path("a"), "columnar", jobs);
		await symlink(path("a"), path("link"));
		for (const name of [path("a"), `${path("a")}/../a/`, path("link")]) {
			const target = await openArchive(name, { fsync: false });
			for (const kind of ["copy", "move"] as const) {
				const error = await rejected(run(archive, { kind, target }));
				expect(error.code).to.equal("INVALID_INPUT");
			}
			const error = await rejected(archive.move(old, target));
			expect(error.code).to.equal("INVALID_INPUT");
		}
		await expectJobs(archive, jobs);
	});

	it("wants an age and a resolution that are numbers", async () => {
		const archive = await makeArchive(path("a"), "columnar", []);
		for (const ageDays of [-1, Number.NaN]) {
			const wrong = run(archive, { kind: "delete" }, { ageDays });
			expect((await rejected(wrong)).details.field).to.equal("ageDays");
		}
		for (const resolutionSeconds of [0, 1.5]) {
			const series = { resolutionSeconds };
			const wrong = run(archive, { kind: "thin", series });
			expect((await rejected(wrong)).code).to.equal("INVALID_INPUT");
		}
	});
});

function mean(samples: Float64Array = new Float64Array()): number {
	const there = samples.filter((sample) => !Number.isNaN(sample));
	return there.reduce((sum, sample) => sum + sample, 0) / there.length;
}

/** An archive on a disk that gives other bytes back for a job than it was given. */
function lyingArchive(archive: Archive, lies: number): Archive {
	return new Proxy(archive, {
		get(target, name) {
			if (name === "loadStoredData")
				return async (key: Parameters<Archive["loadStoredData"]>[0]) => {
					const stored = await target.loadStoredData(key);
					if (key.jobId === lies) stored.bytes[stored.bytes.length >> 1] ^= 1;
					return stored;
				};
			const value: unknown = Reflect.get(target, name, target);
			return typeof value === "function" ? value.bind(target) : value;
		},
	});
}

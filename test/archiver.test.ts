import { expect } from "chai";
import type { Job } from "../lib/index.js";
import { gate, useHouse } from "./support/house.js";
import { bitsOf, testJob } from "./support/jobs.js";
import { isSettled, rejected } from "./support/rejected.js";
import { columnsFor, ScriptedSource } from "./support/scripted-source.js";
import { until } from "./support/until.js";

describe("the archiver", () => {
	const openHouse = useHouse();

	for (const format of ["columnar", "json"] as const) {
		it(`takes a started and stopped job to a ${format} archive, the database and the hooks`, async () => {
			const told: string[] = [];
			const { archiver, archive, repository } = await openHouse({
				format,
				hooks: [
					{
						onJobStart: ({ jobId, jobState }) =>
							void told.push(`start ${jobId} ${jobState}`),
						onJobStop: ({ jobId, statistics }) =>
							void told.push(`stop ${jobId} ${Object.keys(statistics ?? {})}`),
					},
				],
			});
			const key = {
				cluster: "testcluster",
				jobId: 7,
				startTime: 1_700_000_000,
			};
			await archiver.startJob({
				...key,
				subCluster: "cpu",
				user: "u",
				project: "p",
				resources: [{ hostname: "n001" }, { hostname: "n002" }],
				metaData: { jobName: "heat" },
			});
			await archiver.stopJob(key, {
				state: "completed",
				stopTime: key.startTime + 540,
			});
			await archiver.shutdown();

			const row = (await repository.findJob(key)) as Job;
			expect(row.monitoringStatus).to.equal(3);
			expect(row.duration).to.equal(540);
			expect(Object.keys(row.footprint ?? {})).to.deep.equal([
				"cpu_load_avg",
				"mem_used_max",
			]);
			expect(row.energyFootprint).to.deep.equal({});
			const meta = await archive.loadJobMeta(key);
			expect(meta.statistics?.cpu_load.avg).to.equal(
				row.footprint?.cpu_load_avg,
			);
			expect(meta.metaData.jobName).to.equal("heat");
			expect(JSON.parse(meta.metaData.hpcJobArchiver)).to.include({
				format,
				series: 4,
				samples: 40,
			});
			const data = await archive.loadJobData(key);
			const [load] = columnsFor(meta);
			const series = data.cpu_load.node?.series ?? [];
			expect(series.map(({ hostname }) => hostname)).to.deep.equal([
				"n001",
				"n002",
			]);
			expect(bitsOf(series[1].data)).to.equal(bitsOf(load.samples.slice(10)));
			expect(told).to.deep.equal([
				"start 7 running",
				"stop 7 cpu_load,mem_used",
			]);
		});
	}

	it("archives nothing of a job whose monitoring is disabled", async () => {
		const source = new ScriptedSource();
		const { archiver, repository } = await openHouse({ source });
		const key = { cluster: "testcluster", jobId: 7, startTime: 1_700_000_000 };
		await archiver.startJob({
			...key,
			user: "u",
			project: "p",
			resources: [{ hostname: "n001" }],
			monitoringStatus: 0,
		});
		await archiver.stopJob(key, {
			state: "failed",
			stopTime: key.startTime + 60,
		});
		await archiver.shutdown();
		expect(source.requests).to.deep.equal([]);
		expect((await repository.findJob(key))?.monitoringStatus).to.equal(0);
	});

	it("commits in trigger order, whatever order results come in", async () => {
		const slow = gate();
		const order: number[] = [];
		const source = new ScriptedSource();
		const { archiver, repository, registerIds } = await openHouse({
			source,
			hooks: [{ onJobStop: ({ jobId }) => void order.push(jobId) }],
		});
		source.when(1, async ({ job }) => {
			await slow.opened;
			return columnsFor(job);
		});
		const jobs = await registerIds([1, 2, 3, 4, 5]);
		const last = archiver.archiveJob(jobs[4]);
		void last;
		const rest = jobs.slice(0, 4).map((job) => archiver.archiveJob(job));
		await last;
		expect(order, "job 5 came first").to.deep.equal([5]);
		await until(() => archiver.stats().ready >= 3);
		expect((await repository.countByStatus())[3]).to.equal(1);
		slow.open();
		await Promise.all(rest);
		await archiver.shutdown();
		expect(order).to.deep.equal([5, 1, 2, 3, 4]);
	});

	it("lets the 129th trigger wait for a slot, and its wait be cancelled", async () => {
		const hanging = gate();
		const source = new ScriptedSource(async ({ job }) => {
			await hanging.opened;
			return columnsFor(job);
		});
		const { archiver, registerIds } = await openHouse({ source });
		const jobs = await registerIds(
			Array.from({ length: 130 }, (_, i) => i + 1),
		);
		await Promise.all(
			jobs.slice(0, 128).map((job) => archiver.triggerArchiving(job)),
		);
		const controller = new AbortController();
		const cancelled = archiver.triggerArchiving(jobs[128], {
			signal: controller.signal,
		});
		const patient = archiver.archiveJob(jobs[129]);
		expect(await isSettled(cancelled)).to.equal(false);
		expect(archiver.stats()).to.include({ queued: 128, waiting: 2 });
		controller.abort();
		expect((await rejected(cancelled)).code).to.equal("ABORTED");
		hanging.open();
		await patient;
		await archiver.waitForArchiving();
		expect(archiver.stats()).to.include({
			archived: 129,
			failed: 0,
			queued: 0,
			bytesInFlight: 0,
		});
	});

	it("fails a job that is cancelled while it loads, records that, and goes on", async () => {
		const hanging = gate();
		const source = new ScriptedSource().when(1, async ({ job }) => {
			await hanging.opened;
			return columnsFor(job);
		});
		const { archiver, repository, archive, registerIds } = await openHouse({
			source,
		});
		const [first, second] = await registerIds([1, 2]);
		const controller = new AbortController();
		const cancelled = archiver.archiveJob(first, { signal: controller.signal });
		const next = archiver.archiveJob(second);
		await until(() => source.requests.length === 2);
		controller.abort();
		expect((await rejected(cancelled)).code).to.equal("ABORTED");
		await next;
		expect(await repository.failureOf(first)).to.include({ code: "ABORTED" });
		expect((await repository.findJob(first))?.monitoringStatus).to.equal(2);
		expect(await archive.exists(first)).to.equal(false);
	});

	it("fails a job whose time is over", async () => {
		const source = new ScriptedSource().when(1, () => new Promise(() => {}));
		const { archiver, repository, registerIds } = await openHouse({
			source,
			options: { jobTimeoutMs: 1500 },
		});
		const [first, second] = await registerIds([1, 2]);
		const hung = archiver.archiveJob(first);
		const next = archiver.archiveJob(second);
		expect((await rejected(hung)).code).to.equal("TIMEOUT");
		await next;
		expect(await repository.failureOf(first)).to.include({ code: "TIMEOUT" });
	});

	it("retries what failed when told to, and forgets the reason once it succeeds", async () => {
		let sound = false;
		const source = new ScriptedSource(({ job }) => {
			if (!sound && job.jobId % 2 === 0) throw new Error("the store is down");
			return columnsFor(job);
		});
		const { archiver, repository, registerIds } = await openHouse({ source });
		const jobs = await registerIds([1, 2, 3, 4, 5, 6]);
		for (const job of jobs) await archiver.triggerArchiving(job);
		await archiver.waitForArchiving();
		expect(await repository.countByStatus()).to.include({ 2: 3, 3: 3 });
		const failed = await repository.findFailed();
		expect(
			failed.map(({ jobId, failure }) => [jobId, failure?.code]),
		).to.deep.equal([
			[2, "SOURCE_UNAVAILABLE"],
			[4, "SOURCE_UNAVAILABLE"],
			[6, "SOURCE_UNAVAILABLE"],
		]);
		expect(failed[0].failure?.message).to.equal("the store is down");
		sound = true;
		expect(await archiver.retryFailed({ limit: 2 })).to.equal(2);
		await archiver.waitForArchiving();
		expect(await archiver.retryFailed({ cluster: "testcluster" })).to.equal(1);
		await archiver.waitForArchiving();
		expect(await repository.countByStatus()).to.include({ 2: 0, 3: 6 });
		expect(await repository.failureOf(jobs[1])).to.equal(undefined);
	});

	describe("tries again by itself when told to", () => {
		/** A source that fails for a job the first `times` times, in a way that may pass. */
		function failing(jobId: number, times: number): ScriptedSource {
			let loads = 0;
			return new ScriptedSource().when(jobId, ({ job }) => {
				if (++loads <= times) throw new Error(`load ${loads} failed`);
				return columnsFor(job);
			});
		}
		const options = { retryLimit: 3, retryDelayMs: 20 };

		it("without holding up the jobs behind it, nor their order", async () => {
			const committed: number[] = [];
			const { archiver, repository, registerIds } = await openHouse({
				source: failing(1, 3),
				options: { ...options, channelCapacity: 1 },
				hooks: [{ onJobStop: ({ jobId }) => void committed.push(jobId) }],
			});
			const jobs = await registerIds([1, 2, 3, 4]);
			await Promise.all(jobs.map((job) => archiver.archiveJob(job)));
			await archiver.shutdown();
			expect(committed.filter((id) => id !== 1)).to.deep.equal([2, 3, 4]);
			expect(committed[0]).to.equal(2);
			expect((await repository.countByStatus())[3]).to.equal(4);
			expect(await repository.failureOf(jobs[0])).to.equal(undefined);
		});

		it("up to the limit, then records the last failure", async () => {
			const source = failing(1, 10);
			const { archiver, repository, registerIds } = await openHouse({
				source,
				options,
			});
			const [job] = await registerIds([1]);
			const error = await rejected(archiver.archiveJob(job));
			expect(error.message).to.equal("load 4 failed");
			expect(source.requests).to.have.lengthOf(4);
			expect(await repository.failureOf(job)).to.include({
				message: "load 4 failed",
			});
		});

		it("but not where trying again cannot help", async () => {
			const source = new ScriptedSource(() => []);
			const { archiver, registerIds } = await openHouse({ source, options });
			const [job] = await registerIds([1]);
			expect((await rejected(archiver.archiveJob(job))).code).to.equal(
				"NO_DATA",
			);
			expect(source.requests).to.have.lengthOf(1);
		});

		it("and leaves what still waits pending at shutdown, or when it is cancelled", async () => {
			const { archiver, repository, registerIds } = await openHouse({
				source: new ScriptedSource(() => {
					throw new Error("down");
				}),
				options: { retryLimit: 1, retryDelayMs: 60_000 },
			});
			const [first, second] = await registerIds([1, 2]);
			const controller = new AbortController();
			const cancelled = rejected(
				archiver.archiveJob(first, { signal: controller.signal }),
			);
			const waiting = rejected(archiver.archiveJob(second));
			await until(() => archiver.stats().retrying >= 2);
			controller.abort();
			expect((await cancelled).code).to.equal("ABORTED");
			await archiver.shutdown();
			expect((await waiting).code).to.equal("ARCHIVER_CLOSED");
			expect((await repository.countByStatus())[1]).to.equal(2);
		});
	});

	it("is harmed by no hook that throws, rejects or never answers", async () => {
		const told: string[] = [];
		const { archiver, repository, registerIds } = await openHouse({
			options: { hookTimeoutMs: 20 },
			hooks: [
				{
					onJobStop: () => {
						throw new Error("thrown");
					},
				},
				{ onJobStop: () => Promise.reject(new Error("rejected")) },
				{ onJobStop: () => new Promise(() => {}) },
				{ onJobStop: ({ jobId }) => void told.push(`last hook, job ${jobId}`) },
			],
		});
		const jobs = await registerIds([1, 2, 3]);
		await Promise.all(jobs.map((job) => archiver.archiveJob(job)));
		expect(
			(await repository.countByStatus())[3],
			"recorded before any hook is done",
		).to.equal(3);
		await archiver.shutdown();
		expect(told).to.deep.equal([
			"last hook, job 1",
			"last hook, job 2",
			"last hook, job 3",
		]);
	});

	it("replaces a job that is archived again, and keeps the tags it was given meanwhile", async () => {
		const { archiver, archive, registerIds } = await openHouse();
		const [job] = await registerIds([1]);
		const first = await archiver.archiveJob(job);
		const tag = { type: "performance", name: "memory bound", scope: "global" };
		await archive.storeJobMeta({
			...(await archive.loadJobMeta(job)),
			tags: [tag],
		});
		const again = await archiver.archiveJob(job);
		expect(again.bytes).to.equal(first.bytes);
		expect((await archive.loadJobMeta(job)).tags).to.deep.equal([tag]);
		expect((await archive.info()).jobs).to.equal(1);
	});

	it("refuses what is not a stopped job with a key", async () => {
		const { archiver } = await openHouse();
		const bad: [Partial<Job>, string][] = [
			[{ cluster: "../etc" }, "INVALID_INPUT"],
			[{ jobId: -1 }, "INVALID_INPUT"],
			[{ startTime: 1.5 }, "INVALID_INPUT"],
			[{ jobState: "running" }, "JOB_NOT_STOPPED"],
		];
		for (const [overrides, code] of bad) {
			const error = await rejected(
				archiver.triggerArchiving({ ...testJob(), ...overrides }),
			);
			expect(error.code, JSON.stringify(overrides)).to.equal(code);
		}
		expect(archiver.stats().queued).to.equal(0);
	});

	describe("shutdown", () => {
		it("finishes what was accepted, then takes nothing more", async () => {
			const { archiver, repository, registerIds } = await openHouse();
			const jobs = await registerIds([1, 2, 3]);
			for (const job of jobs) await archiver.triggerArchiving(job);
			const first = archiver.shutdown();
			expect(archiver.shutdown(), "later calls share the outcome").to.equal(
				first,
			);
			await first;
			expect((await repository.countByStatus())[3]).to.equal(3);
			expect(archiver.status).to.equal("stopped");
			expect(
				(await rejected(archiver.triggerArchiving(jobs[0]))).code,
			).to.equal("ARCHIVER_CLOSED");
			expect((await rejected(archiver.archiveJob(jobs[0]))).code).to.equal(
				"ARCHIVER_CLOSED",
			);
			expect((await rejected(archiver.retryFailed())).code).to.equal(
				"ARCHIVER_CLOSED",
			);
		});

		it("gives up on a source that hangs, and leaves its jobs pending", async () => {
			const source = new ScriptedSource().when(1, () => new Promise(() => {}));
			const { archiver, repository, registerIds } = await openHouse({ source });
			const jobs = await registerIds([1, 2]);
			const unfinished = rejected(archiver.archiveJob(jobs[0]));
			const ready = archiver.archiveJob(jobs[1]);
			await until(() => archiver.stats().ready >= 1);
			const startMs = performance.now();
			const error = await rejected(archiver.shutdown(50));
			expect(error.code).to.equal("ARCHIVER_SHUTDOWN_TIMEOUT");
			expect(performance.now() - startMs).to.be.below(1050);
			expect((await unfinished).code).to.equal("ARCHIVER_CLOSED");
			await ready;
			expect(await repository.countByStatus()).to.include({ 1: 1, 3: 1 });
			expect(archiver.stats().shutdownTimeouts).to.equal(1);
		});

		it("happens at once when the parent's signal aborts", async () => {
			const controller = new AbortController();
			const source = new ScriptedSource(() => new Promise(() => {}));
			const { archiver, registerIds } = await openHouse({
				source,
				signal: controller.signal,
			});
			const [job] = await registerIds([1]);
			const unfinished = rejected(archiver.archiveJob(job));
			await until(() => source.requests.length > 0);
			controller.abort();
			expect((await unfinished).code).to.equal("ARCHIVER_CLOSED");
			expect((await rejected(archiver.shutdown())).code).to.equal(
				"ARCHIVER_SHUTDOWN_TIMEOUT",
			);
		});

		it("is what `await using` does", async () => {
			const { archiver, repository, registerIds } = await openHouse();
			const [job] = await registerIds([1]);
			{
				await using scoped = archiver;
				await scoped.triggerArchiving(job);
			}
			expect((await repository.countByStatus())[3]).to.equal(1);
		});
	});
});

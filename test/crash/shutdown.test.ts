import { expect } from "chai";
import {
	type Archive,
	Archiver,
	type JobRepository,
	type WorkerPool,
} from "../../lib/index.js";
import { useChildren } from "../support/child.js";
import { faultyPool } from "../support/faulty-pool.js";
import { FAULTS } from "../support/faulty-worker.js";
import {
	hanging,
	hangingStages,
	never,
	replacing,
} from "../support/hanging.js";
import {
	gate,
	type House,
	type HouseOptions,
	useHouse,
} from "../support/house.js";
import { testColumn, testJob } from "../support/jobs.js";
import { columnsFor, ScriptedSource } from "../support/scripted-source.js";
import { until } from "../support/until.js";
import { ENDINGS } from "./endings.js";

/** How long after its timeout a shutdown may be over. */
const GRACE_MS = 1000;
/** For what is soon done, on a machine that has more to do. */
const AMPLE_MS = 20_000;
/** Less than any timer that could be left: 10 s for hooks, a minute for repeats and idle threads. */
const ENDING_MS = 5000;
const TIMED_OUT = "ARCHIVER_SHUTDOWN_TIMEOUT";

interface Scenario {
	parts?: HouseOptions;
	/** Jobs that are triggered, or only registered: 2 unless told. */
	jobs?: number;
	untriggered?: boolean;
	/** Resolves once the archiver is where it is to be shut down. `ends` are those of the jobs: "archived", or a code. */
	reach?(house: House, ends: Promise<string>[]): Promise<unknown>;
	timeoutMs?: number;
	/** How it is shut down, if not by one call with this timeout. */
	act?(house: House): Promise<unknown>;
	/** What the shutdown rejects with; absent: it resolves. */
	code?: string;
	/** The jobs' monitoring statuses then. */
	statuses: number[];
}

/** Jobs get stuck somewhere, and stay pending. */
function stuck(
	parts: (onStuck: () => void) => HouseOptions,
	rest: Partial<Scenario> = {},
): Scenario {
	const { opened, open } = gate();
	return {
		parts: parts(open),
		reach: () => opened,
		timeoutMs: 50,
		code: TIMED_OUT,
		statuses: [1, 1],
		...rest,
	};
}

function stuckInArchive(method: keyof Archive): Scenario {
	return stuck((onStuck) => ({
		disturb: { archive: (archive) => hanging(archive, method, onStuck) },
	}));
}

function stuckInStage(
	...methods: readonly ("append" | "give" | "seal")[]
): Scenario {
	return stuck((onStuck) => ({
		disturb: { archive: (archive) => hangingStages(archive, methods, onStuck) },
	}));
}

function stuckInDatabase(
	method: keyof JobRepository,
	rest: Partial<Scenario> = {},
	parts: HouseOptions = {},
): Scenario {
	return stuck(
		(onStuck) => ({
			...parts,
			disturb: {
				repository: (repository) =>
					hanging<JobRepository>(repository, method, onStuck),
			},
		}),
		rest,
	);
}

function stuckSource(onStuck: () => void): ScriptedSource {
	return new ScriptedSource(() => {
		onStuck();
		return never();
	});
}

/** A source that answers once the archiver is being shut down. */
function lateSource(archiver: () => Archiver): ScriptedSource {
	return new ScriptedSource(async ({ job }) => {
		await until(() => archiver().status !== "running");
		return columnsFor(job);
	});
}

const failingSource = () =>
	new ScriptedSource(() => {
		throw new Error("the store is down");
	});

describe("shutting down", () => {
	const openHouse = useHouse();
	const startChild = useChildren();
	let house: House;
	let pool: WorkerPool;
	before(() => {
		pool = faultyPool(1);
	});
	after(() => pool.close({ force: true }));

	const scenarios: Record<string, Scenario> = {
		"before any job": { jobs: 0, statuses: [] },
		"before any job, at once": { jobs: 0, timeoutMs: 0, statuses: [] },
		"after the last job": {
			reach: (_, ends) => Promise.all(ends),
			statuses: [3, 3],
		},
		"with jobs on their way": { statuses: [3, 3] },
		"with all slots taken: triggers that wait are turned away": {
			jobs: 4,
			parts: {
				source: lateSource(() => house.archiver),
				options: { channelCapacity: 2 },
			},
			reach: ({ archiver }) => until(() => archiver.stats().waiting === 2),
			statuses: [3, 3, 1, 1],
		},
		"with a group that waits for more jobs": {
			parts: { options: { writerGroupDelayMs: 60_000 } },
			reach: ({ archiver }) => until(() => archiver.stats().ready === 2),
			statuses: [3, 3],
		},
		"while jobs wait to be tried again": {
			parts: {
				source: failingSource(),
				options: { retryLimit: 1, retryDelayMs: 60_000 },
			},
			reach: ({ archiver }) => until(() => archiver.stats().retrying === 2),
			statuses: [1, 1],
		},
		"while jobs fail": {
			parts: { source: failingSource() },
			statuses: [2, 2],
		},
		"with a source that never answers": stuck((onStuck) => ({
			source: stuckSource(onStuck),
		})),
		"with a source that never gives its second chunk": stuck((onStuck) => ({
			source: new ScriptedSource(async function* ({ job, allocate }) {
				const [{ samples, ...header }] = columnsFor(job);
				const buffer = allocate(samples.byteLength);
				new Float64Array(buffer).set(samples);
				yield { kind: "samples", columns: [header], buffer };
				onStuck();
				await never();
			}),
		})),
		"with a job that never comes before one that is ready": {
			...stuck(() => ({ source: new ScriptedSource().when(1, never) })),
			reach: ({ archiver }) => until(() => archiver.stats().ready === 1),
			statuses: [1, 3],
		},
		"at once, with jobs on their way": stuck(
			(onStuck) => ({ source: stuckSource(onStuck) }),
			{ timeoutMs: 0 },
		),
		"with an archive that never stages": stuckInArchive("stage"),
		"with an archive that never takes data": stuckInStage("append", "give"),
		"with an archive that never seals": stuckInStage("seal"),
		"with an archive that never commits": stuckInArchive("commit"),
		"with a database that never reads": stuckInDatabase("fetchMetadata"),
		"with a database that never says what is archived":
			stuckInDatabase("reopen"),
		"with a database that never records": stuckInDatabase("commitArchived"),
		"with a database that never records failures": stuckInDatabase(
			"markFailed",
			{},
			{ source: failingSource() },
		),
		"with a database that never notes who was told": stuckInDatabase(
			"markTold",
			{ statuses: [3, 3] },
			{ hooks: [{ onJobStop() {} }] },
		),
		"with a hook that never answers": stuck(
			(onStuck) => ({
				hooks: [
					{
						onJobStop() {
							onStuck();
							return never();
						},
					},
				],
				options: { hookTimeoutMs: 60_000 },
			}),
			{
				reach: (_, ends) => Promise.all(ends),
				statuses: [3, 3],
			},
		),
		"from a hook that waits for it": {
			parts: {
				hooks: [{ onJobStop: () => house.archiver.shutdown() }],
				options: { hookTimeoutMs: 60_000 },
			},
			reach: (_, ends) => Promise.all(ends),
			timeoutMs: 50,
			code: TIMED_OUT,
			statuses: [3, 3],
		},
		"with a worker that hangs": stuck(
			() => ({
				pool,
				source: new ScriptedSource(() => [
					testColumn({ metric: FAULTS.hang, series: 1, samplesPerSeries: 10 }),
				]),
			}),
			{
				reach: ({ archiver }) => until(() => archiver.stats().computing === 2),
			},
		),
		twice: {
			...stuck((onStuck) => ({ source: stuckSource(onStuck) })),
			async act({ archiver }) {
				const first = archiver.shutdown(50);
				expect(archiver.shutdown(), "one outcome").to.equal(first);
				await first;
			},
		},
		"again, with less time": {
			...stuck((onStuck) => ({ source: stuckSource(onStuck) })),
			act: ({ archiver }) =>
				Promise.all([archiver.shutdown(60_000), archiver.shutdown(50)]),
		},
		"while recovery waits for the database": stuckInDatabase(
			"findPending",
			{ untriggered: true },
			{ recover: true },
		),
	};

	for (const [name, scenario] of Object.entries(scenarios)) {
		const { timeoutMs = AMPLE_MS, code, statuses } = scenario;
		const boundMs = timeoutMs + GRACE_MS;
		const outcome = code ?? "resolves";
		it(`${name}: ${outcome} within ${boundMs} ms, jobs end as ${statuses}`, async () => {
			house = await openHouse(scenario.parts);
			const { archiver, repository } = house;
			const ids = Array.from({ length: scenario.jobs ?? 2 }, (_, i) => i + 1);
			const jobs = await house.registerIds(ids);
			const ends = scenario.untriggered
				? []
				: jobs.map((job) => endOf(archiver.archiveJob(job)));
			await scenario.reach?.(house, ends);

			const startMs = performance.now();
			const act = scenario.act ?? (() => archiver.shutdown(timeoutMs));
			const error = await endOf(act(house));
			const tookMs = performance.now() - startMs;
			expect(error).to.equal(code ?? "archived");
			expect(tookMs).to.be.below(boundMs);
			expect(archiver.status).to.equal("stopped");
			const statusOf = async (i: number) =>
				(await repository.findJob(jobs[i]))?.monitoringStatus;
			for (const [i, status] of statuses.entries()) {
				expect(await statusOf(i), `job ${i + 1}`).to.equal(status);
				if (ends.length > 0)
					expect(await ends[i], `job ${i + 1}`).to.equal(ENDS[status]);
			}
			for (const job of jobs)
				expect(await endOf(archiver.triggerArchiving(job))).to.equal(
					"ARCHIVER_CLOSED",
				);
			await archivePending(house);
		});
	}

	it("while recovery hands in jobs: what has its slot is archived, the rest stays pending", async () => {
		house = await openHouse();
		const { archive, repository } = house;
		await house.registerIds([1, 2, 3]);
		const archiver: Archiver = await Archiver.start({
			archive,
			repository,
			pool,
			source: lateSource(() => archiver),
			recover: true,
			env: {},
			options: { channelCapacity: 1 },
		});
		await until(() => archiver.stats().waiting === 1);
		await archiver.shutdown();
		expect(await repository.countByStatus()).to.include({ 1: 2, 3: 1 });
		await archivePending(house);
	});

	it("before the start and while it starts", async () => {
		house = await openHouse();
		const { archive, repository, registerIds } = house;
		await registerIds([1]);
		const parts = {
			archive,
			repository,
			source: new ScriptedSource(),
			env: {},
		};
		const signal = AbortSignal.abort();
		expect(await endOf(Archiver.start({ ...parts, signal }))).to.equal(
			"ABORTED",
		);
		const controller = new AbortController();
		const starting = Archiver.start({ ...parts, signal: controller.signal });
		controller.abort();
		const archiver = await starting;
		await archiver.shutdown().catch(() => {});
		expect(archiver.status).to.equal("stopped");
		expect(await repository.countByStatus()).to.include({ 1: 1 });
		await archivePending(house);
	});

	it("while jobs start and stop: what is recorded stays so, and is archived by the next", async () => {
		house = await openHouse();
		const { archiver, repository } = house;
		const { id: _, ...job } = testJob({ jobId: 1 });
		const end = { state: "completed", stopTime: job.startTime + 600 } as const;
		await archiver.startJob(job);
		const stopping = endOf(archiver.stopJob(job, end));
		await archiver.shutdown();
		expect(await stopping).to.equal("ARCHIVER_CLOSED");
		expect(await repository.findJob(job)).to.include({
			jobState: "completed",
			monitoringStatus: 1,
		});
		for (const late of [
			archiver.startJob(testJob({ jobId: 2 })),
			archiver.stopJob(job, end),
			archiver.retryFailed(),
		])
			expect(await endOf(late)).to.equal("ARCHIVER_CLOSED");
		await archivePending(house);
	});

	it("by a parent's signal", async () => {
		const controller = new AbortController();
		house = await openHouse({
			source: new ScriptedSource(never),
			signal: controller.signal,
		});
		const [job] = await house.registerIds([1]);
		const end = endOf(house.archiver.archiveJob(job));
		const startMs = performance.now();
		controller.abort();
		expect(await end).to.equal("ARCHIVER_CLOSED");
		expect(await endOf(house.archiver.shutdown())).to.equal(TIMED_OUT);
		expect(performance.now() - startMs).to.be.below(GRACE_MS);
		await archivePending(house);
	});

	it("means that nothing happens any more, whatever is answered late", async () => {
		const answer = gate();
		const answered = gate();
		const told: number[] = [];
		house = await openHouse({
			disturb: {
				archive: (archive) =>
					replacing(archive, "commit", async (staged) => {
						await answer.opened;
						const errors = await archive.commit(staged);
						answered.open();
						return errors;
					}),
			},
			hooks: [{ onJobStop: ({ jobId }) => void told.push(jobId) }],
		});
		const { archive, archiver, repository, registerIds } = house;
		const [job] = await registerIds([1]);
		const end = endOf(archiver.archiveJob(job));
		await until(() => archiver.stats().committing === 1);
		expect(await endOf(archiver.shutdown(0))).to.equal(TIMED_OUT);
		expect(await end).to.equal("ARCHIVER_CLOSED");
		answer.open();
		await answered.opened;
		await new Promise(setImmediate);
		// Comes after whatever the database was asked for until now.
		await repository.updateMetadata(job, "key", "value");
		await new Promise(setImmediate);
		expect(await archive.exists(job)).to.equal(true);
		expect((await repository.findJob(job))?.monitoringStatus).to.equal(1);
		expect(told).to.deep.equal([]);
		await archivePending(house);
	});

	it("lets the process end by itself, whatever it was doing", async () => {
		const program = new URL("./ending-archiver.js", import.meta.url);
		await Promise.all(
			ENDINGS.map(async (ending) => {
				const child = startChild(program, [ending]);
				expect(await child.line(), ending).to.equal("shut down");
				const startMs = performance.now();
				expect(await child.ended, ending).to.equal(0);
				expect(performance.now() - startMs, ending).to.be.below(ENDING_MS);
			}),
		);
	});

	/** What stayed pending is archived by the next archiver. */
	async function archivePending({ archive, repository }: House): Promise<void> {
		const { 1: pending, 3: archived } = await repository.countByStatus();
		if (pending === 0) return;
		const next = await Archiver.start({
			archive,
			repository,
			pool,
			source: new ScriptedSource(),
			env: {},
		});
		await until(async () => (await repository.countByStatus())[1] === 0);
		await next.shutdown();
		expect((await repository.countByStatus())[3]).to.equal(pending + archived);
	}
});

const ENDS: Record<number, string> = {
	1: "ARCHIVER_CLOSED",
	2: "SOURCE_UNAVAILABLE",
	3: "archived",
};

/** "archived" when it resolves, else the code that it rejects with. */
function endOf(promise: Promise<unknown>): Promise<string> {
	return promise.then(
		() => "archived",
		(error) => error.code,
	);
}

import { expect } from "chai";
import type { WorkerPool } from "../../lib/index.js";
import { faultyPool } from "../support/faulty-pool.js";
import { FAULTS } from "../support/faulty-worker.js";
import { useHouse } from "../support/house.js";
import { testColumn } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import {
	columnsFor,
	type Script,
	ScriptedSource,
} from "../support/scripted-source.js";

const HEALTHY_BEFORE = 25;
const HEALTHY_AFTER = 25;
const BAD_JOB = HEALTHY_BEFORE;

/** A job whose first column makes its worker misbehave, the first `times` times that it is loaded. */
function breaking(metric: string, times = Number.POSITIVE_INFINITY): Script {
	let loaded = 0;
	return ({ job }) =>
		++loaded > times
			? columnsFor(job)
			: [testColumn({ metric, series: 1, samplesPerSeries: 10 })];
}

describe("a worker that breaks harms no job but its own", () => {
	const openHouse = useHouse();
	const pools: WorkerPool[] = [];
	afterEach(() =>
		Promise.all(pools.splice(0).map((pool) => pool.close({ force: true }))),
	);

	function openPool(): WorkerPool {
		const pool = faultyPool(2, 64);
		pools.push(pool);
		return pool;
	}

	const cases: Record<
		string,
		{ script: Script; code: string | undefined; loads: number }
	> = {
		"a task that throws fails its job": {
			script: breaking(FAULTS.throw),
			code: "WORKER_FAILED",
			loads: 1,
		},
		"process.exit in the worker, twice": {
			script: breaking(FAULTS.exit),
			code: "WORKER_DIED",
			loads: 2,
		},
		"process.exit in the worker, once: the job is repeated": {
			script: breaking(FAULTS.exit, 1),
			code: undefined,
			loads: 2,
		},
		"memory exhausted": {
			script: breaking(FAULTS.outOfMemory),
			code: "WORKER_DIED",
			loads: 2,
		},
		"a task that hangs beyond the time limit": {
			script: breaking(FAULTS.hang),
			code: "TIMEOUT",
			loads: 1,
		},
	};
	for (const [name, { script, code, loads }] of Object.entries(cases)) {
		it(`${name}; the jobs around it are archived in order`, async () => {
			const committed: number[] = [];
			const source = new ScriptedSource().when(BAD_JOB, script);
			const { archiver, repository, registerIds } = await openHouse({
				source,
				pool: openPool(),
				options: { jobTimeoutMs: 2000 },
				hooks: [{ onJobStop: ({ jobId }) => void committed.push(jobId) }],
			});
			const ids = Array.from(
				{ length: HEALTHY_BEFORE + 1 + HEALTHY_AFTER },
				(_, i) => i,
			);
			const jobs = await registerIds(ids);
			const ends = jobs.map((job) => archiver.archiveJob(job));
			const bad = code === undefined ? undefined : rejected(ends[BAD_JOB]);
			await Promise.allSettled(ends);
			await archiver.shutdown();
			expect((await bad)?.code).to.equal(code);
			expect((await repository.failureOf(jobs[BAD_JOB]))?.code).to.equal(code);
			expect(committed).to.deep.equal(
				ids.filter((id) => code === undefined || id !== BAD_JOB),
			);
			expect(
				source.requests.filter(({ job }) => job.jobId === BAD_JOB),
			).to.have.lengthOf(loads);
		});
	}
});

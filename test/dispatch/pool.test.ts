import { expect } from "chai";
import type { EncodeTask } from "../../lib/dispatch/messages.js";
import type { WorkerPool } from "../../lib/index.js";
import { Child } from "../support/child.js";
import { faultyPool } from "../support/faulty-pool.js";
import { FAULTS } from "../support/faulty-worker.js";
import { testColumn } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";

const SAMPLES = 10;

/** A chunk of one series, as small as they get. */
function smallTask(metric: string): EncodeTask {
	const { samples, ...header } = testColumn({
		metric,
		series: 1,
		samplesPerSeries: SAMPLES,
	});
	const chunk = {
		kind: "samples",
		columns: [header],
		buffer: samples.slice().buffer,
		last: true,
	} as const;
	return {
		kind: "encode",
		chunk,
		format: "columnar",
		compression: "fast",
		whole: true,
	};
}

/** A task that fails by itself: its buffer is too short for its samples. */
function brokenTask(): EncodeTask {
	const task = smallTask("cut");
	if (task.chunk.kind === "samples")
		task.chunk.buffer = task.chunk.buffer.slice(0, 8);
	return task;
}

describe("small tasks that wait for a thread together", () => {
	let pool: WorkerPool;
	beforeEach(() => {
		pool = faultyPool(1);
	});
	afterEach(() => pool.close({ force: true }));

	const run = (task: EncodeTask, options: object = {}) =>
		pool.run(task, { small: true, ...options });

	it("have each its own outcome, and keep their samples", async () => {
		const first = run(smallTask("first"));
		const tasks = Array.from({ length: 40 }, (_, i) =>
			i % 10 === 3 ? brokenTask() : smallTask(`metric${i}`),
		);
		const outcomes = await Promise.allSettled(tasks.map((task) => run(task)));
		outcomes.forEach((outcome, i) => {
			if (i % 10 === 3)
				expect(outcome)
					.to.have.property("reason")
					.with.property("code", "SOURCE_DATA_INVALID");
			else
				expect(outcome)
					.to.have.nested.property("value.finished.statistics.0.0")
					.equal(`metric${i}`);
		});
		for (const { chunk } of tasks)
			expect(chunk).to.have.nested.property("buffer.byteLength").above(0);
		expect((await first).samples).to.equal(SAMPLES);
	});

	it("do not suffer from one that is cancelled while a thread has them", async () => {
		const controller = new AbortController();
		const first = run(smallTask("first"));
		const ends = [
			run(smallTask("before")),
			run(smallTask(FAULTS.hang), { signal: controller.signal }),
			run(smallTask("after")),
		];
		const cancelled = rejected(ends[1]);
		// The thread is given the three before anybody hears of the first.
		await first;
		controller.abort();
		expect((await cancelled).code).to.equal("ABORTED");
		expect((await ends[0]).samples).to.equal(SAMPLES);
		expect((await ends[2]).samples).to.equal(SAMPLES);
	});

	it("do not suffer from one that takes longer than it may", async () => {
		const first = run(smallTask("first"));
		const ends = [
			run(smallTask("before")),
			run(smallTask(FAULTS.hang), { timeoutMs: 100 }),
			run(smallTask("after")),
		];
		const late = rejected(ends[1]);
		await first;
		expect((await late).code).to.equal("TIMEOUT");
		expect((await ends[0]).samples).to.equal(SAMPLES);
		expect((await ends[2]).samples).to.equal(SAMPLES);
	});

	it("are taken from the queue when their callers give up before that", async () => {
		const controller = new AbortController();
		const first = run(smallTask("first"));
		const cancelled = rejected(
			run(smallTask(FAULTS.hang), { signal: controller.signal }),
		);
		const other = run(smallTask("other"));
		controller.abort();
		expect((await cancelled).code).to.equal("ABORTED");
		expect((await first).samples).to.equal(SAMPLES);
		expect((await other).samples).to.equal(SAMPLES);
	});
});

describe("a pool that is closed while its threads start", () => {
	it("leaves its process alone", async () => {
		const pool = new URL("../../lib/dispatch/pool.js", import.meta.url);
		const child = Child.start(
			{
				text: `
					const { WorkerPool } = await import(${JSON.stringify(pool.href)});
					for (let i = 0; i < 60; i++) {
						const pool = new WorkerPool({ poolMinThreads: 2, poolMaxThreads: 2, poolIdleTimeoutMs: 60_000 });
						await new Promise((resolve) => setTimeout(resolve, 40 + ((i * 7) % 160)));
						await pool.close({ force: true });
					}
					console.log("alive");
				`,
			},
			[],
		);
		expect(await child.line()).to.equal("alive");
		expect(await child.ended).to.equal(0);
	});
});

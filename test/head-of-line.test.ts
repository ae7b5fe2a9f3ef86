import { expect } from "chai";
import { gate, useHouse } from "./support/house.js";
import { testJob } from "./support/jobs.js";
import { columnsFor, ScriptedSource } from "./support/scripted-source.js";
import { until } from "./support/until.js";

const MIB = 2 ** 20;
const LARGE_JOBS = 20;
const SMALL_JOBS = 10_000;
/** One large job is a quarter of the buffer; all of them are five times the buffer. */
const BUFFER_BYTES = 16 * MIB;
const LARGE_NODES = 32;
const LARGE_SAMPLES_PER_SERIES = 8192;

describe("a head of the order whose source hangs", () => {
	const openHouse = useHouse();

	for (const format of ["columnar", "json"] as const) {
		it(`blocks neither memory nor the jobs behind it, and everything is committed in order after it (${format})`, async function () {
			this.timeout(180_000);
			const head = gate();
			const committed: number[] = [];
			const source = new ScriptedSource(({ job }) =>
				columnsFor(
					job,
					job.numNodes === LARGE_NODES ? LARGE_SAMPLES_PER_SERIES : 10,
				),
			);
			source.when(0, async ({ job }) => {
				await head.opened;
				return columnsFor(job);
			});
			const { archiver, register } = await openHouse({
				format,
				source,
				options: { bufferBytes: BUFFER_BYTES, bufferChunkBytes: MIB },
				hooks: [{ onJobStop: ({ jobId }) => void committed.push(jobId) }],
			});
			const small = format === "columnar" ? SMALL_JOBS : SMALL_JOBS / 10;
			const jobs = await register(
				Array.from({ length: 1 + LARGE_JOBS + small }, (_, jobId) =>
					testJob({
						jobId,
						duration: 600,
						numNodes: jobId >= 1 && jobId <= LARGE_JOBS ? LARGE_NODES : 1,
					}),
				),
			);
			const triggered = jobs.map((job) => archiver.triggerArchiving(job));
			// Everything that has a slot, except for the head, gets as far as it can without it.
			await until(() => archiver.stats().ready === archiver.stats().queued - 1);
			expect(archiver.stats()).to.include({
				archived: 0,
				queued: 128,
				ready: 127,
			});
			expect(archiver.stats().peakBytesInFlight).to.be.at.most(BUFFER_BYTES);
			head.open();
			await Promise.all(triggered);
			await archiver.shutdown(120_000);
			const { archived, failed, peakBytesInFlight, bytesInFlight } =
				archiver.stats();
			expect({ archived, failed, bytesInFlight }).to.deep.equal({
				archived: jobs.length,
				failed: 0,
				bytesInFlight: 0,
			});
			expect(peakBytesInFlight).to.be.at.most(BUFFER_BYTES);
			expect(committed).to.deep.equal(jobs.map(({ jobId }) => jobId));
		});
	}
});

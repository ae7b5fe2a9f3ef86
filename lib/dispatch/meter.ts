import { createHistogram } from "node:perf_hooks";
import type { Job } from "../schema/job.js";
import type { ArchivedJob } from "./accepted-job.js";

const WINDOW_SECONDS = 60;

/** Milliseconds: half of the jobs took at most `p50`, all but one in a hundred at most `p99`. */
export interface Percentiles {
	p50: number;
	p99: number;
}

/** Counts what the archiver has done, for {@link Archiver.stats}. */
export class Meter {
	archived = 0;
	failed = 0;
	samples = 0;
	bytes = 0;
	shutdownTimeouts = 0;
	readonly #stopToArchived = createHistogram();
	readonly #triggerToArchived = createHistogram();
	/** One cell a second, reused round and round. */
	readonly #window = Array.from({ length: WINDOW_SECONDS }, () => ({
		second: -1,
		jobs: 0,
		samples: 0,
	}));
	readonly #startedMs = performance.now();

	countArchived(
		{ job, samples, bytes }: ArchivedJob,
		acceptedMs: number,
	): void {
		this.archived++;
		this.samples += samples;
		this.bytes += bytes;
		this.#stopToArchived.record(atLeastOne(Date.now() - stopTimeMs(job)));
		this.#triggerToArchived.record(atLeastOne(performance.now() - acceptedMs));
		const second = Math.floor(performance.now() / 1000);
		const cell = this.#window[second % WINDOW_SECONDS];
		if (cell.second !== second)
			Object.assign(cell, { second, jobs: 0, samples: 0 });
		cell.jobs++;
		cell.samples += samples;
	}

	/** Rates over the last minute, or since the start when that is shorter. */
	get rates(): { jobsPerSecond: number; samplesPerSecond: number } {
		const nowMs = performance.now();
		const oldest = Math.floor(nowMs / 1000) - WINDOW_SECONDS;
		const recent = this.#window.filter(({ second }) => second > oldest);
		const seconds = Math.min(
			WINDOW_SECONDS,
			Math.max(1, (nowMs - this.#startedMs) / 1000),
		);
		return {
			jobsPerSecond: recent.reduce((sum, cell) => sum + cell.jobs, 0) / seconds,
			samplesPerSecond:
				recent.reduce((sum, cell) => sum + cell.samples, 0) / seconds,
		};
	}

	/** From the end of a job on its cluster to its archive being durable and recorded. */
	get stopToArchivedMs(): Percentiles {
		return percentilesOf(this.#stopToArchived);
	}

	/** From a job's slot to its archive being durable and recorded. */
	get triggerToArchivedMs(): Percentiles {
		return percentilesOf(this.#triggerToArchived);
	}
}

function stopTimeMs({ startTime, duration }: Job): number {
	return (startTime + duration) * 1000;
}

/** Histograms count from 1; clocks of two machines may disagree. */
function atLeastOne(ms: number): number {
	return Math.max(1, Math.round(ms));
}

function percentilesOf(
	histogram: ReturnType<typeof createHistogram>,
): Percentiles {
	return histogram.count === 0
		? { p50: 0, p99: 0 }
		: { p50: histogram.percentile(50), p99: histogram.percentile(99) };
}

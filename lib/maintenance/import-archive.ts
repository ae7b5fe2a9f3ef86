import type { Archive, StoredData } from "../archive/archive.js";
import { dataFactsOf, refreshDataFacts } from "../archive/data-facts.js";
import type { Compression } from "../codec/column.js";
import type { WorkerPool } from "../dispatch/pool.js";
import type { Job } from "../schema/job.js";
import { copyClusters } from "./copy-clusters.js";
import { JobWriter } from "./job-writer.js";
import { isSound, loadPresent, type PresentJob } from "./present-job.js";
import { factsOf, recode } from "./recode.js";
import {
	type JobFailure,
	type JobOutcome,
	type JobWork,
	type WalkOptions,
	walkJobs,
} from "./walk-jobs.js";

export interface ImportOptions
	extends Pick<WalkOptions, "bufferBytes" | "onProgress" | "signal"> {
	/** Its threads decode and encode. */
	pool: Pick<WorkerPool, "run">;
	/** How hard the columnar encoder works; `fast` unless told. */
	compression?: Compression;
}

export interface ImportResult {
	imported: number;
	/** Jobs that the target has already. */
	skipped: number;
	failed: JobFailure[];
	/** Samples of the imported jobs, gaps included. */
	samples: number;
	/** Bytes of their data in the target. */
	bytes: number;
	seconds: number;
}

/**
 * Copies every job of one archive to another, of whatever kind and format: each comes to be in the target's format, with
 * its meta as it is. Configurations of clusters that the target lacks go first. Jobs that the target has are left alone
 * unless they are damaged there, so an import that was interrupted is finished by another one. A job that fails leaves
 * nothing behind, and the rest goes on.
 *
 * @throws ArchiverError ARCHIVE_UNREADABLE when the source cannot be listed, ARCHIVER_CLOSED when the pool closes.
 */
export async function importArchive(
	source: Archive,
	target: Archive,
	options: ImportOptions,
): Promise<ImportResult> {
	const startedMs = performance.now();
	const clusterFailures = await copyClusters(source, target);
	const run = new ImportRun(source, target, options);
	const { done, skipped, failed } = await walkJobs(source, run, options);
	return {
		imported: done,
		skipped,
		failed: [...clusterFailures, ...failed],
		samples: run.samples,
		bytes: run.bytes,
		seconds: (performance.now() - startedMs) / 1000,
	};
}

class ImportRun {
	samples = 0;
	bytes = 0;
	readonly #source: Archive;
	readonly #target: Archive;
	readonly #options: ImportOptions;
	readonly #writer: JobWriter;

	constructor(source: Archive, target: Archive, options: ImportOptions) {
		this.#source = source;
		this.#target = target;
		this.#options = options;
		this.#writer = new JobWriter(target);
	}

	async visit(job: Job): Promise<JobWork> {
		const present = await loadPresent(this.#target, job);
		if (present !== undefined) return this.#recheck(job, present);
		const stored = await this.#source.loadStoredData(job);
		return {
			bytes: stored.bytes.byteLength,
			run: () => this.#convert(job, stored),
		};
	}

	/** A job that the target has already: it is taken anew only when it is damaged there. */
	#recheck(job: Job, present: PresentJob): JobWork {
		return {
			bytes: present.stored.bytes.byteLength,
			run: async () =>
				(await isSound(present, this.#options.pool))
					? "skipped"
					: this.#convert(job, await this.#source.loadStoredData(job)),
		};
	}

	async #convert(job: Job, stored: StoredData): Promise<JobOutcome> {
		const { pool, compression = "fast" } = this.#options;
		const { format } = this.#target;
		const recoded = await recode(pool, stored, { format, compression });
		const { bytes, encoding, finished } = recoded;
		const facts = {
			...dataFactsOf(job),
			...factsOf(finished, format, compression),
		};
		const kept = refreshDataFacts(job, facts);
		await this.#writer.write(kept, bytes, encoding);
		this.samples += finished.samples;
		this.bytes += bytes.byteLength;
		return "done";
	}
}

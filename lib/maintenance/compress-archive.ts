import type { Archive, StoredData } from "../archive/archive.js";
import {
	dataFactsOf,
	replaceDataFacts,
	withDataFacts,
} from "../archive/data-facts.js";
import type { Compression } from "../codec/column.js";
import type { WorkerPool } from "../dispatch/pool.js";
import type { Job, JobKey } from "../schema/job.js";
import { JobWriter } from "./job-writer.js";
import { factsOf, recodeInPlace } from "./recode.js";
import {
	type JobFailure,
	type JobOutcome,
	type JobWork,
	type WalkOptions,
	walkJobs,
} from "./walk-jobs.js";

export interface CompressOptions extends WalkOptions {
	/** Its threads decode, encode and compare. */
	pool: Pick<WorkerPool, "run">;
	/** `small` unless told. At `fast` only json becomes columns. */
	compression?: Compression;
}

export interface CompressResult {
	compressed: number;
	/** Jobs that are as small already, would not get smaller, or are to stay json. */
	skipped: number;
	failed: JobFailure[];
	/** Bytes of the compressed jobs' data, before and after. */
	bytesBefore: number;
	bytes: number;
	seconds: number;
}

/**
 * Makes the jobs of an archive smaller, in place: columns are encoded anew, and json becomes columns where the archive
 * writes columns; in one that writes json it stays, since ClusterCockpit reads no other. A job is replaced whole, once
 * what was encoded has been decoded again and compared to the bit; one that would not get smaller stays as it is. What is
 * small says so in its meta, so that another run passes over it, as it goes on where this one stopped.
 *
 * @throws ArchiverError ARCHIVE_UNREADABLE when the archive cannot be listed, ARCHIVER_CLOSED when the pool closes.
 */
export async function compressArchive(
	archive: Archive,
	options: CompressOptions,
): Promise<CompressResult> {
	const startedMs = performance.now();
	const run = new CompressRun(archive, options);
	const { done, skipped, failed } = await walkJobs(archive, run, options);
	return {
		compressed: done,
		skipped,
		failed,
		bytesBefore: run.bytesBefore,
		bytes: run.bytes,
		seconds: (performance.now() - startedMs) / 1000,
	};
}

class CompressRun {
	bytesBefore = 0;
	bytes = 0;
	readonly #archive: Archive;
	readonly #pool: CompressOptions["pool"];
	readonly #compression: Compression;
	readonly #writer: JobWriter;

	constructor(
		archive: Archive,
		{ pool, compression = "small" }: CompressOptions,
	) {
		this.#archive = archive;
		this.#pool = pool;
		this.#compression = compression;
		this.#writer = new JobWriter(archive);
	}

	async visit(job: Job): Promise<JobOutcome | JobWork> {
		const facts = dataFactsOf(job);
		if (facts !== undefined && this.#isAsAsked(facts.format, facts.compression))
			return "skipped";
		const stored = await this.#archive.loadStoredData(job);
		const format = stored.encoding === "columnar" ? "columnar" : "json";
		if (this.#isAsAsked(format, facts?.compression)) return "skipped";
		return {
			bytes: stored.bytes.byteLength,
			run: () => this.#compress(job, stored),
		};
	}

	#isAsAsked(
		format: Archive["format"],
		compression: "small" | undefined,
	): boolean {
		if (compression === "small") return true;
		return format === "json"
			? this.#archive.format === "json"
			: this.#compression === "fast";
	}

	async #compress(job: Job, stored: StoredData): Promise<JobOutcome> {
		const bytesBefore = stored.bytes.byteLength;
		const format = "columnar";
		const compression = this.#compression;
		const { bytes, encoding, finished } = await recodeInPlace(
			this.#pool,
			stored,
			{ format, compression },
		);
		if (bytes.byteLength >= bytesBefore) {
			if (compression === "small") await this.#rememberSmall(job);
			return "skipped";
		}
		const facts = factsOf(finished, format, compression);
		await this.#writer.write(replaceDataFacts(job, facts), bytes, encoding);
		this.bytesBefore += bytesBefore;
		this.bytes += bytes.byteLength;
		return "done";
	}

	/** Spares the next run the work, where the meta tells of its data. */
	async #rememberSmall(key: JobKey): Promise<void> {
		// The job may have been tagged since its meta was read.
		const job = await this.#archive.loadJobMeta(key);
		const facts = dataFactsOf(job);
		if (facts === undefined) return;
		const small = withDataFacts(job, { ...facts, compression: "small" });
		await this.#archive.storeJobMeta(small);
	}
}

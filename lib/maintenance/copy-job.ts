import type { Archive, StoredData } from "../archive/archive.js";
import { expectCopy, expectUnchanged } from "../archive/copied-job.js";
import type { WorkerPool } from "../dispatch/pool.js";
import { ArchiverError } from "../errors.js";
import { formatJobKey, type Job } from "../schema/job.js";
import type { JobRemoval } from "./job-removal.js";
import { JobWriter } from "./job-writer.js";
import { isSound, loadPresent } from "./present-job.js";
import type { JobOutcome, JobWork } from "./walk-jobs.js";

export interface CopyParts {
	source: Archive;
	target: Archive;
	pool: Pick<WorkerPool, "run">;
	/** Removes jobs that are copied from the source; absent: they stay. */
	removal?: JobRemoval;
}

/**
 * Copies jobs as they are stored, and moves them when it is to remove them. A copy counts once it was read back and is what
 * was copied, all of whose bytes check out; only then the job is removed, when it has not been changed meanwhile.
 */
export class JobCopier {
	/** Bytes of the data copied. */
	bytes = 0;
	readonly #parts: CopyParts;
	readonly #writer: JobWriter;

	constructor(parts: CopyParts) {
		this.#parts = parts;
		this.#writer = new JobWriter(parts.target);
	}

	async visit(job: Job): Promise<JobOutcome | JobWork> {
		const { source, target, removal, pool } = this.#parts;
		const present =
			removal === undefined ? await loadPresent(target, job) : undefined;
		if (present !== undefined && isOfSameEnd(present.job, job))
			return {
				bytes: present.stored.bytes.byteLength,
				run: async () =>
					(await isSound(present, pool))
						? "skipped"
						: this.#copy(job, await source.loadStoredData(job)),
			};
		const stored = await source.loadStoredData(job);
		return {
			// The job's, and those that are read back.
			bytes: 2 * stored.bytes.byteLength,
			run: () => this.#copy(job, stored),
		};
	}

	async #copy(job: Job, stored: StoredData): Promise<JobOutcome> {
		const { source, target, removal } = this.#parts;
		await this.#expectSound(job, stored);
		await this.#writer.write(job, stored.bytes, stored.encoding);
		await expectCopy({ job, stored }, target);
		if (removal !== undefined) {
			await expectUnchanged({ job }, source);
			await removal.remove(job);
		}
		this.bytes += stored.bytes.byteLength;
		return "done";
	}

	/** Damage is not handed on: it may be that the job can still be had from elsewhere. */
	async #expectSound(job: Job, stored: StoredData): Promise<void> {
		const bytes = stored.bytes.slice();
		const { pool } = this.#parts;
		if (await isSound({ job, stored: { ...stored, bytes } }, pool)) return;
		const { cluster, jobId, startTime } = job;
		const { path } = stored;
		throw new ArchiverError(
			"DATA_CORRUPT",
			`${path}: the data of job ${formatJobKey(job)} do not check out; verify says where`,
			{ cluster, jobId, startTime, path },
		);
	}
}

function isOfSameEnd(a: Job, b: Job): boolean {
	return a.duration === b.duration && a.jobState === b.jobState;
}

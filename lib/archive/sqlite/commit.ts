import type { ArchiverError } from "../../errors.js";
import { isBusy, writeError } from "./errors.js";
import type { SealedJob, StagedSqliteJob } from "./staged-job.js";
import { storeJobs } from "./store-jobs.js";
import { storeSmallJobs } from "./store-small-jobs.js";
import type { ArchiveWriter } from "./writer.js";

/**
 * Makes sealed jobs visible, in order, in one transaction. When that fails, for one job's sake as it may be, each of them
 * is committed alone, so that the others go on.
 *
 * @returns for each job why it failed, or undefined.
 */
export async function commitGroup(
	writer: ArchiveWriter,
	staged: readonly StagedSqliteJob[],
): Promise<(ArchiverError | undefined)[]> {
	const errors: (ArchiverError | undefined)[] = [];
	const sealed = new Map<number, SealedJob>();
	for (const [i, job] of staged.entries()) {
		try {
			sealed.set(i, job.take());
			errors.push(undefined);
		} catch (error) {
			errors.push(writeError(error, writer.path, job.key));
		}
	}
	if (sealed.size === 0) return errors;
	const failures = await store([...sealed.values()]);
	for (const [i, job] of sealed) {
		const failure = failures.get(job);
		errors[i] =
			failure === undefined
				? undefined
				: writeError(failure, writer.path, job.key);
		if (job.staged === undefined) continue;
		if (failure === undefined) writer.forget(job.staged.id);
		else await writer.removeStaged(job.staged.id);
	}
	return errors;

	async function store(
		jobs: readonly SealedJob[],
	): Promise<ReadonlyMap<SealedJob, unknown>> {
		try {
			if (await storeSmallJobs(writer, jobs)) return new Map();
			return await writer.transaction((statements) =>
				storeJobs(statements, jobs, writer.path),
			);
		} catch (error) {
			// A locked database is no single job's fault: trying each would only wait out the timeout each time.
			if (jobs.length === 1 || isBusy(error))
				return new Map(jobs.map((job) => [job, error]));
		}
		const failures = new Map<SealedJob, unknown>();
		for (const job of jobs)
			for (const [failed, error] of await store([job]))
				failures.set(failed, error);
		return failures;
	}
}

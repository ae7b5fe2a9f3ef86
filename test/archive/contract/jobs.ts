import { expect } from "chai";
import type { Archive, StagedJob } from "../../../lib/archive/archive.js";
import { stageJob } from "../../../lib/archive/import-job.js";
import type { Job, JobKey } from "../../../lib/schema/job.js";
import type { JobData } from "../../../lib/schema/metric.js";
import { exactly } from "../../support/job-data.js";

/** Stages a job in the archive's format, sealed. */
export function stage(
	archive: Archive,
	job: Job,
	data: JobData,
): Promise<StagedJob> {
	return stageJob(archive, job, data, archive);
}

export async function stageAll(
	archive: Archive,
	jobs: readonly Job[],
	dataOf: (job: Job) => JobData,
): Promise<StagedJob[]> {
	const staged: StagedJob[] = [];
	for (const job of jobs) staged.push(await stage(archive, job, dataOf(job)));
	return staged;
}

/** Commits jobs together, and expects that none fails. */
export async function commitAll(
	archive: Archive,
	staged: readonly StagedJob[],
): Promise<void> {
	const errors = await archive.commit(staged);
	expect(errors).to.deep.equal(staged.map(() => undefined));
}

export async function expectData(
	archive: Archive,
	key: JobKey,
	data: JobData,
	message?: string,
): Promise<void> {
	const read = await archive.loadJobData(key);
	expect(exactly(read), message).to.deep.equal(exactly(data));
}

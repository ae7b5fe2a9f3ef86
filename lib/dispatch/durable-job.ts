import type { Archive } from "../archive/archive.js";
import { dataFactsOf } from "../archive/data-facts.js";
import { isArchiverError } from "../errors.js";
import { incompleteness } from "../schema/completeness.js";
import type { Job } from "../schema/job.js";
import type { AcceptedJob, EncodedJob } from "./accepted-job.js";
import type { Budget } from "./budget.js";
import type { WorkerPool } from "./pool.js";

export interface DurableJobContext {
	archive: Archive;
	pool: WorkerPool;
	budget: Budget;
	chunkBytes: number;
}

/**
 * Looks whether a job that the database counts as pending lies in the archive already, whole: a crash came between the
 * two. Then only recording it is left. The meta must be of the same end of the job and name the very version of the
 * data beside it, every byte of which must check out; anything less is archived again.
 */
export async function findDurableJob(
	{ job, order, signal }: AcceptedJob,
	{ archive, pool, budget, chunkBytes }: DurableJobContext,
): Promise<EncodedJob | undefined> {
	if (!(await archive.exists(job))) return undefined;
	const meta = await unlessDamaged(archive.loadJobMeta(job));
	if (meta === undefined || !isOfSameEnd(meta, job)) return undefined;
	const facts = dataFactsOf(meta);
	if (facts === undefined) return undefined;
	const lease = await budget.acquire(order, chunkBytes, signal);
	try {
		const stored = await unlessDamaged(archive.loadStoredData(job));
		if (stored === undefined) return undefined;
		const { bytes, encoding } = stored;
		const dataBytes = bytes.byteLength;
		const { dataId } = await pool.run(
			{ kind: "verify", bytes, encoding },
			{ order, signal, transfer: [bytes.buffer] },
		);
		if (dataId !== facts.dataId) return undefined;
		const { footprint = {}, energyFootprint = {}, energy = 0 } = meta;
		const row = {
			job: { ...meta, id: job.id },
			footprint,
			energyFootprint,
			energy,
			completeness: incompleteness(facts.completeness),
		};
		return { row, dataBytes, samples: facts.samples };
	} finally {
		lease.release();
	}
}

function isOfSameEnd(meta: Job, job: Job): boolean {
	return (
		meta.duration === job.duration &&
		meta.jobState === job.jobState &&
		meta.statistics !== undefined
	);
}

/** Damage is no failure here: the job is archived again. */
async function unlessDamaged<T>(loading: Promise<T>): Promise<T | undefined> {
	try {
		return await loading;
	} catch (error) {
		const gone =
			isArchiverError(error) &&
			(error.code === "DATA_CORRUPT" || error.code === "JOB_UNKNOWN");
		if (gone) return undefined;
		throw error;
	}
}

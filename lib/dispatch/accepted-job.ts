import type { StagedJob } from "../archive/archive.js";
import type { ArchiverError } from "../errors.js";
import type { ArchivedRow } from "../repository/repository.js";
import type { Job } from "../schema/job.js";

/** A job that has its slot, on its way through the house. */
export interface AcceptedJob {
	/** Place in the trigger order. */
	readonly order: number;
	readonly job: Job;
	/** Cancels loading and encoding. */
	readonly signal: AbortSignal;
	/** Found pending by recovery: it may lie in the archive already. */
	readonly recovered: boolean;
	/** When it got its slot, on the clock of `performance.now()`. */
	readonly acceptedMs: number;
}

/** A job whose bytes lie sealed in the archive's staging, waiting for their turn to become visible. */
export interface EncodedJob {
	/** Absent when the job is visible in the archive already, from before a crash. */
	staged?: StagedJob;
	/** Bytes of the data as stored. */
	dataBytes: number;
	row: ArchivedRow;
	/** Samples, gaps included. */
	samples: number;
}

/** What {@link Archiver.archiveJob} resolves to. */
export interface ArchivedJob {
	/** As archived: with statistics, footprint and energy. */
	job: Job;
	samples: number;
	/** Bytes of the data as stored. */
	bytes: number;
}

/**
 * How a job ended. `pending`: it was cancelled by a shutdown, or lies in the archive and could not be recorded; it stays
 * as it was, for recovery to find.
 * `retrying`: it stays as it was too, and comes again after a while.
 */
export type JobOutcome =
	| { state: "archived"; archived: ArchivedJob }
	| { state: "failed"; error: ArchiverError }
	| { state: "pending"; error: ArchiverError }
	| { state: "retrying"; error: ArchiverError };

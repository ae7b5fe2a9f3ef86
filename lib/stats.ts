import type { Percentiles } from "./dispatch/meter.js";

export type ArchiverStatus = "running" | "stopping" | "stopped";

/** What an archiver is doing and has done. */
export interface ArchiverStats {
	status: ArchiverStatus;
	/** Triggers waiting for a slot. */
	waiting: number;
	/** Slots in use. */
	queued: number;
	/** Jobs that failed and wait to be tried again. */
	retrying: number;
	/** Jobs whose series are being loaded. */
	loading: number;
	/** Jobs that are loaded and not yet computed. */
	computing: number;
	/** Jobs that wait for their turn to be committed. */
	ready: number;
	/** Jobs in the commit under way. */
	committing: number;
	archived: number;
	failed: number;
	/** Samples archived, gaps included. */
	samples: number;
	/** Bytes of data archived. */
	bytes: number;
	bytesInFlight: number;
	peakBytesInFlight: number;
	/** Events that not all hooks were told of yet. */
	hooksDue: number;
	threads: number;
	/** Over the last minute. */
	jobsPerSecond: number;
	samplesPerSecond: number;
	stopToArchivedMs: Percentiles;
	triggerToArchivedMs: Percentiles;
	shutdownTimeouts: number;
}

import type { DataEncoding } from "../codec/column.js";
import type { Job } from "../schema/job.js";

/** Makes the page of a stored job, as UTF-8. Transferred: `bytes`, and the page. */
export interface ReportTask {
	kind: "report";
	job: Job;
	encoding: DataEncoding;
	bytes: Uint8Array<ArrayBuffer>;
}

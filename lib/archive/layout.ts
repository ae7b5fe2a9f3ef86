import type { DataEncoding, DataFormat } from "../codec/column.js";
import type { JobKey } from "../schema/job.js";

/** Paths and names within an archive, with `/` between folders: files lie there, and objects of a store have them as keys. */

/** ClusterCockpit's number for this layout, and the file at the root that holds it. */
export const ARCHIVE_VERSION = "3";
export const VERSION_FILE = "version.txt";
/**
 * Marks an archive that this library created, and holds the format that new jobs get there: `{"format":"columnar"}`.
 * An archive without it is ClusterCockpit's. A file, since ClusterCockpit takes every folder at the root for a cluster.
 */
export const MARKER_FILE = "hpc-job-archiver.json";
export const CLUSTER_FILE = "cluster.json";
export const META_FILE = "meta.json";

export interface DataFileKind {
	name: string;
	encoding: DataEncoding;
	format: DataFormat;
}

/** The files that a job's data can lie in. Where there are several, readers take the first of these. */
export const DATA_FILES: readonly DataFileKind[] = [
	{ name: "data.hjc", encoding: "columnar", format: "columnar" },
	{ name: "data.json.gz", encoding: "json.gz", format: "json" },
	{ name: "data.json", encoding: "json", format: "json" },
];

export function dataFileName(encoding: DataEncoding): string {
	const kind = DATA_FILES.find((file) => file.encoding === encoding);
	if (kind === undefined) throw new TypeError(`no file holds ${encoding} data`);
	return kind.name;
}

const JOBS_PER_FOLDER = 1000;
const REMAINDER_DIGITS = 3;

/**
 * A job's folder: `emmy/1403/244/1608923076`.
 *
 * @param key - Checked: see `assertJobKey`.
 */
export function jobFolder({ cluster, jobId, startTime }: JobKey): string {
	const thousands = Math.floor(jobId / JOBS_PER_FOLDER);
	const remainder = String(jobId % JOBS_PER_FOLDER);
	return `${cluster}/${thousands}/${remainder.padStart(REMAINDER_DIGITS, "0")}/${startTime}`;
}

/** The number that a folder below a cluster stands for; undefined: no such folder is made by {@link jobFolder}. */
export function numberOfFolder(
	name: string,
	level: "thousands" | "remainder" | "startTime",
): number | undefined {
	const pattern = level === "remainder" ? /^\d{3}$/ : /^(0|[1-9]\d*)$/;
	const number = Number(name);
	return pattern.test(name) && Number.isSafeInteger(number)
		? number
		: undefined;
}

export function jobIdOf(thousands: number, remainder: number): number {
	return thousands * JOBS_PER_FOLDER + remainder;
}

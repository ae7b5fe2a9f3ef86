import { randomBytes } from "node:crypto";
import type { DataEncoding } from "../../codec/column.js";
import type { Job } from "../../schema/job.js";
import {
	DATA_FILES,
	type DataFileKind,
	dataFileName,
	META_FILE,
} from "../layout.js";

/**
 * Key in a stored meta's `metaData` that names the object with the job's data, where that has not the name that
 * ClusterCockpit gives it. Readers of this library never see it. ClusterCockpit keeps it when it edits a meta.
 */
const DATA_NAME_KEY = "hpcJobArchiverData";

const OWN_NAME = /^data-[0-9a-f]{16}(\.hjc|\.json\.gz|\.json)$/;
const GZIP_MAGIC = [0x1f, 0x8b];

/** What the names of one version's objects begin with: never given twice, so that nothing is ever overwritten. */
export function newDataStem(): string {
	return `data-${randomBytes(8).toString("hex")}`;
}

export function ownDataName(stem: string, encoding: DataEncoding): string {
	return stem + dataFileName(encoding).slice("data".length);
}

/** Whether data lie under a name of their own, and not under one that ClusterCockpit gives. */
export function isOwnDataName(name: string): boolean {
	return OWN_NAME.test(name);
}

/** What a name in a job's folder says of the data under it; undefined: there are none. */
export function dataKindOf(name: string): DataFileKind | undefined {
	const ending = OWN_NAME.exec(name)?.[1];
	const common = ending === undefined ? name : `data${ending}`;
	return DATA_FILES.find((kind) => kind.name === common);
}

/** The data that a meta does not name: under ClusterCockpit's names first, in the order of {@link DATA_FILES}. */
export function dataAmong(names: readonly string[]): string | undefined {
	for (const own of [false, true])
		for (const { encoding } of DATA_FILES) {
			const found = names.find(
				(name) =>
					isOwnDataName(name) === own &&
					dataKindOf(name)?.encoding === encoding,
			);
			if (found !== undefined) return found;
		}
	return undefined;
}

/** Whether the names in a folder are those of a job with its data. */
export function isWholeJob(names: readonly string[]): boolean {
	return names.includes(META_FILE) && dataAmong(names) !== undefined;
}

/** What data are, by their first bytes. */
export function encodingOf(beginning: Uint8Array): DataEncoding {
	if (GZIP_MAGIC.every((byte, i) => beginning[i] === byte)) return "json.gz";
	return beginning[0] === "{".charCodeAt(0) ? "json" : "columnar";
}

/** A job as its meta is stored. @param dataName undefined: its data have ClusterCockpit's name. */
export function withDataName(job: Job, dataName: string | undefined): Job {
	if (dataName === undefined) return job;
	return { ...job, metaData: { ...job.metaData, [DATA_NAME_KEY]: dataName } };
}

/** Undoes {@link withDataName}: removes the name from a job that was just read. */
export function withoutDataName(job: Job): Job {
	delete job.metaData[DATA_NAME_KEY];
	return job;
}

/** The name in a meta's JSON, which may be damaged in any other way; undefined: there is none. */
export function dataNameIn(meta: unknown): string | undefined {
	const name = (meta as { metaData?: Record<string, unknown> } | null)
		?.metaData?.[DATA_NAME_KEY];
	return typeof name === "string" && isOwnDataName(name) ? name : undefined;
}

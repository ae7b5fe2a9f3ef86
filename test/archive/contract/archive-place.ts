import type { Archive } from "../../../lib/archive/archive.js";
import type { OpenArchiveOptions } from "../../../lib/archive/open.js";
import type { JobKey } from "../../../lib/schema/job.js";

/** Where an archive of one kind can lie, for the length of one test. Nothing is there at first. */
export interface ArchivePlace {
	/** Opens the archive there as `openArchive` does; the place knows its target. Not synced unless told. */
	open(options?: OpenArchiveOptions): Promise<Archive>;
	/** Names of everything that is stored there, sorted: what a job that was never committed must not add to. */
	contents(): Promise<string[]>;
	readonly damage: Damage;
	/** Bytes of a job's data that `read` had to read. */
	bytesRead(
		archive: Archive,
		key: JobKey,
		read: () => Promise<unknown>,
	): Promise<number>;
	/** As many jobs as a test of many can make here in a minute. Absent: ten thousand. */
	readonly manyJobs?: number;
	/** Called after the test, when its archives are closed. */
	close?(): Promise<void>;
}

/** Ways to damage what is stored, behind the back of the archive, which may be open. */
export interface Damage {
	/** Replaces a job's data by what `change` makes of them; undefined: takes them away. */
	data(
		key: JobKey,
		change: (bytes: Uint8Array) => Uint8Array | undefined,
	): Promise<void>;
	/** Replaces a job's meta by `text`. */
	meta(key: JobKey, text: string): Promise<void>;
	cluster(name: string, text: string): Promise<void>;
	version(text: string): Promise<void>;
}

/** Makes a place in an empty folder of its own, or elsewhere. */
export type PlaceFactory = (
	folder: string,
) => ArchivePlace | Promise<ArchivePlace>;

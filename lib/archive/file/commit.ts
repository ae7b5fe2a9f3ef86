import { join } from "node:path";
import type { DataEncoding } from "../../codec/column.js";
import { type ArchiverError, isArchiverError } from "../../errors.js";
import type { JobKey } from "../../schema/job.js";
import { parseJob, serializeJob } from "../../schema/job-json.js";
import { withKeptTags } from "../kept-tags.js";
import {
	CLUSTER_FILE,
	DATA_FILES,
	dataFileName,
	META_FILE,
} from "../layout.js";
import type { DurableFiles } from "./durable-files.js";
import { clusterUnknown, writeError } from "./errors.js";
import { isMissing } from "./file-system.js";
import type { JobReader } from "./read.js";
import { UndoableRenames } from "./undoable-renames.js";

/** A job whose data and meta lie in temporary files, on disk. */
export interface SealedJob {
	key: JobKey;
	encoding: DataEncoding;
	/** Path of the temporary file with the data. */
	data: string;
	/** Path of the temporary file with the meta. */
	meta: string;
	/** The text of the meta. */
	text: string;
}

/**
 * Makes sealed jobs visible one after the other, then syncs every folder concerned once. One call at a time an archive.
 *
 * A job that fails is taken back to the version that was there, and the others go on.
 *
 * @returns for each job why it failed, or undefined.
 */
export async function commitGroup(
	files: DurableFiles,
	reader: JobReader,
	jobs: readonly SealedJob[],
): Promise<(ArchiverError | undefined)[]> {
	const clusters = new KnownClusters(files);
	const errors: (ArchiverError | undefined)[] = [];
	const visible = new Map<number, JobCommit>();
	for (const [i, job] of jobs.entries()) {
		try {
			const commit = new JobCommit(files, reader, job);
			await commit.makeVisible(clusters);
			visible.set(i, commit);
			errors.push(undefined);
		} catch (error) {
			errors.push(writeError(error, files.root, job.key));
		}
	}
	const failures = await syncFolders(files, [...visible.values()]);
	// The latest first: should one job come twice, its first version is put back last.
	for (const [i, commit] of [...visible].reverse()) {
		errors[i] = failures.get(commit);
		if (errors[i] === undefined) await commit.keep();
		else await commit.undo();
	}
	return errors;
}

/** Which clusters have a configuration: looked up once a group, since it is there before a cluster's first job. */
class KnownClusters {
	readonly #files: DurableFiles;
	readonly #known = new Set<string>();

	constructor(files: DurableFiles) {
		this.#files = files;
	}

	/** @throws ArchiverError CLUSTER_UNKNOWN */
	async expect(cluster: string): Promise<void> {
		if (this.#known.has(cluster)) return;
		const path = join(this.#files.root, cluster, CLUSTER_FILE);
		try {
			await this.#files.fileSystem.stat(path);
		} catch (error) {
			throw isMissing(error)
				? clusterUnknown(path, cluster)
				: writeError(error, path);
		}
		this.#known.add(cluster);
	}
}

/** One job on its way from temporary files to its folder. */
class JobCommit {
	readonly foldersToSync: string[];
	readonly #files: DurableFiles;
	readonly #reader: JobReader;
	readonly #sealed: SealedJob;
	readonly #folder: string;
	readonly #renames: UndoableRenames;

	constructor(files: DurableFiles, reader: JobReader, sealed: SealedJob) {
		this.#files = files;
		this.#reader = reader;
		this.#sealed = sealed;
		this.#folder = reader.folderOf(sealed.key);
		this.#renames = new UndoableRenames(files);
		this.foldersToSync = [];
	}

	get key(): JobKey {
		return this.#sealed.key;
	}

	/**
	 * Puts the data in its place, takes older data in another format away, and puts the meta in its place.
	 *
	 * A job that is replaced must not be left with one of the two: each step is on disk before the next one begins, and
	 * the meta lies at the root under its temporary name, where the next start finds it, until it is in its place.
	 */
	async makeVisible(clusters: KnownClusters): Promise<void> {
		const { key, encoding } = this.#sealed;
		const place = (name: string) => join(this.#folder, name);
		try {
			await clusters.expect(key.cluster);
			const made = await this.#files.makeFolder(this.#folder);
			this.foldersToSync.push(...this.#files.foldersToSync(this.#folder));
			const names =
				made.length > 0 ? new Set<string>() : await this.#reader.names(key);
			const replaces = names.has(META_FILE);
			if (replaces) {
				await this.#keepTags();
				await this.#files.syncFolder(this.#files.root);
			}
			const dataName = dataFileName(encoding);
			await this.#renames.replace(
				this.#sealed.data,
				place(dataName),
				names.has(dataName),
			);
			const stale = DATA_FILES.map(({ name }) => name).filter(
				(name) => name !== dataName && names.has(name),
			);
			if (replaces || stale.length > 0)
				await this.#files.syncFolder(this.#folder);
			for (const name of stale) await this.#renames.retire(place(name));
			if (stale.length > 0) await this.#files.syncFolder(this.#folder);
			await this.#renames.replace(
				this.#sealed.meta,
				place(META_FILE),
				replaces,
			);
		} catch (error) {
			await this.undo();
			throw writeError(error, this.#folder, key);
		}
	}

	/** The job has come to stay: removes what it replaced. */
	async keep(): Promise<void> {
		this.#files.rememberDurable(this.#folder);
		await this.#renames.keep();
	}

	/** Restores the version that was there, and removes every trace of this one. */
	async undo(): Promise<void> {
		await this.#renames.undo();
		await this.#files.temporaries.remove(this.#sealed.data);
		await this.#files.temporaries.remove(this.#sealed.meta);
		await this.#files.removeEmptyFolders(this.#folder);
	}

	/** Tags may have been set since the job was sealed, so they are looked up now, when nobody else here can write. */
	async #keepTags(): Promise<void> {
		const { key, text, meta } = this.#sealed;
		try {
			const earlier = await this.#reader.loadMeta(key);
			const job = parseJob(JSON.parse(text));
			const kept = withKeptTags(job, earlier);
			if (kept === job) return;
			this.#sealed.meta = await this.#files.writeTemporary(serializeJob(kept));
			await this.#files.temporaries.remove(meta);
		} catch (error) {
			// A meta that cannot be read holds no tags to keep, and is about to be repaired.
			if (!isArchiverError(error) || error.code !== "DATA_CORRUPT") throw error;
		}
	}
}

/** Syncs the folders of all jobs, each once. @returns the jobs whose folders could not be synced, and why. */
async function syncFolders(
	files: DurableFiles,
	commits: readonly JobCommit[],
): Promise<Map<JobCommit, ArchiverError>> {
	const folders = new Set(commits.flatMap((commit) => commit.foldersToSync));
	const errors = new Map<string, unknown>();
	await Promise.all(
		[...folders].map((folder) =>
			files.syncFolder(folder).catch((error) => errors.set(folder, error)),
		),
	);
	const failures = new Map<JobCommit, ArchiverError>();
	for (const commit of commits) {
		const folder = commit.foldersToSync.find((path) => errors.has(path));
		if (folder === undefined) continue;
		const error = errors.get(folder);
		failures.set(commit, writeError(error, folder, commit.key));
	}
	return failures;
}

import type { DataEncoding } from "../../codec/column.js";
import { ArchiverError } from "../../errors.js";
import type { JobKey } from "../../schema/job.js";
import { commitGroup, type SealedJob } from "./commit.js";
import type { DurableFiles } from "./durable-files.js";
import { writeError } from "./errors.js";
import { JobReader } from "./read.js";
import { removeJob } from "./remove.js";
import type { TemporaryFile } from "./temporaries.js";

/** What ends a job's data. */
export interface Sealing {
	/** Number that the job is known by while it is staged. */
	stage: number;
	key: JobKey;
	encoding: DataEncoding;
	/** The rest of the data. */
	rest: Uint8Array<ArrayBuffer>;
	/** The text of the job's meta. */
	meta: string;
}

/**
 * Everything that changes a file archive, wherever that happens: {@link DirectChanges} on this thread, `WritingThread` on
 * one of its own. Buffers are given away. A staged job's calls come one after the other, and so do all others.
 *
 * Every rejection is an ArchiverError.
 */
export interface FileChanges {
	/** Says that there will be something to do soon. */
	prepare(): void;
	/** Appends to a staged job's data, for which the first call makes a temporary file. @returns the buffer, for use again. */
	append(
		stage: number,
		key: JobKey,
		bytes: Uint8Array<ArrayBuffer>,
	): Promise<ArrayBuffer>;
	seal(sealing: Sealing): Promise<void>;
	/** Removes a staged job's files, if there are any. */
	discard(stage: number): Promise<void>;
	/** Makes sealed jobs visible: see `Archive.commit`. Whatever becomes of them, they are staged no more. */
	commit(stages: readonly number[]): Promise<(ArchiverError | undefined)[]>;
	remove(key: JobKey): Promise<ArchiverError | undefined>;
	/** Writes a file whole, or replaces it. */
	writeFile(path: string, text: string, key?: JobKey): Promise<void>;
	/** Discards what is staged. Nothing is changed any more. */
	close(): Promise<void>;
}

/** The changes, made by the calling thread. */
export class DirectChanges implements FileChanges {
	readonly #files: DurableFiles;
	readonly #reader: JobReader;
	readonly #data = new Map<number, TemporaryFile>();
	readonly #sealed = new Map<number, SealedJob>();
	#closed = false;

	constructor(files: DurableFiles) {
		this.#files = files;
		this.#reader = new JobReader(files.fileSystem, files.root);
	}

	prepare(): void {}

	async append(
		stage: number,
		key: JobKey,
		bytes: Uint8Array<ArrayBuffer>,
	): Promise<ArrayBuffer> {
		const file = await this.#dataOf(stage, key);
		try {
			await file.write(bytes);
		} catch (error) {
			throw writeError(error, file.path, key);
		}
		return bytes.buffer;
	}

	async seal({ stage, key, encoding, rest, meta }: Sealing): Promise<void> {
		const file = await this.#dataOf(stage, key);
		try {
			if (rest.byteLength > 0) await file.write(rest);
			await this.#files.finish(file);
			this.#sealed.set(stage, {
				key,
				encoding,
				text: meta,
				data: file.path,
				meta: await this.#files.writeTemporary(meta),
			});
		} catch (error) {
			throw writeError(error, file.path, key);
		}
	}

	async discard(stage: number): Promise<void> {
		const paths = [
			this.#data.get(stage)?.path,
			this.#sealed.get(stage)?.meta,
		].filter((path) => path !== undefined);
		this.#forget(stage);
		for (const path of paths) await this.#files.temporaries.remove(path);
	}

	async commit(
		stages: readonly number[],
	): Promise<(ArchiverError | undefined)[]> {
		const jobs = stages.map((stage) => this.#sealed.get(stage));
		for (const stage of stages) this.#forget(stage);
		const known = jobs.filter((job) => job !== undefined);
		const results = await commitGroup(this.#files, this.#reader, known);
		return jobs.map((job) =>
			job === undefined ? lost(this.#files.root) : results.shift(),
		);
	}

	remove(key: JobKey): Promise<ArchiverError | undefined> {
		return removeJob(this.#files, this.#reader, key);
	}

	async writeFile(path: string, text: string, key?: JobKey): Promise<void> {
		try {
			await this.#files.writeFile(path, text);
		} catch (error) {
			throw writeError(error, path, key);
		}
	}

	async close(): Promise<void> {
		this.#closed = true;
		await this.#files.temporaries.removeAll();
	}

	async #dataOf(stage: number, key: JobKey): Promise<TemporaryFile> {
		const known = this.#data.get(stage);
		if (known !== undefined) return known;
		const { root, temporaries } = this.#files;
		if (this.#closed) throw closed(root);
		try {
			const file = await temporaries.create();
			this.#data.set(stage, file);
			return file;
		} catch (error) {
			throw writeError(error, root, key);
		}
	}

	#forget(stage: number): void {
		this.#data.delete(stage);
		this.#sealed.delete(stage);
	}
}

/** Staged with a thread that has died since. */
function lost(root: string): ArchiverError {
	return new ArchiverError(
		"ARCHIVE_WRITE_FAILED",
		`${root}: the thread that wrote the job ended before its commit`,
		{ path: root },
	);
}

export function closed(root: string): ArchiverError {
	return new ArchiverError("INVALID_INPUT", `${root} is closed`, {
		path: root,
	});
}

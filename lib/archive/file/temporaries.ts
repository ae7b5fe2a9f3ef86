import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type FileSystem, isMissing, type OpenFile } from "./file-system.js";

/** Files may be read by the archive's group; the process's umask still applies. */
export const FILE_MODE = 0o640;
/** What one call reads or writes at most, so that a large file does not hold on to one of libuv's few threads. */
export const MAX_CALL_BYTES = 16 * 2 ** 20;

const NAME = /^\.tmp-[0-9a-f]{16}-\d+$/;
/** Tells apart processes, threads, and copies of this module in one of them. */
const moduleToken = randomBytes(8).toString("hex");
let counter = 0;

export function isTemporaryName(name: string): boolean {
	return NAME.test(name);
}

/**
 * The temporary files of one archive: files at its root. Every one of them is known here until it is renamed or removed,
 * so that none outlives the archive.
 */
export class Temporaries {
	readonly #fileSystem: FileSystem;
	readonly #root: string;
	/** By path; undefined for a name that is not open for writing. */
	readonly #files = new Map<string, TemporaryFile | undefined>();

	constructor(fileSystem: FileSystem, root: string) {
		this.#fileSystem = fileSystem;
		this.#root = root;
	}

	/** A name that nobody else has. */
	newPath(): string {
		const path = join(this.#root, `.tmp-${moduleToken}-${counter++}`);
		this.#files.set(path, undefined);
		return path;
	}

	/** Opens a new file for writing. */
	async create(): Promise<TemporaryFile> {
		const path = this.newPath();
		try {
			const opened = await this.#fileSystem.open(path, "wx", FILE_MODE);
			const file = new TemporaryFile(path, opened);
			this.#files.set(path, file);
			return file;
		} catch (error) {
			this.#files.delete(path);
			throw error;
		}
	}

	/** Says that `path` has been renamed: it is no temporary any more. */
	forget(path: string): void {
		this.#files.delete(path);
	}

	/** Closes a file and removes it, if it is there. Never rejects; what cannot be removed now is tried again by {@link removeAll}. */
	async remove(path: string): Promise<void> {
		if (!this.#files.has(path)) return;
		await this.#files
			.get(path)
			?.close()
			.catch(() => undefined);
		try {
			await this.#fileSystem.unlink(path);
		} catch (error) {
			if (!isMissing(error)) return;
		}
		this.#files.delete(path);
	}

	/** Closes and removes every file that is left. */
	async removeAll(): Promise<void> {
		await Promise.all([...this.#files.keys()].map((path) => this.remove(path)));
	}
}

/** A file that is being written under a temporary name. */
export class TemporaryFile {
	readonly path: string;
	#file: OpenFile | undefined;
	#byteLength = 0;

	constructor(path: string, file: OpenFile) {
		this.path = path;
		this.#file = file;
	}

	get byteLength(): number {
		return this.#byteLength;
	}

	/** Appends all of `bytes`. */
	async write(bytes: Uint8Array): Promise<void> {
		const file = this.#opened();
		let offset = 0;
		while (offset < bytes.byteLength) {
			const length = Math.min(bytes.byteLength - offset, MAX_CALL_BYTES);
			const { bytesWritten } = await file.write(
				bytes,
				offset,
				length,
				this.#byteLength,
			);
			if (bytesWritten === 0)
				throw new Error("the file system takes no more bytes");
			offset += bytesWritten;
			this.#byteLength += bytesWritten;
		}
	}

	/**
	 * Ends writing. With `sync`, what was written survives a power cut once this resolves; a failed sync is final, since
	 * the system may have dropped the pages that it could not write, and a second one would then succeed for nothing.
	 */
	async finish(sync: boolean): Promise<void> {
		try {
			if (sync) await this.#opened().sync();
		} finally {
			await this.close();
		}
	}

	/** Closes the descriptor. Safe to call again. */
	async close(): Promise<void> {
		const file = this.#file;
		this.#file = undefined;
		await file?.close();
	}

	#opened(): OpenFile {
		if (this.#file === undefined) throw new Error("the file is closed");
		return this.#file;
	}
}

import type { DurableFiles } from "./durable-files.js";
import { lacksLinks } from "./file-system.js";

/**
 * Renames within one job's folder that can be taken back until they are kept, so that a failure half-way leaves the
 * version that was there. What is replaced lives on under a temporary name meanwhile.
 */
export class UndoableRenames {
	readonly #files: DurableFiles;
	readonly #undo: (() => Promise<void>)[] = [];
	readonly #replaced: string[] = [];

	constructor(files: DurableFiles) {
		this.#files = files;
	}

	/** Puts a temporary file in its place. Readers find the old file or the new one. */
	async replace(
		temporary: string,
		path: string,
		exists: boolean,
	): Promise<void> {
		const { fileSystem } = this.#files;
		const backup = exists ? await this.#linkBackup(path) : undefined;
		await this.#files.rename(temporary, path);
		if (backup !== undefined)
			this.#undo.push(() => this.#files.rename(backup, path));
		else if (!exists) this.#undo.push(() => fileSystem.unlink(path));
	}

	/** Takes a file away. */
	async retire(path: string): Promise<void> {
		const backup = this.#files.temporaries.newPath();
		try {
			await this.#files.fileSystem.rename(path, backup);
		} catch (error) {
			this.#files.temporaries.forget(backup);
			throw error;
		}
		this.#replaced.push(backup);
		this.#undo.push(() => this.#files.rename(backup, path));
	}

	/**
	 * Restores what was there, and never rejects. Stops where the file system refuses: going on could take the new file
	 * away without bringing the old one back.
	 */
	async undo(): Promise<void> {
		try {
			for (const step of this.#undo.reverse()) await step();
		} catch {
			// The failure that led here is the one to tell.
		}
		await this.keep();
	}

	/** Lets go of what was replaced. Never rejects. */
	async keep(): Promise<void> {
		for (const path of this.#replaced)
			await this.#files.temporaries.remove(path);
	}

	async #linkBackup(path: string): Promise<string | undefined> {
		const backup = this.#files.temporaries.newPath();
		try {
			await this.#files.fileSystem.link(path, backup);
		} catch (error) {
			this.#files.temporaries.forget(backup);
			if (lacksLinks(error)) return undefined;
			throw error;
		}
		this.#replaced.push(backup);
		return backup;
	}
}

import { dirname, join, relative, sep } from "node:path";
import { type FileSystem, isMissing, systemCode } from "./file-system.js";
import { Temporaries, type TemporaryFile } from "./temporaries.js";

/** Folders may be listed by the archive's group; the process's umask still applies. */
const FOLDER_MODE = 0o750;
/** Of the folders below the root only the upper ones are remembered as durable: their number stays small. */
const REMEMBERED_DEPTH = 2;

/**
 * How the files of one archive come to be, and stay: everything is written under a temporary name at the root, synced,
 * renamed, and then the folders on the way to it are synced.
 */
export class DurableFiles {
	readonly root: string;
	readonly fileSystem: FileSystem;
	readonly temporaries: Temporaries;
	readonly #sync: boolean;
	/** Folders whose names are known to be on disk. */
	readonly #durableFolders = new Set<string>();

	/** @param sync - False: nothing is synced, and a power cut may take what was written last. */
	constructor(fileSystem: FileSystem, root: string, sync: boolean) {
		this.fileSystem = fileSystem;
		this.root = root;
		this.#sync = sync;
		this.temporaries = new Temporaries(fileSystem, root);
	}

	/** Ends a temporary file; its bytes then survive a power cut. */
	finish(file: TemporaryFile): Promise<void> {
		return file.finish(this.#sync);
	}

	/**
	 * Writes a temporary file whole. When that fails, nothing is left of it.
	 *
	 * @param sync - Where it must not depend on whether this archive is synced.
	 */
	async writeTemporary(text: string, sync = this.#sync): Promise<string> {
		const file = await this.temporaries.create();
		try {
			await file.write(Buffer.from(text));
			await file.finish(sync);
			return file.path;
		} catch (error) {
			await this.temporaries.remove(file.path);
			throw error;
		}
	}

	/** Puts a temporary file in its place. */
	async rename(temporary: string, path: string): Promise<void> {
		await this.fileSystem.rename(temporary, path);
		this.temporaries.forget(temporary);
	}

	/** Writes a file whole, or replaces it; readers see the one or the other. It survives a power cut once this resolves. */
	async writeFile(path: string, text: string): Promise<void> {
		const temporary = await this.writeTemporary(text);
		try {
			await this.makeFolder(dirname(path));
			await this.rename(temporary, path);
		} catch (error) {
			await this.temporaries.remove(temporary);
			await this.removeEmptyFolders(dirname(path));
			throw error;
		}
		for (const folder of this.foldersToSync(dirname(path)))
			await this.syncFolder(folder);
		this.rememberDurable(dirname(path));
	}

	/**
	 * Makes a folder, and those above it that are missing. (`mkdir` with `recursive` says ENOENT where a file system is
	 * read-only.)
	 *
	 * @returns the folders that were made, the uppermost first; none when it was there.
	 */
	async makeFolder(path: string): Promise<string[]> {
		try {
			if (!(await this.#makeOne(path))) return [];
			return [path];
		} catch (error) {
			if (!isMissing(error)) throw error;
		}
		const above = await this.makeFolder(dirname(path));
		return (await this.#makeOne(path)) ? [...above, path] : above;
	}

	/**
	 * Removes a folder if it is empty, and those above it that are so then, up to the cluster's, which ClusterCockpit does
	 * not bear to be empty either. Never rejects.
	 */
	async removeEmptyFolders(path: string): Promise<void> {
		for (const folder of this.#lineage(path)) {
			try {
				await this.fileSystem.rmdir(folder);
			} catch (error) {
				if (!isMissing(error)) return;
			}
		}
	}

	/**
	 * The folders that have to be synced for the names in `folder`, and for the way to it, to survive: itself and those
	 * above it, unless they are known to have been synced since. Whoever made a folder may have died before its name was
	 * on disk, so having found it says nothing.
	 */
	foldersToSync(folder: string): string[] {
		const folders = [folder];
		for (const below of this.#lineage(folder)) {
			if (!this.#durableFolders.has(below)) folders.push(dirname(below));
		}
		return folders;
	}

	/** Says that {@link foldersToSync} have all been synced. */
	rememberDurable(folder: string): void {
		for (const path of this.#lineage(folder).slice(-REMEMBERED_DEPTH))
			this.#durableFolders.add(path);
	}

	/** Syncs the names in a folder. A failure is final: see {@link TemporaryFile.finish}. */
	async syncFolder(path: string): Promise<void> {
		if (!this.#sync) return;
		const folder = await this.fileSystem.open(path, "r");
		try {
			await folder.sync();
		} finally {
			await folder.close();
		}
	}

	/** @returns false when something is there already. */
	async #makeOne(path: string): Promise<boolean> {
		try {
			await this.fileSystem.mkdir(path, { mode: FOLDER_MODE });
		} catch (error) {
			if (systemCode(error) === "EEXIST") return false;
			throw error;
		}
		this.#durableFolders.delete(path);
		return true;
	}

	/** `path` and the folders above it up to the cluster, which comes last; empty for the root. */
	#lineage(path: string): string[] {
		const names = relative(this.root, path).split(sep).filter(Boolean);
		return names
			.map((_, depth) => join(this.root, ...names.slice(0, depth + 1)))
			.reverse();
	}
}

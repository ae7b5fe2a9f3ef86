import { join } from "node:path";
import type { ArchiverError } from "../../errors.js";
import type { JobKey } from "../../schema/job.js";
import { DATA_FILES, META_FILE } from "../layout.js";
import type { DurableFiles } from "./durable-files.js";
import { jobUnknown, writeError } from "./errors.js";
import type { JobReader } from "./read.js";

const DATA_NAMES = DATA_FILES.map(({ name }) => name);

/**
 * Removes a job, or what a crash has left of one. Its meta goes first, and its data only once that would survive a power
 * cut: data without a meta are no job, whereas a meta without data would look like damage. Folders go when they are empty.
 *
 * @returns why it could not be removed, or undefined.
 */
export async function removeJob(
	files: DurableFiles,
	reader: JobReader,
	key: JobKey,
): Promise<ArchiverError | undefined> {
	const folder = reader.folderOf(key);
	try {
		const names = await reader.names(key);
		const data = DATA_NAMES.filter((name) => names.has(name));
		const meta = [META_FILE].filter((name) => names.has(name));
		for (const group of [meta, data]) {
			for (const name of group)
				await files.fileSystem.unlink(join(folder, name));
			if (group.length > 0) await files.syncFolder(folder);
		}
		await files.removeEmptyFolders(folder);
		return meta.length + data.length === 0
			? jobUnknown(files.root, key)
			: undefined;
	} catch (error) {
		return writeError(error, folder, key);
	}
}

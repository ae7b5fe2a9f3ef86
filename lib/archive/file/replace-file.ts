import { mkdir, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { FILE_MODE, TemporaryFile } from "./temporaries.js";

/** What a file is called until it is complete. One that a crash leaves behind is overwritten by the next. */
const UNFINISHED = ".unfinished";

/**
 * Has a file written beside `path` and puts it in its place once it is on disk. When anything fails, what was at `path` is
 * still there.
 *
 * @returns the bytes written.
 */
export async function replaceFile(
	path: string,
	write: (file: TemporaryFile) => Promise<void>,
): Promise<number> {
	const unfinished = path + UNFINISHED;
	const folder = dirname(path);
	await mkdir(folder, { recursive: true });
	const file = new TemporaryFile(
		unfinished,
		await open(unfinished, "w", FILE_MODE),
	);
	try {
		await write(file);
		await file.finish(true);
		await rename(unfinished, path);
	} catch (error) {
		await file.close().catch(() => {});
		await unlink(unfinished).catch(() => {});
		throw error;
	}
	await syncFolder(folder);
	return file.byteLength;
}

/** Makes the new name survive a power cut. */
async function syncFolder(path: string): Promise<void> {
	const folder = await open(path, "r");
	try {
		await folder.sync();
	} finally {
		await folder.close();
	}
}

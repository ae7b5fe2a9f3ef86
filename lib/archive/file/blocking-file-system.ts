import * as fs from "node:fs";
import type { FileSystem, OpenFile } from "./file-system.js";

/**
 * A file system for a thread that does nothing else: a call is done when it returns. Most calls only reach the page
 * cache; a trip to one of libuv's threads and back would cost several times what they take. Syncs wait for the disk here
 * as well: two at once on libuv's threads were no faster, and those are the whole process's.
 */
export const blockingFileSystem: FileSystem = {
	open: async (path, flags, mode) => openFile(fs.openSync(path, flags, mode)),
	mkdir: async (path, options) => void fs.mkdirSync(path, options),
	rmdir: async (path) => fs.rmdirSync(path),
	readdir: async (path, options) => fs.readdirSync(path, options),
	stat: async (path) => fs.statSync(path),
	link: async (existing, path) => fs.linkSync(existing, path),
	rename: async (from, to) => fs.renameSync(from, to),
	unlink: async (path) => fs.unlinkSync(path),
};

function openFile(descriptor: number): OpenFile {
	return {
		stat: async () => fs.fstatSync(descriptor),
		read: async (...args) => ({ bytesRead: fs.readSync(descriptor, ...args) }),
		write: async (...args) => ({
			bytesWritten: fs.writeSync(descriptor, ...args),
		}),
		sync: async () => fs.fsyncSync(descriptor),
		close: async () => fs.closeSync(descriptor),
	};
}

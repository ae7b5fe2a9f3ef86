import * as fs from "node:fs/promises";
import { basename } from "node:path";
import type {
	FileSystem,
	OpenFile,
} from "../../lib/archive/file/file-system.js";

/** One call of a file system, in the order in which they were made. */
export interface FileCall {
	name: keyof FileSystem | `file.${keyof OpenFile}`;
	path: string;
	/** Where a rename or link leads. */
	to?: string;
	/** Bytes that a read or write was asked for. */
	length?: number;
}

/** What becomes of a call: an error code that it fails with, or a write that writes but half of what it is given. */
export type Fault = { code: string } | "short write";

export interface ScriptedFileSystem extends FileSystem {
	readonly calls: FileCall[];
	/** The most calls that were under way at once. */
	mostAtOnce: number;
	/** Descriptors that were opened and not closed. */
	openFiles: number;
}

/**
 * `node:fs/promises` with a record of the calls, some of which can be made to fail. Syncs are recorded and not carried
 * out: tests pull no plug.
 *
 * @param faultOf - Asked before each call, with how many calls came before it.
 * @param onDone - Told of each call that did not fail, as soon as it is done.
 */
export function scriptedFileSystem(
	faultOf: (call: FileCall, index: number) => Fault | undefined = () =>
		undefined,
	onDone: (call: FileCall) => void = () => {},
): ScriptedFileSystem {
	const calls: FileCall[] = [];
	let underWay = 0;

	async function run<T>(
		call: FileCall,
		carryOut: (halve: boolean) => Promise<T>,
	): Promise<T> {
		const fault = faultOf(call, calls.length);
		calls.push(call);
		scripted.mostAtOnce = Math.max(scripted.mostAtOnce, ++underWay);
		try {
			if (typeof fault === "object") throw systemError(fault.code, call);
			const result = await carryOut(fault === "short write");
			onDone(call);
			return result;
		} finally {
			underWay--;
		}
	}

	function scriptFile(file: fs.FileHandle, path: string): OpenFile {
		return {
			stat: () => run({ name: "file.stat", path }, () => file.stat()),
			read: (buffer, offset, length, position) =>
				run({ name: "file.read", path, length }, () =>
					file.read(buffer, offset, length, position),
				),
			write: (buffer, offset, length, position) =>
				run({ name: "file.write", path, length }, (halve) =>
					file.write(
						buffer,
						offset,
						halve ? Math.ceil(length / 2) : length,
						position,
					),
				),
			sync: () => run({ name: "file.sync", path }, async () => undefined),
			close: () =>
				run({ name: "file.close", path }, async () => undefined).finally(() => {
					// The descriptor is given up even where closing fails, as Linux does it.
					scripted.openFiles--;
					return file.close();
				}),
		};
	}

	const scripted: ScriptedFileSystem = {
		calls,
		mostAtOnce: 0,
		openFiles: 0,
		open: (path, flags, mode) =>
			run({ name: "open", path }, async () => {
				const file = await fs.open(path, flags, mode);
				scripted.openFiles++;
				return scriptFile(file, path);
			}),
		mkdir: (path, options) =>
			run({ name: "mkdir", path }, () => fs.mkdir(path, options)),
		rmdir: (path) => run({ name: "rmdir", path }, () => fs.rmdir(path)),
		readdir: (path, options) =>
			run({ name: "readdir", path }, () => fs.readdir(path, options)),
		stat: (path) => run({ name: "stat", path }, () => fs.stat(path)),
		link: (path, to) =>
			run({ name: "link", path, to }, () => fs.link(path, to)),
		rename: (path, to) =>
			run({ name: "rename", path, to }, () => fs.rename(path, to)),
		unlink: (path) => run({ name: "unlink", path }, () => fs.unlink(path)),
	};
	return scripted;
}

function systemError(code: string, { name, path }: FileCall): Error {
	const text = `${code}: made to fail, ${name} '${basename(path)}'`;
	return Object.assign(new Error(text), { code });
}

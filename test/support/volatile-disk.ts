import { basename, dirname, relative } from "node:path";
import type {
	FileSystem,
	FolderEntry,
	OpenFile,
} from "../../lib/archive/file/file-system.js";

let mounts = 0;

/**
 * A disk in memory that knows what would survive a power cut.
 *
 * A file's bytes do once the file is synced, and a name (or that it is gone) once a folder concerned is synced, whatever
 * order that comes in. What is not synced may survive or not, each write and each change of names by itself; only a
 * rename is one change, though it concerns two folders.
 */
export class VolatileDisk {
	/** Path of its uppermost folder: another one for each disk, and after each power cut. */
	readonly mountPoint = `/disk-${mounts++}`;
	readonly #root: Folder;
	readonly #changes: Change[] = [];
	#serial = 0;
	#callsLeft = Number.POSITIVE_INFINITY;
	#tellOff: () => void = () => {};
	/** Resolves when the power goes: see {@link powerOffAfter}. */
	readonly off: Promise<void>;
	/** Calls so far. */
	calls = 0;

	constructor(root = new Folder()) {
		this.#root = root;
		this.off = new Promise((resolve) => {
			this.#tellOff = resolve;
		});
	}

	/** Lets so many more calls be carried out; those after them are never answered. */
	powerOffAfter(calls: number): void {
		this.#callsLeft = calls;
	}

	/**
	 * What is found on the disk after a power cut now.
	 *
	 * @param keeps - Asked for each change that is not synced, in their order: whether it has got to the disk all the same.
	 */
	afterPowerCut(keeps: () => boolean): VolatileDisk {
		for (const change of this.#changes) if (keeps()) makeDurable(change);
		const copies = new Map<Node, Node>();
		return new VolatileDisk(copyFolder(this.#root, copies, keeps));
	}

	/** The whole text of a file, from beside the file system; undefined when there is none. */
	readText(path: string): string | undefined {
		const node = this.#find(path);
		return node instanceof File ? node.content.toString() : undefined;
	}

	/** Replaces a file's text, durably, from beside the file system. */
	writeText(path: string, text: string): void {
		const file = this.#find(path);
		if (!(file instanceof File)) throw systemError("ENOENT", path);
		file.content = Buffer.from(text);
		file.sync();
	}

	/** Every file, as sorted paths. */
	files(folder = this.#root, path = ""): string[] {
		return [...folder.entries]
			.flatMap(([name, node]) =>
				node instanceof Folder
					? this.files(node, `${path}/${name}`)
					: [`${path}/${name}`],
			)
			.sort();
	}

	/** The disk as an archive uses it. */
	readonly fileSystem: FileSystem = {
		open: (path, flags) => this.#run(() => this.#open(path, flags)),
		mkdir: (path) =>
			this.#run(() => {
				this.#expectNone(path);
				this.#change([path, new Folder()]);
			}),
		rmdir: (path) =>
			this.#run(() => {
				if (this.#folder(path).entries.size > 0)
					throw systemError("ENOTEMPTY", path);
				this.#change([path, undefined]);
			}),
		readdir: (path) =>
			this.#run(() => [...this.#folder(path).entries].map(folderEntry)),
		stat: (path) =>
			this.#run(() => {
				const node = this.#existing(path);
				return { size: node instanceof File ? node.content.byteLength : 0 };
			}),
		link: (existing, path) =>
			this.#run(() => {
				const node = this.#existing(existing);
				this.#expectNone(path);
				this.#change([path, node]);
			}),
		rename: (from, to) =>
			this.#run(() =>
				this.#change([from, undefined], [to, this.#existing(from)]),
			),
		unlink: (path) =>
			this.#run(() => {
				this.#existing(path);
				this.#change([path, undefined]);
			}),
	};

	/** Calls take a moment, in which others are made. */
	async #run<T>(call: () => T): Promise<T> {
		if (this.#callsLeft-- <= 0) {
			this.#tellOff();
			return new Promise(() => {});
		}
		this.calls++;
		await Promise.resolve();
		return call();
	}

	#open(path: string, flags: string): OpenFile {
		if (flags === "wx") {
			this.#expectNone(path);
			this.#change([path, new File()]);
		}
		const node = this.#existing(path);
		const run = <T>(call: () => T) => this.#run(call);
		const file = () => {
			if (node instanceof File) return node;
			throw systemError("EISDIR", path);
		};
		return {
			stat: () => run(() => ({ size: file().content.byteLength })),
			read: (buffer, offset, length, position) =>
				run(() => {
					const bytes = file().content.subarray(position, position + length);
					buffer.set(bytes, offset);
					return { bytesRead: bytes.byteLength };
				}),
			write: (buffer, offset, length, position) =>
				run(() => {
					file().write(buffer.slice(offset, offset + length), position);
					return { bytesWritten: length };
				}),
			sync: () =>
				run(() => (node instanceof File ? node.sync() : this.#sync(node))),
			close: () => run(() => undefined),
		};
	}

	/** Makes changes of names that belong together. */
	#change(...names: [path: string, node: Node | undefined][]): void {
		const serial = this.#serial++;
		const change = names.map(([path, node]) => {
			const folder = this.#folder(dirname(path));
			return { folder, name: basename(path), node, serial };
		});
		for (const { folder, name, node } of change) {
			if (node === undefined) folder.entries.delete(name);
			else folder.entries.set(name, node);
		}
		this.#changes.push(change);
	}

	#sync(folder: Folder): void {
		for (let i = 0; i < this.#changes.length; ) {
			const change = this.#changes[i];
			if (change.some((entry) => entry.folder === folder)) {
				makeDurable(change);
				this.#changes.splice(i, 1);
			} else i++;
		}
	}

	#find(path: string): Node | undefined {
		let node: Node | undefined = this.#root;
		const names = relative(this.mountPoint, path).split("/").filter(Boolean);
		for (const name of names) {
			if (!(node instanceof Folder)) throw systemError("ENOTDIR", path);
			node = node.entries.get(name);
			if (node === undefined) return undefined;
		}
		return node;
	}

	#existing(path: string): Node {
		const node = this.#find(path);
		if (node === undefined) throw systemError("ENOENT", path);
		return node;
	}

	#folder(path: string): Folder {
		const node = this.#existing(path);
		if (node instanceof Folder) return node;
		throw systemError("ENOTDIR", path);
	}

	#expectNone(path: string): void {
		if (this.#find(path) !== undefined) throw systemError("EEXIST", path);
	}
}

type Node = File | Folder;

class File {
	content: Buffer = Buffer.alloc(0);
	#synced: Buffer = Buffer.alloc(0);
	#unsynced: { bytes: Uint8Array; position: number }[] = [];

	write(bytes: Uint8Array, position: number): void {
		this.content = overwritten(this.content, bytes, position);
		this.#unsynced.push({ bytes, position });
	}

	sync(): void {
		this.#synced = this.content;
		this.#unsynced = [];
	}

	afterPowerCut(keeps: () => boolean): File {
		const file = new File();
		file.content = this.#unsynced
			.filter(keeps)
			.reduce(
				(content, { bytes, position }) => overwritten(content, bytes, position),
				this.#synced,
			);
		file.sync();
		return file;
	}
}

class Folder {
	readonly entries = new Map<string, Node>();
	/** Names on the disk, or gone from it, each with the change that it goes back to. */
	readonly durable = new Map<string, Entry>();
}

interface Entry {
	folder: Folder;
	name: string;
	/** Undefined: the name is gone. */
	node: Node | undefined;
	/** Later changes have greater ones. */
	serial: number;
}

type Change = Entry[];

/** What has been there before a later change of the same name does not come back. */
function makeDurable(change: Change): void {
	for (const entry of change) {
		const { folder, name, serial } = entry;
		if ((folder.durable.get(name)?.serial ?? -1) < serial)
			folder.durable.set(name, entry);
	}
}

function copyFolder(
	folder: Folder,
	copies: Map<Node, Node>,
	keeps: () => boolean,
): Folder {
	const copy = new Folder();
	copies.set(folder, copy);
	for (const [name, { node }] of folder.durable) {
		if (node === undefined) continue;
		const known =
			copies.get(node) ??
			(node instanceof File
				? node.afterPowerCut(keeps)
				: copyFolder(node, copies, keeps));
		copies.set(node, known);
		copy.entries.set(name, known);
		copy.durable.set(name, { folder: copy, name, node: known, serial: -1 });
	}
	return copy;
}

function overwritten(
	content: Buffer,
	bytes: Uint8Array,
	position: number,
): Buffer {
	const size = Math.max(content.byteLength, position + bytes.byteLength);
	const result = Buffer.alloc(size);
	result.set(content);
	result.set(bytes, position);
	return result;
}

function folderEntry([name, node]: [string, Node]): FolderEntry {
	return { name, isDirectory: () => node instanceof Folder };
}

function systemError(code: string, path: string): Error {
	return Object.assign(new Error(`${code}: ${path}`), { code });
}

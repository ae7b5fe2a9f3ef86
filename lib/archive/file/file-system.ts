/** The part of `node:fs/promises` that a file archive uses: small enough to be replaced by one that fails on purpose. */
export interface FileSystem {
	open(path: string, flags: string, mode?: number): Promise<OpenFile>;
	mkdir(path: string, options: { mode: number }): Promise<void>;
	rmdir(path: string): Promise<void>;
	readdir(
		path: string,
		options: { withFileTypes: true },
	): Promise<FolderEntry[]>;
	stat(path: string): Promise<FileFacts>;
	link(existing: string, path: string): Promise<void>;
	rename(from: string, to: string): Promise<void>;
	unlink(path: string): Promise<void>;
}

export interface OpenFile {
	stat(): Promise<FileFacts>;
	read(
		buffer: Uint8Array,
		offset: number,
		length: number,
		position: number,
	): Promise<{ bytesRead: number }>;
	write(
		buffer: Uint8Array,
		offset: number,
		length: number,
		position: number,
	): Promise<{ bytesWritten: number }>;
	sync(): Promise<void>;
	close(): Promise<void>;
}

export interface FileFacts {
	size: number;
}

export interface FolderEntry {
	name: string;
	isDirectory(): boolean;
}

/** A file system without hard links answers with one of these. */
const NO_LINKS = new Set([
	"EPERM",
	"ENOTSUP",
	"EOPNOTSUPP",
	"ENOSYS",
	"EMLINK",
]);

/** `code` of a system call's error, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
	return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** Whether the file or folder, or one on the way to it, is not there. */
export function isMissing(error: unknown): boolean {
	const code = systemCode(error);
	return code === "ENOENT" || code === "ENOTDIR";
}

/** Whether a link failed because the file system has none. */
export function lacksLinks(error: unknown): boolean {
	return NO_LINKS.has(systemCode(error) ?? "");
}

/**
 * The same file system with at most `parallel` calls under way, first come, first served. Each call occupies one of
 * libuv's four threads, which the host process needs for its own files and DNS as well.
 */
export function throttle(fileSystem: FileSystem, parallel: number): FileSystem {
	const slots = new Slots(parallel);
	return {
		open: async (path, flags, mode) =>
			throttleFile(
				await slots.run(() => fileSystem.open(path, flags, mode)),
				slots,
			),
		mkdir: (path, options) => slots.run(() => fileSystem.mkdir(path, options)),
		rmdir: (path) => slots.run(() => fileSystem.rmdir(path)),
		readdir: (path, options) =>
			slots.run(() => fileSystem.readdir(path, options)),
		stat: (path) => slots.run(() => fileSystem.stat(path)),
		link: (existing, path) => slots.run(() => fileSystem.link(existing, path)),
		rename: (from, to) => slots.run(() => fileSystem.rename(from, to)),
		unlink: (path) => slots.run(() => fileSystem.unlink(path)),
	};
}

function throttleFile(file: OpenFile, slots: Slots): OpenFile {
	return {
		stat: () => slots.run(() => file.stat()),
		read: (...args) => slots.run(() => file.read(...args)),
		write: (...args) => slots.run(() => file.write(...args)),
		sync: () => slots.run(() => file.sync()),
		close: () => slots.run(() => file.close()),
	};
}

class Slots {
	#free: number;
	readonly #waiting: (() => void)[] = [];

	constructor(count: number) {
		this.#free = count;
	}

	async run<T>(call: () => Promise<T>): Promise<T> {
		if (this.#free > 0) this.#free--;
		else await new Promise<void>((resolve) => this.#waiting.push(resolve));
		try {
			return await call();
		} finally {
			const next = this.#waiting.shift();
			if (next === undefined) this.#free++;
			else next();
		}
	}
}

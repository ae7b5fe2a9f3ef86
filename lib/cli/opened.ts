import type { Archive } from "../archive/archive.js";
import { openArchive } from "../archive/open.js";
import type { ArchiveOptions } from "../config.js";

interface Closable {
	close?(): Promise<void>;
}

/** What a command has opened: closed in the reverse order, whichever way the command ends. */
export class Opened {
	readonly #all: Closable[] = [];

	async add<T extends Closable>(opening: T | Promise<T>): Promise<T> {
		const opened = await opening;
		this.#all.push(opened);
		return opened;
	}

	/** An archive that has to be there, and that is left as it is. */
	readArchive(target: string): Promise<Archive> {
		return this.add(openArchive(target, { readOnly: true, create: false }));
	}

	/** An archive to be written to, made where there is none. `format` beats the one that it was made with. */
	writeArchive(
		target: string,
		options: Partial<ArchiveOptions>,
		{ create = true } = {},
	): Promise<Archive> {
		const { format, compression, fsync, writerParallelFiles } = options;
		return this.add(
			openArchive(target, {
				format,
				compression,
				fsync,
				writerParallelFiles,
				create,
			}),
		);
	}

	/** As {@link writeArchive}, for one that has to be there. */
	changeArchive(
		target: string,
		options: Partial<ArchiveOptions>,
	): Promise<Archive> {
		return this.writeArchive(target, options, { create: false });
	}

	async [Symbol.asyncDispose](): Promise<void> {
		const failures: unknown[] = [];
		for (const opened of this.#all.reverse())
			await opened.close?.().catch((error) => failures.push(error));
		if (failures.length > 0) throw failures[0];
	}
}

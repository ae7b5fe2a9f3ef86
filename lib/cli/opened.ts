import { access } from "node:fs/promises";
import type { Archive } from "../archive/archive.js";
import { openArchive } from "../archive/open.js";
import type { ArchiveOptions } from "../config.js";
import { ArchiverError } from "../errors.js";
import type { JobRepository } from "../repository/repository.js";
import { SqliteJobRepository } from "../repository/sqlite.js";

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
		const { format, compression, fsync } = options;
		const { writerParallelFiles, writerNice } = options;
		return this.add(
			openArchive(target, {
				format,
				compression,
				fsync,
				writerParallelFiles,
				writerNice,
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

	/**
	 * A job database that has to be there: opening one makes one where there is none, which would make an empty one of every
	 * misspelt name.
	 */
	async changeDatabase(
		path: string,
		{ fsync }: Pick<ArchiveOptions, "fsync">,
	): Promise<JobRepository> {
		try {
			await access(path);
		} catch (cause) {
			throw new ArchiverError(
				"INVALID_OPTION",
				`there is no job database ${path}`,
				{ field: "db", received: path },
				{ cause },
			);
		}
		return this.add(SqliteJobRepository.open(path, { fsync }));
	}

	async [Symbol.asyncDispose](): Promise<void> {
		const failures: unknown[] = [];
		for (const opened of this.#all.reverse())
			await opened.close?.().catch((error) => failures.push(error));
		if (failures.length > 0) throw failures[0];
	}
}

import { join } from "node:path";
import type { ByteReader } from "../../codec/columnar/index.js";
import { ArchiverError } from "../../errors.js";
import { formatJobKey, type Job, type JobKey } from "../../schema/job.js";
import { parseJob } from "../../schema/job-json.js";
import type { StoredMeta } from "../archive.js";
import {
	DATA_FILES,
	type DataFileKind,
	jobFolder,
	META_FILE,
} from "../layout.js";
import { corruptFile, jobUnknown, readError } from "./errors.js";
import { type FileSystem, isMissing, type OpenFile } from "./file-system.js";
import { MAX_CALL_BYTES } from "./temporaries.js";

/** A job's data file, and how to read it. */
export interface DataFile extends DataFileKind {
	path: string;
}

/** Reads the jobs of one archive. */
export class JobReader {
	readonly #fileSystem: FileSystem;
	readonly #root: string;

	constructor(fileSystem: FileSystem, root: string) {
		this.#fileSystem = fileSystem;
		this.#root = root;
	}

	folderOf(key: JobKey): string {
		return join(this.#root, jobFolder(key));
	}

	/** The names in a job's folder; none when there is no such folder. */
	async names(key: JobKey): Promise<Set<string>> {
		const folder = this.folderOf(key);
		try {
			const entries = await this.#fileSystem.readdir(folder, {
				withFileTypes: true,
			});
			return new Set(entries.map(({ name }) => name));
		} catch (error) {
			if (isMissing(error)) return new Set();
			throw readError(error, folder, key);
		}
	}

	/** @throws ArchiverError JOB_UNKNOWN, DATA_CORRUPT, ARCHIVE_UNREADABLE */
	async loadMeta(key: JobKey): Promise<Job> {
		const { text, path } = await this.loadStoredMeta(key);
		try {
			return parseJob(JSON.parse(text));
		} catch (error) {
			throw corruptFile(error, path, key);
		}
	}

	/** @throws ArchiverError JOB_UNKNOWN, ARCHIVE_UNREADABLE */
	async loadStoredMeta(key: JobKey): Promise<StoredMeta> {
		const path = join(this.folderOf(key), META_FILE);
		try {
			const bytes = await readWhole(this.#fileSystem, path);
			return { text: Buffer.from(bytes.buffer).toString(), path };
		} catch (error) {
			if (isMissing(error)) throw jobUnknown(this.#root, key);
			throw readError(error, path, key);
		}
	}

	/**
	 * Finds a job's data file and hands it to `use`. When the job is replaced in between, the file that was found may be
	 * gone, and its successor is there instead.
	 *
	 * @throws ArchiverError JOB_UNKNOWN, DATA_CORRUPT, ARCHIVE_UNREADABLE, with path and key
	 */
	async withDataFile<T>(
		key: JobKey,
		use: (file: DataFile) => Promise<T>,
	): Promise<T> {
		for (let attempt = 1; ; attempt++) {
			const file = await this.#findDataFile(key);
			try {
				return await use(file);
			} catch (error) {
				if (isMissing(error) && attempt === 1) continue;
				throw readError(error, file.path, key);
			}
		}
	}

	/** Opens a data file for reading by range, for as long as `use` takes. */
	async withRanges<T>(
		path: string,
		use: (reader: ByteReader) => Promise<T>,
	): Promise<T> {
		return withFile(this.#fileSystem, path, async (file) => {
			const { size } = await file.stat();
			return use({
				byteLength: size,
				read: (offset, length) => readRange(file, offset, length),
			});
		});
	}

	/** Reads a file whole, into an `ArrayBuffer` of exactly its size. */
	readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
		return readWhole(this.#fileSystem, path);
	}

	async #findDataFile(key: JobKey): Promise<DataFile> {
		const names = await this.names(key);
		if (!names.has(META_FILE)) throw jobUnknown(this.#root, key);
		const kind = DATA_FILES.find(({ name }) => names.has(name));
		const folder = this.folderOf(key);
		if (kind === undefined) {
			throw new ArchiverError(
				"DATA_CORRUPT",
				`${folder}: job ${formatJobKey(key)} has no data file`,
				{ path: folder, ...key },
			);
		}
		return { ...kind, path: join(folder, kind.name) };
	}
}

/** Reads a file whole, into an `ArrayBuffer` of exactly its size. Rejects as the file system does. */
export function readWhole(
	fileSystem: FileSystem,
	path: string,
): Promise<Uint8Array<ArrayBuffer>> {
	return withFile(fileSystem, path, async (file) => {
		const { size } = await file.stat();
		return readRange(file, 0, size);
	});
}

/** Reads up to `length` bytes; fewer when the file ends before. */
async function readRange(
	file: OpenFile,
	offset: number,
	length: number,
): Promise<Uint8Array<ArrayBuffer>> {
	const bytes = new Uint8Array(length);
	let done = 0;
	while (done < length) {
		const { bytesRead } = await file.read(
			bytes,
			done,
			Math.min(length - done, MAX_CALL_BYTES),
			offset + done,
		);
		if (bytesRead === 0) return bytes.slice(0, done);
		done += bytesRead;
	}
	return bytes;
}

async function withFile<T>(
	fileSystem: FileSystem,
	path: string,
	use: (file: OpenFile) => Promise<T>,
): Promise<T> {
	const file = await fileSystem.open(path, "r");
	try {
		return await use(file);
	} finally {
		await file.close();
	}
}

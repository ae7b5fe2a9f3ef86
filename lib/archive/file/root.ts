import { dirname, join } from "node:path";
import type { DataFormat } from "../../codec/column.js";
import { ArchiverError, isArchiverError } from "../../errors.js";
import { ARCHIVE_VERSION, MARKER_FILE, VERSION_FILE } from "../layout.js";
import type { DurableFiles } from "./durable-files.js";
import { corruptFile, readError, writeError } from "./errors.js";
import { systemCode } from "./file-system.js";
import { clearLeftovers } from "./leftovers.js";
import { ArchiveLock, isLockName } from "./lock.js";
import { readWhole } from "./read.js";
import { isTemporaryName } from "./temporaries.js";

export interface RootOptions {
	/** Format of new jobs in an archive that is created now. */
	newFormat: DataFormat;
	/** Make an archive where there is none. */
	create: boolean;
	/** Change nothing. */
	readOnly: boolean;
}

export interface OpenedRoot {
	/**
	 * What new jobs get there by default: what the archive was created with, or ClusterCockpit's JSON in an archive that
	 * ClusterCockpit made.
	 */
	format: DataFormat;
	/** The right to write; absent where that was not asked for, or is not allowed here. */
	lock?: ArchiveLock;
}

/**
 * Opens the folder of an archive, or makes one; for writing it is locked, and what dead processes left is cleared.
 *
 * @throws ArchiverError ARCHIVE_VERSION for another version, and for a folder that holds something else;
 * ARCHIVE_LOCKED; ARCHIVE_UNREADABLE when there is no archive and none is to be made; and why it cannot be read or
 * written
 */
export async function openRoot(
	files: DurableFiles,
	options: RootOptions,
): Promise<OpenedRoot> {
	const names = await rootNames(files);
	if (names?.includes(VERSION_FILE)) {
		await checkVersion(files);
		const format = names.includes(MARKER_FILE)
			? await readFormat(files)
			: "json";
		const lock = options.readOnly ? undefined : await lockUnlessReadOnly(files);
		if (lock?.fresh) await clearLeftovers(files, names);
		return { format, lock };
	}
	if (names?.some((name) => !isOurs(name))) {
		throw new ArchiverError(
			"ARCHIVE_VERSION",
			`${files.root} is not a job archive: it is not empty and has no ${VERSION_FILE}`,
			{ path: files.root },
		);
	}
	if (!options.create || options.readOnly) {
		throw new ArchiverError(
			"ARCHIVE_UNREADABLE",
			`there is no job archive at ${files.root}`,
			{ path: files.root },
			{ retryable: false },
		);
	}
	return createRoot(files, options.newFormat, names ?? []);
}

/** What a creation that was cut short leaves behind. */
function isOurs(name: string): boolean {
	return name === MARKER_FILE || isTemporaryName(name) || isLockName(name);
}

/** An archive that may not be written to can be read all the same. */
async function lockUnlessReadOnly(
	files: DurableFiles,
): Promise<ArchiveLock | undefined> {
	try {
		return await ArchiveLock.acquire(files);
	} catch (error) {
		if (isArchiverError(error) && error.code === "ARCHIVE_READ_ONLY")
			return undefined;
		throw error;
	}
}

/** The entries at the root; undefined: there is no such folder. */
async function rootNames(files: DurableFiles): Promise<string[] | undefined> {
	try {
		const entries = await files.fileSystem.readdir(files.root, {
			withFileTypes: true,
		});
		return entries.map(({ name }) => name);
	} catch (error) {
		if (systemCode(error) === "ENOENT") return undefined;
		throw readError(error, files.root);
	}
}

async function checkVersion(files: DurableFiles): Promise<void> {
	const version = await readText(files, VERSION_FILE);
	if (version.trim() === ARCHIVE_VERSION) return;
	const path = join(files.root, VERSION_FILE);
	throw new ArchiverError(
		"ARCHIVE_VERSION",
		`${path} names archive version ${JSON.stringify(version.trim().slice(0, 20))}; this release knows version ${ARCHIVE_VERSION}`,
		{ path, received: version.trim().slice(0, 20) },
	);
}

async function readFormat(files: DurableFiles): Promise<DataFormat> {
	const path = join(files.root, MARKER_FILE);
	const text = await readText(files, MARKER_FILE);
	try {
		const { format } = JSON.parse(text) as { format: unknown };
		if (format !== "columnar" && format !== "json")
			throw new Error(`unknown format ${JSON.stringify(format)}`);
		return format;
	} catch (error) {
		throw corruptFile(error, path);
	}
}

async function readText(files: DurableFiles, name: string): Promise<string> {
	const path = join(files.root, name);
	try {
		const bytes = await readWhole(files.fileSystem, path);
		return Buffer.from(bytes.buffer).toString();
	} catch (error) {
		throw readError(error, path);
	}
}

/** The version comes last: it says that the archive is there. */
async function createRoot(
	files: DurableFiles,
	format: DataFormat,
	names: readonly string[],
): Promise<OpenedRoot> {
	const { root } = files;
	let lock: ArchiveLock | undefined;
	try {
		const made = await files.makeFolder(root);
		lock = await ArchiveLock.acquire(files);
		if (lock.fresh) await clearLeftovers(files, names);
		await files.writeFile(
			join(root, MARKER_FILE),
			`${JSON.stringify({ format })}\n`,
		);
		await files.writeFile(join(root, VERSION_FILE), `${ARCHIVE_VERSION}\n`);
		for (const folder of made) await files.syncFolder(dirname(folder));
		return { format, lock };
	} catch (error) {
		await lock?.release();
		throw writeError(error, root);
	}
}

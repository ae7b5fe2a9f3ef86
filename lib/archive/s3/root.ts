import type { DataFormat } from "../../codec/column.js";
import { ArchiverError } from "../../errors.js";
import { corruptFile } from "../errors.js";
import { ARCHIVE_VERSION, MARKER_FILE, VERSION_FILE } from "../layout.js";
import { LOCK_FILE } from "../lock-holder.js";
import { readError, writeError } from "./errors.js";
import { isOwnDataName } from "./job-objects.js";
import { finishCommit } from "./journal.js";
import { ArchiveLock } from "./lock.js";
import type { ObjectStore } from "./object-store.js";
import type { JobReader } from "./read.js";
import { isMissing } from "./store-error.js";

export interface RootOptions {
	/** Format of new jobs in an archive that is created now. */
	newFormat: DataFormat;
	/** Make an archive where there is none. */
	create: boolean;
	/** Change nothing. */
	readOnly: boolean;
}

export interface OpenedRoot {
	/** What new jobs get there by default. */
	format: DataFormat;
	/** The right to write; absent where that was not asked for, or is not allowed here. */
	lock?: ArchiveLock;
}

/**
 * Opens the archive in a bucket, or in a folder of one, or makes one there; for writing it is locked, and parts that dead
 * processes had uploaded are removed.
 *
 * @throws ArchiverError ARCHIVE_VERSION for another version, and for a place that holds something else; ARCHIVE_LOCKED;
 * ARCHIVE_UNREADABLE when there is no archive and none is to be made; and why it cannot be read or written
 */
export async function openRoot(
	store: ObjectStore,
	reader: JobReader,
	options: RootOptions,
): Promise<OpenedRoot> {
	const { root } = reader;
	let format = await existingFormat(store, root);
	const isForeign = format === undefined && !(await isEmpty(store, root));
	// Or somebody has made it in between.
	if (isForeign) format = await existingFormat(store, root);
	if (format !== undefined) {
		if (options.readOnly) return { format };
		return { format, lock: await lockUnlessReadOnly(store, reader) };
	}
	if (isForeign)
		throw new ArchiverError(
			"ARCHIVE_VERSION",
			`${root} is not a job archive: it is not empty and has no ${VERSION_FILE}`,
			{ path: root },
		);
	if (!options.create || options.readOnly) {
		throw new ArchiverError(
			"ARCHIVE_UNREADABLE",
			`there is no job archive at ${root}`,
			{ path: root },
			{ retryable: false },
		);
	}
	return createRoot(store, root, options.newFormat);
}

/** What new jobs get in the archive that is there; undefined: there is none. */
async function existingFormat(
	store: ObjectStore,
	root: string,
): Promise<DataFormat | undefined> {
	const version = await readText(store, root, VERSION_FILE);
	if (version === undefined) return undefined;
	checkVersion(root, version);
	return formatOf(root, await readText(store, root, MARKER_FILE));
}

function checkVersion(root: string, text: string): void {
	const version = text.trim().slice(0, 20);
	if (version === ARCHIVE_VERSION) return;
	const path = root + VERSION_FILE;
	throw new ArchiverError(
		"ARCHIVE_VERSION",
		`${path} names archive version ${JSON.stringify(version)}; this release knows version ${ARCHIVE_VERSION}`,
		{ path, received: version },
	);
}

/** Without our marker it is ClusterCockpit's. */
function formatOf(root: string, marker: string | undefined): DataFormat {
	if (marker === undefined) return "json";
	try {
		const { format } = JSON.parse(marker) as { format: unknown };
		if (format !== "columnar" && format !== "json")
			throw new Error(`unknown format ${JSON.stringify(format)}`);
		return format;
	} catch (error) {
		throw corruptFile(error, root + MARKER_FILE);
	}
}

/** An archive that may not be written to can be read all the same. */
async function lockUnlessReadOnly(
	store: ObjectStore,
	reader: JobReader,
): Promise<ArchiveLock | undefined> {
	let lock: ArchiveLock | undefined;
	try {
		lock = await ArchiveLock.acquire(store);
		if (!lock.fresh) return lock;
		await abortLeftovers(store);
		await finishCommit(store, reader);
		return lock;
	} catch (cause) {
		await lock?.release();
		const error = writeError(cause, reader.root + LOCK_FILE);
		if (error.code === "ARCHIVE_READ_ONLY") return undefined;
		throw error;
	}
}

/** Parts cost space and are seen by nobody. Not every store lists them, nor lets everybody do so. */
async function abortLeftovers(store: ObjectStore): Promise<void> {
	try {
		for (const upload of await store.unfinishedUploads()) {
			const name = upload.key.split("/").at(-1) ?? "";
			if (isOwnDataName(name)) await store.abortUpload(upload);
		}
	} catch {
		// They stay where they are.
	}
}

const LEFT_BY_CREATION = [MARKER_FILE, LOCK_FILE];

/** What a creation that was cut short leaves behind is no stranger's. */
async function isEmpty(store: ObjectStore, root: string): Promise<boolean> {
	try {
		for await (const { key } of store.list(""))
			if (!LEFT_BY_CREATION.includes(key)) return false;
		return true;
	} catch (error) {
		throw readError(error, root);
	}
}

async function readText(
	store: ObjectStore,
	root: string,
	key: string,
): Promise<string | undefined> {
	try {
		return Buffer.from((await store.get(key)).bytes).toString();
	} catch (error) {
		if (isMissing(error)) return undefined;
		throw readError(error, root + key);
	}
}

/** The version comes last: it says that the archive is there. */
async function createRoot(
	store: ObjectStore,
	root: string,
	newFormat: DataFormat,
): Promise<OpenedRoot> {
	let lock: ArchiveLock | undefined;
	try {
		lock = await ArchiveLock.acquire(store);
		if (lock.fresh) await abortLeftovers(store);
		// Who had the lock before may have made it.
		const format = await existingFormat(store, root);
		if (format !== undefined) return { format, lock };
		const marker = `${JSON.stringify({ format: newFormat })}\n`;
		await store.put(MARKER_FILE, Buffer.from(marker));
		await store.put(VERSION_FILE, Buffer.from(`${ARCHIVE_VERSION}\n`));
		return { format: newFormat, lock };
	} catch (error) {
		await lock?.release();
		throw writeError(error, root);
	}
}

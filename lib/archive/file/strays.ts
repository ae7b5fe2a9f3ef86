import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { ArchiverError } from "../../errors.js";
import { assertClusterName, isClusterName } from "../../schema/names.js";
import type { Stray, StrayCode, StrayOptions } from "../archive.js";
import {
	CLUSTER_FILE,
	DATA_FILES,
	jobIdOf,
	MARKER_FILE,
	META_FILE,
	numberOfFolder,
	VERSION_FILE,
} from "../layout.js";
import type { DurableFiles } from "./durable-files.js";
import { readError } from "./errors.js";
import { type FolderEntry, isMissing } from "./file-system.js";
import { isClaimName, isHeld, isLockName } from "./lock.js";
import { isTemporaryName } from "./temporaries.js";

/** A commit puts data and meta in their places within less than this. */
const SETTLE_MS = 1000;

const ROOT_FILES = [VERSION_FILE, MARKER_FILE];
const DATA_NAMES = DATA_FILES.map(({ name }) => name);

/** What a writer makes on its way, and has gone when it is through. */
const PASSING: readonly StrayCode[] = [
	"CONFIG_MISSING",
	"META_MISSING",
	"DATA_EXTRA",
	"EMPTY",
];

/** Whose place a folder is in, as far as that shows. */
type Owner = Pick<Stray, "cluster" | "jobId" | "startTime">;

/** See `Archive.strays`. */
export async function* findStrays(
	files: DurableFiles,
	{ cluster, signal }: StrayOptions,
): AsyncGenerator<Stray> {
	if (cluster !== undefined) assertClusterName(cluster);
	const walk = new StrayWalk(files, signal);
	const passing: Stray[] = [];
	const found =
		cluster === undefined
			? walk.root()
			: walk.cluster(join(files.root, cluster), cluster);
	for await (const stray of found)
		if (PASSING.includes(stray.code) && (await isHeld(files)))
			passing.push(stray);
		else yield stray;
	if (passing.length === 0) return;
	await wait(SETTLE_MS, undefined, { signal }).catch(() => undefined);
	walk.throwIfAborted();
	for (const stray of passing) if (await walk.isStillThere(stray)) yield stray;
}

class StrayWalk {
	readonly #files: DurableFiles;
	readonly #signal: AbortSignal | undefined;

	constructor(files: DurableFiles, signal: AbortSignal | undefined) {
		this.#files = files;
		this.#signal = signal;
	}

	async *root(): AsyncGenerator<Stray> {
		const { root } = this.#files;
		// Before and after: a writer that ends in between takes its temporary files with it.
		const heldBefore = await isHeld(this.#files);
		const entries = await this.#entries(root);
		const isWritten = heldBefore || (await isHeld(this.#files));
		for (const { name, isFolder } of entries) {
			const path = join(root, name);
			if (isFolder && isClusterName(name)) yield* this.cluster(path, name);
			else if (isFolder)
				yield foreign(
					path,
					{},
					"ClusterCockpit takes this folder for a cluster",
				);
			else if (isTemporaryName(name) || isClaimName(name)) {
				if (!isWritten)
					yield {
						code: "LEFTOVER",
						path,
						reason: "a writer that has ended left it unfinished",
					};
			} else if (!ROOT_FILES.includes(name) && !isLockName(name))
				yield foreign(path, {}, "an archive has no such file");
		}
	}

	async *cluster(folder: string, cluster: string): AsyncGenerator<Stray> {
		const entries = await this.#entries(folder);
		const config = join(folder, CLUSTER_FILE);
		if (!entries.some(({ name }) => name === CLUSTER_FILE))
			yield {
				code: "CONFIG_MISSING",
				path: config,
				cluster,
				reason: `the cluster has no ${CLUSTER_FILE}`,
			};
		for (const { name, isFolder } of entries) {
			const path = join(folder, name);
			const thousands = numberOfFolder(name, "thousands");
			if (isFolder && thousands !== undefined)
				yield* this.#thousands(path, cluster, thousands);
			else if (path !== config || isFolder)
				yield foreign(path, { cluster }, "a cluster has no such entry");
		}
	}

	async *#thousands(
		folder: string,
		cluster: string,
		thousands: number,
	): AsyncGenerator<Stray> {
		const entries = await this.#entries(folder);
		if (entries.length === 0) yield empty(folder, { cluster });
		for (const { name, isFolder } of entries) {
			const path = join(folder, name);
			const remainder = numberOfFolder(name, "remainder");
			const jobId =
				remainder === undefined ? Number.NaN : jobIdOf(thousands, remainder);
			if (isFolder && Number.isSafeInteger(jobId))
				yield* this.#jobId(path, { cluster, jobId });
			else yield foreign(path, { cluster }, "no job id ends like this");
		}
	}

	async *#jobId(folder: string, owner: Owner): AsyncGenerator<Stray> {
		const entries = await this.#entries(folder);
		if (entries.length === 0) yield empty(folder, owner);
		for (const { name, isFolder } of entries) {
			const path = join(folder, name);
			const startTime = numberOfFolder(name, "startTime");
			if (isFolder && startTime !== undefined)
				yield* this.#job(path, { ...owner, startTime });
			else yield foreign(path, owner, "its name is no start time");
		}
	}

	async *#job(folder: string, owner: Owner): AsyncGenerator<Stray> {
		const entries = await this.#entries(folder);
		if (entries.length === 0) yield empty(folder, owner);
		const names = entries.map(({ name }) => name);
		const [data, ...further] = DATA_NAMES.filter((it) => names.includes(it));
		if (data !== undefined && !names.includes(META_FILE))
			yield {
				code: "META_MISSING",
				path: join(folder, data),
				...owner,
				reason: "the job's data lie here without its meta",
			};
		for (const name of further)
			yield {
				code: "DATA_EXTRA",
				path: join(folder, name),
				...owner,
				reason: `the job's data are read from ${data}`,
			};
		for (const name of names)
			if (name !== META_FILE && !DATA_NAMES.includes(name))
				yield foreign(join(folder, name), owner, "a job has no such file");
	}

	/** Looks once more at what a writer may have been in the middle of. */
	async isStillThere({ code, path }: Stray): Promise<boolean> {
		const folder = dirname(path);
		switch (code) {
			case "EMPTY":
				return (await this.#names(path))?.length === 0;
			case "CONFIG_MISSING":
				return (await this.#names(folder))?.includes(CLUSTER_FILE) === false;
			case "META_MISSING":
				return (await this.#names(folder))?.includes(META_FILE) === false;
			default:
				return (
					(await this.#names(folder))?.includes(
						path.slice(folder.length + 1),
					) === true
				);
		}
	}

	throwIfAborted(): void {
		if (this.#signal?.aborted)
			throw new ArchiverError(
				"ABORTED",
				"the search for strays was aborted",
				{},
				{ cause: this.#signal.reason },
			);
	}

	async #names(folder: string): Promise<string[] | undefined> {
		try {
			return (await this.#read(folder)).map(({ name }) => name);
		} catch (error) {
			if (isMissing(error)) return undefined;
			throw readError(error, folder);
		}
	}

	/** What lies in a folder, by name, numbers by their value; nothing when it is not there any more. */
	async #entries(
		folder: string,
	): Promise<{ name: string; isFolder: boolean }[]> {
		this.throwIfAborted();
		let entries: FolderEntry[];
		try {
			entries = await this.#read(folder);
		} catch (error) {
			if (isMissing(error)) return [];
			throw readError(error, folder);
		}
		return entries
			.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
			.sort((a, b) => compareNames(a.name, b.name));
	}

	#read(folder: string): Promise<FolderEntry[]> {
		return this.#files.fileSystem.readdir(folder, { withFileTypes: true });
	}
}

function compareNames(a: string, b: string): number {
	return Number(a) - Number(b) || (a < b ? -1 : 1);
}

function empty(path: string, owner: Owner): Stray {
	return { code: "EMPTY", path, ...owner, reason: "the folder is empty" };
}

function foreign(path: string, owner: Owner, reason: string): Stray {
	return { code: "FOREIGN", path, ...owner, reason };
}

import { setTimeout as wait } from "node:timers/promises";
import { ArchiverError } from "../../errors.js";
import { formatJobKey, type JobKey } from "../../schema/job.js";
import { assertClusterName, isClusterName } from "../../schema/names.js";
import type { Stray, StrayOptions } from "../archive.js";
import {
	CLUSTER_FILE,
	MARKER_FILE,
	META_FILE,
	VERSION_FILE,
} from "../layout.js";
import { LOCK_FILE } from "../lock-holder.js";
import { dataAmong, dataKindOf, isOwnDataName } from "./job-objects.js";
import { JOURNAL } from "./journal.js";
import { jobObjects, placeOf } from "./keys.js";
import { type Writer, writerOf } from "./lock.js";
import type { ObjectStore, Upload } from "./object-store.js";
import type { JobReader } from "./read.js";
import { isStaged } from "./staged-job.js";
import { StoreError } from "./store-error.js";

/** Between the steps of a change to one job less than this passes, unless the store is slow. */
const SETTLE_MS = 1000;

const ROOT_OBJECTS = [VERSION_FILE, MARKER_FILE, LOCK_FILE, JOURNAL];

/**
 * See `Archive.strays`. What a writer may be in the middle of is looked at once more at the end. Data that another process
 * may have staged are never among it, for as long as that has the archive open.
 */
export async function* findStrays(
	store: ObjectStore,
	reader: JobReader,
	{ cluster, signal }: StrayOptions,
): AsyncGenerator<Stray> {
	if (cluster !== undefined) assertClusterName(cluster);
	const walk = new StrayWalk(store, reader, { cluster, signal });
	yield* walk.objects();
	if (walk.hasSuspects && (await writerOf(store)) !== "nobody")
		await wait(SETTLE_MS, undefined, { signal }).catch(() => undefined);
	yield* walk.clusters();
	yield* walk.jobs();
	yield* walk.uploads();
}

/** One pass over all keys in their order, in which those of a cluster, and of a job, come together. */
class StrayWalk {
	readonly #store: ObjectStore;
	readonly #reader: JobReader;
	readonly #cluster: string | undefined;
	readonly #signal: AbortSignal | undefined;
	/** Clusters whose configuration was not come across. */
	readonly #unconfigured = new Set<string>();
	/** Jobs whose names are not just a meta and its data. */
	readonly #suspects: JobKey[] = [];

	constructor(
		store: ObjectStore,
		reader: JobReader,
		{ cluster, signal }: StrayOptions,
	) {
		this.#store = store;
		this.#reader = reader;
		this.#cluster = cluster;
		this.#signal = signal;
	}

	get hasSuspects(): boolean {
		return this.#unconfigured.size + this.#suspects.length > 0;
	}

	/** Objects that have no place in an archive. What else is not right is kept for a second look. */
	async *objects(): AsyncGenerator<Stray> {
		const start = this.#cluster === undefined ? "" : `${this.#cluster}/`;
		let foreignFolder = "";
		let job: { key: JobKey; names: string[] } | undefined;
		this.#throwIfAborted();
		for await (const { key } of this.#store.list(start)) {
			this.#throwIfAborted();
			const [cluster, ...rest] = key.split("/");
			const path = this.#reader.root + key;
			if (rest.length === 0) {
				if (!ROOT_OBJECTS.includes(key))
					yield foreign(path, "an archive has no such object");
				continue;
			}
			if (!isClusterName(cluster)) {
				if (cluster !== foreignFolder)
					yield foreign(
						`${this.#reader.root}${cluster}/`,
						"ClusterCockpit takes this folder for a cluster",
					);
				foreignFolder = cluster;
				continue;
			}
			const place = placeOf(rest.join("/"));
			if (rest.join("/") === CLUSTER_FILE) this.#unconfigured.delete(cluster);
			else if (key.endsWith("/"))
				yield {
					code: "EMPTY",
					path,
					cluster,
					reason:
						"the object stands for a folder, which an archive has none of",
				};
			else if (place === undefined)
				yield { ...foreign(path, "a cluster has no such object"), cluster };
			else {
				const { jobId, startTime, name } = place;
				const isSame =
					job?.key.cluster === cluster &&
					job.key.jobId === jobId &&
					job.key.startTime === startTime;
				if (!isSame) {
					if (job !== undefined) this.#suspect(job);
					if (job?.key.cluster !== cluster) this.#unconfigured.add(cluster);
					job = { key: { cluster, jobId, startTime }, names: [] };
				}
				job?.names.push(name);
			}
		}
		if (job !== undefined) this.#suspect(job);
	}

	async *clusters(): AsyncGenerator<Stray> {
		for (const cluster of this.#unconfigured) {
			this.#throwIfAborted();
			const key = `${cluster}/${CLUSTER_FILE}`;
			if (await this.#store.has(key)) continue;
			yield {
				code: "CONFIG_MISSING",
				path: this.#reader.root + key,
				cluster,
				reason: `the cluster has no ${CLUSTER_FILE}`,
			};
		}
	}

	async *jobs(): AsyncGenerator<Stray> {
		for (const key of this.#suspects) {
			this.#throwIfAborted();
			yield* this.#ofJob(key);
		}
	}

	/** Parts that no object was made of. Not every store lists them, nor lets everybody do so. */
	async *uploads(): AsyncGenerator<Stray> {
		let uploads: Pick<Upload, "key" | "uploadId">[];
		try {
			uploads = await this.#store.unfinishedUploads();
		} catch (error) {
			if (error instanceof StoreError && !error.isPassing) return;
			throw error;
		}
		for (const { key } of uploads) {
			const [cluster, ...rest] = key.split("/");
			const place = placeOf(rest.join("/"));
			if (this.#cluster !== undefined && cluster !== this.#cluster) continue;
			if (place === undefined || !isOwnDataName(place.name)) continue;
			const { jobId, startTime, name } = place;
			if (await this.#mayBeStaged(name)) continue;
			yield leftover(this.#reader.root + key, { cluster, jobId, startTime });
		}
	}

	#suspect({ key, names }: { key: JobKey; names: readonly string[] }): void {
		const [data, ...further] = names.filter((name) => name !== META_FILE);
		const isSound =
			names.includes(META_FILE) &&
			(data === undefined || dataKindOf(data) !== undefined) &&
			further.length === 0;
		if (!isSound) this.#suspects.push(key);
	}

	async *#ofJob(key: JobKey): AsyncGenerator<Stray> {
		const { objects } = await jobObjects(this.#store, key);
		const names = [...objects.keys()].filter((name) => name !== "");
		const data = names.filter((name) => dataKindOf(name) !== undefined);
		const pathOf = (name: string) =>
			this.#reader.root + (objects.get(name)?.key ?? name);
		const own = data.filter(isOwnDataName);
		const underWay: string[] = [];
		for (const name of own)
			if (await this.#mayBeStaged(name)) underWay.push(name);
		const read = objects.has(META_FILE)
			? ((await this.#reader.findMeta(key))?.dataName ?? dataAmong(data))
			: undefined;
		for (const name of data) {
			if (name === read || underWay.includes(name)) continue;
			// A commit has its json data under ClusterCockpit's name too.
			if (!isOwnDataName(name) && underWay.length > 0) continue;
			const path = pathOf(name);
			if (isOwnDataName(name)) yield leftover(path, key);
			else if (read === undefined)
				yield {
					code: "META_MISSING",
					path,
					...key,
					reason: "the job's data lie here without its meta",
				};
			else
				yield {
					code: "DATA_EXTRA",
					path,
					...key,
					reason: `the data of job ${formatJobKey(key)} are read from ${read}`,
				};
		}
		for (const name of names)
			if (name !== META_FILE && !data.includes(name))
				yield { ...foreign(pathOf(name), "a job has no such object"), ...key };
	}

	/** Whether somebody who has the archive open for writing may still need data of this name. */
	async #mayBeStaged(name: string): Promise<boolean> {
		const writer: Writer = await writerOf(this.#store);
		return isStaged(name) || writer === "another";
	}

	#throwIfAborted(): void {
		if (!this.#signal?.aborted) return;
		throw new ArchiverError(
			"ABORTED",
			"the search for strays was aborted",
			{},
			{ cause: this.#signal.reason },
		);
	}
}

function foreign(path: string, reason: string): Stray {
	return { code: "FOREIGN", path, reason };
}

function leftover(path: string, key: JobKey): Stray {
	return {
		code: "LEFTOVER",
		path,
		...key,
		reason: "a writer that has ended left it unfinished",
	};
}

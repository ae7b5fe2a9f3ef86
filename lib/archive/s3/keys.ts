import type { JobKey } from "../../schema/job.js";
import { assertClusterName, isClusterName } from "../../schema/names.js";
import type { IterateOptions } from "../archive.js";
import { jobFolder, jobIdOf, META_FILE, numberOfFolder } from "../layout.js";
import { dataKindOf } from "./job-objects.js";
import type { ListedObject, ObjectStore } from "./object-store.js";
import { isStaged } from "./staged-job.js";

/** What lies in a job's folder. */
export interface JobObjects {
	key: JobKey;
	/** By their names in the folder. */
	objects: Map<string, ListedObject>;
}

/** The keys of all jobs, by cluster, job id and start time. */
export async function* iterateKeys(
	store: ObjectStore,
	options: IterateOptions,
): AsyncGenerator<JobKey> {
	for await (const { key, objects } of iterateFolders(store, options)) {
		const isHalf = () => [...objects.keys()].some(isAbandoned);
		if (objects.has(META_FILE) || (options.halfRemoved && isHalf())) yield key;
	}
}

function isAbandoned(name: string): boolean {
	return dataKindOf(name) !== undefined && !isStaged(name);
}

/**
 * Everything that can be a job, or was one once, by cluster, job id and start time. A thousand objects come in one
 * request, and goes on behind the last of them, so jobs may come and go meanwhile.
 */
export async function* iterateFolders(
	store: ObjectStore,
	options: IterateOptions = {},
): AsyncGenerator<JobObjects> {
	const { cluster, jobId, from = 0, to = Number.POSITIVE_INFINITY } = options;
	if (cluster !== undefined) assertClusterName(cluster);
	const clusters =
		cluster === undefined
			? (await store.folderNames("")).filter(isClusterName).sort()
			: [cluster];
	for (const name of clusters)
		for await (const prefix of prefixesOf(store, name, jobId))
			for await (const folder of foldersBelow(store, name, prefix)) {
				const { startTime } = folder.key;
				if (startTime >= from && startTime < to) yield folder;
			}
}

/** What lies in one job's folder. */
export async function jobObjects(
	store: ObjectStore,
	key: JobKey,
): Promise<JobObjects> {
	const folder = `${jobFolder(key)}/`;
	const objects = new Map<string, ListedObject>();
	for await (const object of store.list(folder))
		objects.set(object.key.slice(folder.length), object);
	return { key, objects };
}

/** Folders of a thousand job ids each, which a store lists in the order of their letters, in that of their numbers. */
async function* prefixesOf(
	store: ObjectStore,
	cluster: string,
	jobId: number | undefined,
): AsyncGenerator<string> {
	if (jobId !== undefined) {
		const key = { cluster, jobId, startTime: 0 };
		yield jobFolder(key).replace(/[^/]*$/, "");
		return;
	}
	const numbered = (await store.folderNames(`${cluster}/`))
		.map((name) => ({ name, number: numberOfFolder(name, "thousands") }))
		.filter(({ number }) => number !== undefined);
	numbered.sort((a, b) => Number(a.number) - Number(b.number));
	for (const { name } of numbered) yield `${cluster}/${name}/`;
}

/** Job ids come in their order, three digits each; the start times of one job id have to be sorted. */
async function* foldersBelow(
	store: ObjectStore,
	cluster: string,
	prefix: string,
): AsyncGenerator<JobObjects> {
	let jobId: number | undefined;
	let found = new Map<number, JobObjects>();
	for await (const object of store.list(prefix)) {
		const place = placeOf(object.key.slice(cluster.length + 1));
		if (place === undefined) continue;
		if (place.jobId !== jobId) {
			yield* byStartTime(found);
			found = new Map();
			jobId = place.jobId;
		}
		const { name, startTime } = place;
		const folder = found.get(startTime) ?? {
			key: { cluster, jobId, startTime },
			objects: new Map(),
		};
		folder.objects.set(name, object);
		found.set(startTime, folder);
	}
	yield* byStartTime(found);
}

function byStartTime(found: ReadonlyMap<number, JobObjects>): JobObjects[] {
	return [...found.values()].sort((a, b) => a.key.startTime - b.key.startTime);
}

/** What a key below a cluster is to a job; undefined: nothing. */
export function placeOf(
	path: string,
): { jobId: number; startTime: number; name: string } | undefined {
	const [upper, lower, start, name, ...deeper] = path.split("/");
	if (!name || deeper.length > 0) return undefined;
	const thousands = numberOfFolder(upper, "thousands");
	const remainder = numberOfFolder(lower, "remainder");
	const startTime = numberOfFolder(start, "startTime");
	if (thousands === undefined || remainder === undefined) return undefined;
	const jobId = jobIdOf(thousands, remainder);
	if (startTime === undefined || !Number.isSafeInteger(jobId)) return undefined;
	return { jobId, startTime, name };
}

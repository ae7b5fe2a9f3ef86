import type { ArchiverError } from "../../errors.js";
import { formatJobKey } from "../../schema/job.js";
import { clusterUnknown } from "../errors.js";
import { CLUSTER_FILE, jobFolder } from "../layout.js";
import { writeError } from "./errors.js";
import { inParallel } from "./in-parallel.js";
import { JobCommit } from "./job-commit.js";
import { writeJournal } from "./journal.js";
import type { ObjectStore } from "./object-store.js";
import type { JobReader } from "./read.js";
import type { StagedS3Job } from "./staged-job.js";
import { StoreError } from "./store-error.js";

/**
 * Makes sealed jobs visible, one after the other; what that needs to know is looked up for many at once before. One call
 * at a time an archive.
 *
 * @returns for each job why it failed, or undefined.
 */
export async function commitGroup(
	store: ObjectStore,
	reader: JobReader,
	staged: readonly StagedS3Job[],
): Promise<(ArchiverError | undefined)[]> {
	const failures = new Map<number, unknown>();
	const commits = new Map<number, JobCommit>();
	/** Those that are the first of their job. */
	const firsts = new Map<string, number>();
	for (const [i, job] of staged.entries()) {
		try {
			commits.set(i, new JobCommit(store, reader, job.take()));
			const name = formatJobKey(job.key);
			firsts.set(name, firsts.get(name) ?? i);
		} catch (error) {
			failures.set(i, error);
		}
	}
	const isFirst = (i: number, { sealed }: JobCommit) =>
		firsts.get(formatJobKey(sealed.key)) === i;
	const clusters = new KnownClusters(store, reader.root);
	/** Why it would be no use to wait as long for each of the others, nor for what can be left for later. */
	let away: unknown;
	await inParallel(commits, async ([i, commit]) => {
		try {
			if (away !== undefined) throw away;
			const { key } = commit.sealed;
			await clusters.expect(key.cluster);
			if (isFirst(i, commit)) await commit.prepare();
		} catch (error) {
			failures.set(i, error);
			if (isAway(error)) away = error;
		}
	});
	try {
		const untidy = [...commits]
			.filter(([i, commit]) => commit.leaves || !isFirst(i, commit))
			.map(([, commit]) => commit.sealed.key);
		if (untidy.length > 0 && away === undefined)
			await writeJournal(store, untidy);
	} catch (error) {
		for (const i of commits.keys()) failures.set(i, failures.get(i) ?? error);
		if (isAway(error)) away = error;
	}
	for (const [i, commit] of commits) {
		if (away !== undefined && !failures.has(i)) failures.set(i, away);
		if (!failures.has(i)) {
			try {
				if (!isFirst(i, commit)) await commit.prepare();
				await commit.makeVisible();
			} catch (error) {
				failures.set(i, error);
				if (isAway(error)) away = error;
			}
		}
		staged[i].settle();
	}
	if (away === undefined)
		await inParallel(commits, ([i, commit]) =>
			failures.has(i) ? commit.giveUp() : commit.cleanUp(),
		).catch(() => {
			// What is left of a job goes when it is archived again, or removed.
		});
	return staged.map(({ key }, i) =>
		failures.has(i)
			? writeError(failures.get(i), reader.root + jobFolder(key), key)
			: undefined,
	);
}

/** Whether the store does not answer. */
function isAway(error: unknown): boolean {
	return error instanceof StoreError && error.status === undefined;
}

/** Which clusters have a configuration: looked up once a group, since it is there before a cluster's first job. */
class KnownClusters {
	readonly #store: ObjectStore;
	readonly #root: string;
	readonly #known = new Map<string, Promise<boolean>>();

	constructor(store: ObjectStore, root: string) {
		this.#store = store;
		this.#root = root;
	}

	/** @throws ArchiverError CLUSTER_UNKNOWN; StoreError */
	async expect(cluster: string): Promise<void> {
		const key = `${cluster}/${CLUSTER_FILE}`;
		const known = this.#known.get(cluster) ?? this.#store.has(key);
		this.#known.set(cluster, known);
		if (!(await known)) throw clusterUnknown(this.#root + key, cluster);
	}
}

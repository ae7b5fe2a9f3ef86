import { ArchiverError, isArchiverError, toArchiverError } from "../errors.js";
import type { JobKey } from "../schema/job.js";
import type { Archive, StagedJob } from "./archive.js";
import { type CopiedJob, expectCopy, expectUnchanged } from "./copied-job.js";
import { isSamePlace } from "./same-place.js";

/** Jobs that one commit of the target takes, and about how many bytes of data are held for comparison meanwhile. */
const GROUP_JOBS = 64;
const GROUP_BYTES = 32 * 2 ** 20;

/** A job on its way from one archive to another. */
interface Moving extends CopiedJob {
	key: JobKey;
	staged: StagedJob;
}

/**
 * `Archive.move` for any archive: copies jobs as they are stored, reads each copy back, and removes those jobs from the
 * source whose copies are right.
 */
export async function moveJobs(
	source: Archive,
	keys: readonly JobKey[],
	target: Archive,
): Promise<(ArchiverError | undefined)[]> {
	if (await isSamePlace(source, target))
		throw new ArchiverError(
			"INVALID_INPUT",
			`jobs of ${source.target} cannot be moved to where they are`,
			{ field: "target" },
		);
	const run = new MoveRun(source, target);
	for (const [place, key] of keys.entries()) await run.add(place, key);
	await run.finishGroup();
	return keys.map((_, place) => run.errors.get(place));
}

class MoveRun {
	/** By the job's place among the keys. */
	readonly errors = new Map<number, ArchiverError>();
	readonly #source: Archive;
	readonly #target: Archive;
	/** Staged in the target and not committed yet, by place. */
	readonly #group = new Map<number, Moving>();
	#groupBytes = 0;
	/** Clusters that the target knows. */
	readonly #clusters = new Set<string>();

	constructor(source: Archive, target: Archive) {
		this.#source = source;
		this.#target = target;
	}

	async add(place: number, key: JobKey): Promise<void> {
		await this.#unlessFailing(place, async () => {
			await this.#copyCluster(key.cluster);
			const moving = await this.#stage(key);
			this.#group.set(place, moving);
			this.#groupBytes += moving.stored.bytes.byteLength;
		});
		if (this.#group.size === GROUP_JOBS || this.#groupBytes >= GROUP_BYTES)
			await this.finishGroup();
	}

	async finishGroup(): Promise<void> {
		const group = [...this.#group];
		this.#group.clear();
		this.#groupBytes = 0;
		if (group.length === 0) return;
		const commitErrors = await this.#commit(group.map(([, job]) => job.staged));
		const copied: [place: number, key: JobKey][] = [];
		for (const [i, [place, moving]] of group.entries())
			await this.#unlessFailing(place, async () => {
				if (commitErrors[i] !== undefined) throw commitErrors[i];
				await expectCopy(moving, this.#target);
				await expectUnchanged(moving, this.#source);
				copied.push([place, moving.key]);
			});
		if (copied.length === 0) return;
		const removeErrors = await this.#source.remove(
			copied.map(([, key]) => key),
		);
		for (const [i, [place]] of copied.entries()) {
			const error = removeErrors[i];
			if (error !== undefined) this.errors.set(place, error);
		}
	}

	/** A cluster that the target knows keeps the configuration it has there, which may have been edited since. */
	async #copyCluster(name: string): Promise<void> {
		if (this.#clusters.has(name)) return;
		try {
			await this.#target.loadClusterConfig(name);
		} catch (error) {
			if (!isArchiverError(error) || error.code !== "CLUSTER_UNKNOWN")
				throw error;
			const config = await this.#source.loadClusterConfig(name);
			await this.#target.storeClusterConfig(name, config);
		}
		this.#clusters.add(name);
	}

	async #stage(key: JobKey): Promise<Moving> {
		const job = await this.#source.loadJobMeta(key);
		const stored = await this.#source.loadStoredData(key);
		const staged = await this.#target.stage(key);
		try {
			await staged.append(stored.bytes);
			await staged.seal(stored.encoding, job);
			return { key, job, stored, staged };
		} catch (error) {
			await staged.discard();
			throw error;
		}
	}

	async #commit(
		staged: readonly StagedJob[],
	): Promise<(ArchiverError | undefined)[]> {
		try {
			return await this.#target.commit(staged);
		} catch (cause) {
			const error = toArchiverError(cause, "ARCHIVE_WRITE_FAILED");
			await Promise.all(staged.map((job) => job.discard().catch(() => {})));
			return staged.map(() => error);
		}
	}

	async #unlessFailing(
		place: number,
		work: () => Promise<void>,
	): Promise<void> {
		try {
			await work();
		} catch (error) {
			this.errors.set(place, toArchiverError(error, "ARCHIVE_WRITE_FAILED"));
		}
	}
}

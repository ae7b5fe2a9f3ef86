import type { Archive, StagedJob } from "../archive/archive.js";
import type { DataEncoding } from "../codec/column.js";
import type { Job } from "../schema/job.js";
import { Groups } from "./groups.js";

/** Writes whole jobs to an archive. Those that become ready during one commit share the next one's syncs. */
export class JobWriter {
	readonly #archive: Archive;
	readonly #commits: Groups<StagedJob>;

	constructor(archive: Archive) {
		this.#archive = archive;
		this.#commits = new Groups((staged) => archive.commit(staged));
	}

	/**
	 * Resolves when the job is visible and durable, in place of the version that was there.
	 *
	 * @throws ArchiverError why not; nothing of it is left then, and the version that was there stays.
	 */
	async write(
		job: Job,
		bytes: Uint8Array,
		encoding: DataEncoding,
	): Promise<void> {
		const staged = await this.#archive.stage(job);
		try {
			await staged.append(bytes);
			await staged.seal(encoding, job);
			await this.#commits.add(staged);
		} catch (error) {
			await staged.discard().catch(() => {});
			throw error;
		}
	}
}

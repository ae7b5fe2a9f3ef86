import type { Archive, StagedJob } from "../archive/archive.js";
import { type ArchiverError, toArchiverError } from "../errors.js";

const GROUP_JOBS = 64;

interface Waiting {
	staged: StagedJob;
	resolve(): void;
	reject(error: ArchiverError): void;
}

/** Commits sealed jobs to an archive in groups: those that become ready during one commit share the next one's syncs. */
export class GroupCommit {
	readonly #archive: Archive;
	#waiting: Waiting[] = [];
	#running = false;

	constructor(archive: Archive) {
		this.#archive = archive;
	}

	/** Resolves when the job is visible and durable. @throws ArchiverError why not; nothing of it is left then. */
	commit(staged: StagedJob): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#waiting.push({ staged, resolve, reject });
			if (!this.#running) void this.#run();
		});
	}

	async #run(): Promise<void> {
		this.#running = true;
		while (this.#waiting.length > 0) {
			const group = this.#waiting.slice(0, GROUP_JOBS);
			this.#waiting = this.#waiting.slice(GROUP_JOBS);
			const errors = await this.#commitGroup(group);
			group.forEach(({ resolve, reject }, i) => {
				const error = errors[i];
				if (error === undefined) resolve();
				else reject(error);
			});
		}
		this.#running = false;
	}

	async #commitGroup(
		group: readonly Waiting[],
	): Promise<(ArchiverError | undefined)[]> {
		const staged = group.map((waiting) => waiting.staged);
		try {
			return await this.#archive.commit(staged);
		} catch (cause) {
			const error = toArchiverError(cause, "ARCHIVE_WRITE_FAILED");
			await Promise.all(staged.map((job) => job.discard().catch(() => {})));
			return staged.map(() => error);
		}
	}
}

import type { Logger } from "pino";
import type { Archive } from "../archive/archive.js";
import { isArchiverError } from "../errors.js";
import type { JobRepository } from "../repository/repository.js";
import { formatJobKey, type Job, type JobKey } from "../schema/job.js";
import type { HookRunner } from "./hooks.js";

export interface RecoveryContext {
	repository: JobRepository;
	archive: Archive;
	hooks: HookRunner;
	logger: Logger;
	/** Hands in a job; resolves when it has its slot, rejects once the archiver takes no more. */
	send(job: Job): Promise<unknown>;
}

const PAGE_JOBS = 100;

/**
 * Takes up what an archiver before this one left when it ended: tells hooks of archived jobs that they were not told
 * of, then hands in every stopped job that is still pending, oldest stop first. Works beside the archiver's other
 * callers: jobs that these hand in meanwhile are left to them.
 */
export class Recovery {
	readonly #context: RecoveryContext;
	/** Handed in by others since the start. */
	readonly #others = new Set<string>();
	#running: Promise<void> | undefined;
	#stopped = false;
	#done = false;

	constructor(context: RecoveryContext) {
		this.#context = context;
	}

	/** To be told of every job that is handed in by somebody else. */
	leaveAlone(key: JobKey): void {
		if (!this.#done) this.#others.add(formatJobKey(key));
	}

	/** Begins. */
	start(): void {
		this.#running ??= this.#run();
	}

	/** Hands in nothing more, and resolves when nothing is asked of database and archive any more. Never rejects. */
	async stop(): Promise<void> {
		this.#stopped = true;
		await this.#running;
	}

	async #run(): Promise<void> {
		const { logger } = this.#context;
		try {
			await this.#tellUntold();
			const recovered = await this.#sendPending();
			if (recovered > 0)
				logger.info(
					{ jobs: recovered },
					"recovery: pending jobs were handed in",
				);
		} catch (error) {
			if (!isArchiverError(error) || error.code !== "ARCHIVER_CLOSED") {
				logger.error(
					{ err: error },
					"recovery ended early; what it did not reach stays pending",
				);
			}
		}
		this.#done = true;
		this.#others.clear();
	}

	async #tellUntold(): Promise<void> {
		const { repository, archive, hooks, logger } = this.#context;
		if (!hooks.listens("onJobStop")) return;
		let after: JobKey | undefined;
		while (!this.#stopped) {
			const page = await repository.findUntold({ limit: PAGE_JOBS, after });
			if (page.length === 0) return;
			for (const key of page) {
				if (this.#stopped) return;
				if (this.#others.has(formatJobKey(key))) continue;
				try {
					void hooks.tell("onJobStop", await archive.loadJobMeta(key));
				} catch (error) {
					logger.error(
						{ job: formatJobKey(key), err: error },
						"cannot tell hooks of an archived job",
					);
				}
			}
			await hooks.keepUp();
			after = page[page.length - 1];
		}
	}

	async #sendPending(): Promise<number> {
		const { repository, send } = this.#context;
		let recovered = 0;
		let after: Job | undefined;
		while (!this.#stopped) {
			const page = await repository.findPending({ limit: PAGE_JOBS, after });
			if (page.length === 0) break;
			for (const job of page) {
				if (this.#others.has(formatJobKey(job))) continue;
				await send(job);
				recovered++;
			}
			after = page[page.length - 1];
		}
		return recovered;
	}
}

import { Budget } from "../dispatch/budget.js";

/** What a job counts for at least: its meta, and what is kept of it while it is under way. */
const LEAST_JOB_BYTES = 64 * 2 ** 10;

/** Jobs of an archive that are worked on side by side, so many bytes ahead of the slowest. */
export class JobsAhead {
	readonly #budget: Budget;
	readonly #underWay = new Set<Promise<void>>();
	#started = 0;

	/** @param bufferBytes - Stored bytes in memory at once; a single larger job is let in alone. */
	constructor(bufferBytes: number) {
		this.#budget = new Budget(bufferBytes, 0);
	}

	/** Waits until there is room for a job's bytes, then starts on it. `work` must not reject. */
	async start(bytes: number, work: () => Promise<void>): Promise<void> {
		const lease = await this.#budget.acquire(
			this.#started++,
			Math.max(bytes, LEAST_JOB_BYTES),
		);
		const working = work().finally(() => {
			lease.release();
			this.#underWay.delete(working);
		});
		this.#underWay.add(working);
	}

	/** Resolves when every job that was started is done. */
	async settled(): Promise<void> {
		await Promise.all(this.#underWay);
	}
}

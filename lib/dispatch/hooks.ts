import type { Logger } from "pino";
import type { Job, JobKey } from "../schema/job.js";
import { formatJobKey } from "../schema/job.js";
import { Deadline } from "./deadline.js";

/** What a hook is told beside the job. */
export interface HookEvent {
	/** The same for every telling of one event: after a crash a hook may be told again. */
	id: string;
}

/** Told of jobs, in registration order, after what they are told of is recorded. A hook may be slow or throw: it harms nobody. */
export interface ArchiverHooks {
	/** After `startJob` has recorded the job. */
	onJobStart?(job: Job, event: HookEvent): void | Promise<void>;
	/**
	 * After a job is archived and recorded, with its statistics and footprint. In trigger order, at least once:
	 * what a crash kept from being told is told by the next archiver that recovers.
	 */
	onJobStop?(job: Job, event: HookEvent): void | Promise<void>;
}

export interface HookRunnerOptions {
	hooks: readonly ArchiverHooks[];
	timeoutMs: number;
	logger: Logger;
	/** Takes note that every hook has been told of these stopped jobs. */
	markTold(jobs: readonly JobKey[]): Promise<void>;
}

/** Beyond this many events commits wait for the hooks: what is due is kept in memory. */
const MOST_DUE = 10_000;

/** Calls hooks one after the other, apart from the work. */
export class HookRunner {
	readonly #options: HookRunnerOptions;
	/** Stopped jobs told of, and not yet noted as such. */
	#told: JobKey[] = [];
	#noting: Promise<void> | undefined;
	#calls: Promise<void> = Promise.resolve();
	#due = 0;
	/** Of the call under way. */
	#deadline: Deadline | undefined;
	#abandoned = false;

	constructor(options: HookRunnerOptions) {
		this.#options = options;
	}

	/** Whether anybody wants to be told of `event`. */
	listens(event: keyof ArchiverHooks): boolean {
		return this.#options.hooks.some((hooks) => hooks[event] !== undefined);
	}

	/** Events not yet told to every hook. */
	get due(): number {
		return this.#due;
	}

	/** Has every hook told of `job` in its turn; resolves when they have been, or had their time. Never rejects. */
	tell(event: keyof ArchiverHooks, job: Job): Promise<void> {
		if (!this.listens(event)) return Promise.resolve();
		this.#due++;
		this.#calls = this.#calls.then(async () => {
			for (const hooks of this.#options.hooks) {
				await this.#call(hooks, event, job);
			}
			this.#due--;
			if (event === "onJobStop" && !this.#abandoned) this.#noteTold(job);
		});
		return this.#calls;
	}

	/** Resolves when everything due so far has been told, and that is noted. */
	async settled(): Promise<void> {
		await this.#calls;
		await this.#noting;
	}

	/** Calls nobody any more, and waits for no answer: what was not told stays kept as such. */
	abandon(): void {
		this.#abandoned = true;
		this.#deadline?.shorten(0);
	}

	/** Resolves at once unless thousands of events are due. */
	async keepUp(): Promise<void> {
		if (this.#due >= MOST_DUE) await this.#calls;
	}

	async #call(
		hooks: ArchiverHooks,
		event: keyof ArchiverHooks,
		job: Job,
	): Promise<void> {
		if (this.#abandoned) return;
		const { timeoutMs, logger } = this.#options;
		const id = `${event}/${formatJobKey(job)}`;
		this.#deadline = new Deadline(timeoutMs);
		try {
			const answer = (async () => hooks[event]?.(job, { id }))();
			if (await this.#deadline.meets(answer)) await answer;
			else if (!this.#abandoned)
				throw new Error(
					`no answer within ${timeoutMs} ms; going on without it`,
				);
		} catch (error) {
			logger.error(
				{ job: formatJobKey(job), hook: event, err: error },
				"hook failed",
			);
		}
	}

	/** Notes what was told in batches: while one is written the next one gathers. */
	#noteTold({ cluster, jobId, startTime }: JobKey): void {
		this.#told.push({ cluster, jobId, startTime });
		this.#noting ??= this.#note();
	}

	async #note(): Promise<void> {
		const { markTold, logger } = this.#options;
		while (this.#told.length > 0) {
			const told = this.#told;
			this.#told = [];
			await markTold(told).catch((error) => {
				logger.warn({ err: error }, "hooks will be told again of some jobs");
			});
		}
		this.#noting = undefined;
	}
}

import type { Logger } from "pino";
import type { Job } from "../schema/job.js";
import { formatJobKey } from "../schema/job.js";

/** Told of jobs, in registration order, after what they are told of is recorded. A hook may be slow or throw: it harms nobody. */
export interface ArchiverHooks {
	/** After `startJob` has recorded the job. */
	onJobStart?(job: Job): void | Promise<void>;
	/** After a job is archived and recorded, with its statistics and footprint. In trigger order. */
	onJobStop?(job: Job): void | Promise<void>;
}

/** Calls hooks one after the other, apart from the work: commits never wait for a hook unless thousands of calls are due. */
export class HookRunner {
	readonly #hooks: readonly ArchiverHooks[];
	readonly #timeoutMs: number;
	readonly #logger: Logger;
	#calls: Promise<void> = Promise.resolve();
	#due = 0;

	constructor(
		hooks: readonly ArchiverHooks[],
		timeoutMs: number,
		logger: Logger,
	) {
		this.#hooks = hooks;
		this.#timeoutMs = timeoutMs;
		this.#logger = logger;
	}

	/** Events not yet told to every hook. */
	get due(): number {
		return this.#due;
	}

	/** Has every hook told of `job` in its turn; resolves when they have been (or had their time). Never rejects. */
	tell(event: keyof ArchiverHooks, job: Job): Promise<void> {
		if (!this.#hooks.some((hooks) => hooks[event] !== undefined))
			return Promise.resolve();
		this.#due++;
		this.#calls = this.#calls.then(async () => {
			for (const hooks of this.#hooks) await this.#call(hooks, event, job);
			this.#due--;
		});
		return this.#calls;
	}

	/** Resolves when everything due so far has been told. */
	settled(): Promise<void> {
		return this.#calls;
	}

	async #call(
		hooks: ArchiverHooks,
		event: keyof ArchiverHooks,
		job: Job,
	): Promise<void> {
		let timer: NodeJS.Timeout | undefined;
		const outOfTime = new Promise<never>((_, reject) => {
			const fail = () =>
				reject(
					new Error(
						`no answer within ${this.#timeoutMs} ms; going on without it`,
					),
				);
			timer = setTimeout(fail, this.#timeoutMs);
			timer.unref();
		});
		try {
			await Promise.race([hooks[event]?.(job), outOfTime]);
		} catch (error) {
			this.#logger.error(
				{ job: formatJobKey(job), hook: event, err: error },
				"hook failed",
			);
		} finally {
			clearTimeout(timer);
		}
	}
}

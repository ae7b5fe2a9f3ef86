import { setImmediate, setTimeout } from "node:timers/promises";
import type { Logger } from "pino";
import type { Archive, StagedJob } from "../archive/archive.js";
import { type ArchiverError, toArchiverError } from "../errors.js";
import type { JobRepository } from "../repository/repository.js";
import { formatJobKey, MONITORING_STATUS } from "../schema/job.js";
import type { AcceptedJob, EncodedJob, JobOutcome } from "./accepted-job.js";

/** What a job brings when its turn comes. */
export type WriterInput =
	| { kind: "encoded"; encoded: EncodedJob }
	| { kind: "failed"; error: ArchiverError }
	| { kind: "pending"; error: ArchiverError };

/** Jobs whose slots are free in one turn of the event loop. */
const SETTLED_AT_ONCE = 8;

interface Place {
	accepted: AcceptedJob;
	input?: WriterInput;
}

export interface WriterContext {
	archive: Archive;
	repository: JobRepository;
	logger: Logger;
	groupJobs: number;
	groupDelayMs: number;
	/** Whether hooks are to be told of archived jobs. */
	toTell: boolean;
	/** Resolves when another group may be committed. */
	ready(): Promise<void>;
	/** Whether a job that failed so comes again: its failure is not recorded then. */
	mayRetry(accepted: AcceptedJob, error: ArchiverError): boolean;
	/** Called in trigger order, once a job's end is recorded. */
	onSettled(accepted: AcceptedJob, outcome: JobOutcome): void;
	/** Called with the oldest unfinished job's place whenever that changes; infinity: there is none. */
	onHead(order: number): void;
}

/**
 * The single, ordered end of the pipeline. Jobs become ready in any order; what becomes visible in the archive, is
 * recorded in the database and is told happens in the order of the triggers, one group at a time:
 * first durable in the archive, then the database, then everybody else.
 */
export class OrderedWriter {
	readonly #context: WriterContext;
	/** Every accepted job that has not ended, in trigger order. */
	readonly #line: Place[] = [];
	readonly #places = new Map<number, Place>();
	/** Aborts when no group is to wait for more jobs any more. */
	readonly #hurried = new AbortController();
	#abandoned = false;
	#running = false;
	#committing = 0;

	constructor(context: WriterContext) {
		this.#context = context;
	}

	/** Jobs in the commit under way. */
	get committing(): number {
		return this.#committing;
	}

	/** Gives a job its place in the order. */
	enter(accepted: AcceptedJob): void {
		const place: Place = { accepted };
		this.#line.push(place);
		this.#places.set(accepted.order, place);
		if (this.#line.length === 1) this.#context.onHead(accepted.order);
	}

	/** Takes what became of a job; it is committed when every job before it has ended. */
	take(accepted: AcceptedJob, input: WriterInput): void {
		const place = this.#places.get(accepted.order);
		if (place === undefined) return;
		place.input = input;
		if (this.#abandoned) discard(place);
		else if (!this.#running) void this.#run();
	}

	/** Lets groups wait for no more jobs. */
	hurry(): void {
		this.#hurried.abort();
	}

	/** Commits and records nothing any more, whatever is answered late. */
	abandon(): void {
		this.#abandoned = true;
		this.#line.slice(this.#committing).forEach(discard);
	}

	async #run(): Promise<void> {
		this.#running = true;
		while (this.#line[0]?.input !== undefined) {
			await this.#context.ready();
			await this.#waitForMore();
			if (this.#abandoned) break;
			const group = this.#line.slice(
				0,
				Math.min(this.#readyJobs(), this.#context.groupJobs),
			);
			this.#committing = group.length;
			const outcomes = await this.#commit(group);
			if (this.#abandoned) break;
			await this.#settle(outcomes);
		}
		this.#running = false;
	}

	/** Tells of the jobs at the head of the line, each of which frees a slot: some at a time, since others start in those. */
	async #settle(outcomes: JobOutcome[]): Promise<void> {
		while (outcomes.length > 0 && !this.#abandoned) {
			const settled = outcomes.splice(0, SETTLED_AT_ONCE);
			this.#committing -= settled.length;
			const places = this.#line.splice(0, settled.length);
			places.forEach(({ accepted }, i) => {
				this.#places.delete(accepted.order);
				this.#context.onSettled(accepted, settled[i]);
			});
			this.#context.onHead(
				this.#line[0]?.accepted.order ?? Number.POSITIVE_INFINITY,
			);
			// Everything awaited may have been ready at once: let the host's other work have its turn.
			await setImmediate();
		}
	}

	async #waitForMore(): Promise<void> {
		const { groupDelayMs, groupJobs } = this.#context;
		if (groupDelayMs === 0 || this.#readyJobs() >= groupJobs) return;
		const { signal } = this.#hurried;
		await setTimeout(groupDelayMs, undefined, { signal }).catch(() => {});
	}

	/** How many jobs at the head of the line are ready. */
	#readyJobs(): number {
		const unready = this.#line.findIndex((place) => place.input === undefined);
		return unready === -1 ? this.#line.length : unready;
	}

	async #commit(group: readonly Place[]): Promise<JobOutcome[]> {
		const errors = new Map<Place, ArchiverError>();
		const encoded = new Map<Place, EncodedJob>();
		for (const place of group) {
			if (place.input?.kind === "encoded")
				encoded.set(place, place.input.encoded);
			else if (place.input !== undefined) errors.set(place, place.input.error);
		}
		await this.#reopen(encoded, errors);
		if (this.#abandoned) group.forEach(discard);
		else await this.#makeVisible(encoded, errors);
		if (this.#abandoned) return [];
		await this.#record(encoded, errors);
		const failures = new Map<Place, JobOutcome>();
		for (const [place, error] of errors) {
			failures.set(place, { state: this.#stateAfter(place, error), error });
		}
		await this.#markFailed(failures);
		return group.map((place) => {
			const failure = failures.get(place);
			if (failure !== undefined) return failure;
			const { row, samples, dataBytes } = encoded.get(place) as EncodedJob;
			return {
				state: "archived",
				archived: { job: row.job, samples, bytes: dataBytes },
			};
		});
	}

	#stateAfter(
		place: Place,
		error: ArchiverError,
	): "pending" | "retrying" | "failed" {
		const kind = place.input?.kind;
		if (kind === "pending") return "pending";
		if (this.#context.mayRetry(place.accepted, error)) return "retrying";
		// It lies in the archive, whole: once the database can be written to, it only has to be recorded.
		return kind === "encoded" && isOfDatabase(error) ? "pending" : "failed";
	}

	/**
	 * Before the first step: jobs that were archived before become pending, so that recovery finds them should their new
	 * data become visible and never be recorded. Where the database does not take that, they stay as they are.
	 */
	async #reopen(
		encoded: Map<Place, EncodedJob>,
		errors: Map<Place, ArchiverError>,
	): Promise<void> {
		const replacing = [...encoded.keys()].filter(
			({ input }) => input?.kind === "encoded" && input.encoded.staged,
		);
		if (replacing.length === 0) return;
		try {
			await this.#context.repository.reopen(
				replacing.map(({ accepted }) => accepted.job),
			);
		} catch (error) {
			for (const place of replacing) {
				const { monitoringStatus } = place.accepted.job;
				if (monitoringStatus !== MONITORING_STATUS.archivingSuccessful)
					continue;
				errors.set(place, toArchiverError(error, "DATABASE_FAILED"));
				encoded.delete(place);
				discard(place);
			}
		}
	}

	/** Step 1: durable in the archive. What fails here leaves `encoded`. */
	async #makeVisible(
		encoded: Map<Place, EncodedJob>,
		errors: Map<Place, ArchiverError>,
	): Promise<void> {
		const places: Place[] = [];
		const staged: StagedJob[] = [];
		for (const [place, job] of encoded) {
			if (job.staged === undefined) continue;
			places.push(place);
			staged.push(job.staged);
		}
		if (places.length === 0) return;
		let results: (ArchiverError | undefined)[];
		try {
			results = await this.#context.archive.commit(staged);
		} catch (error) {
			results = staged.map(() =>
				toArchiverError(error, "ARCHIVE_WRITE_FAILED"),
			);
			await Promise.all(staged.map((job) => job.discard().catch(() => {})));
		}
		places.forEach((place, i) => {
			const error = results[i];
			if (error === undefined) return;
			errors.set(place, error);
			encoded.delete(place);
		});
	}

	/** Step 2: one transaction for the group. When that fails for one job's sake, the others are recorded one by one. */
	async #record(
		encoded: Map<Place, EncodedJob>,
		errors: Map<Place, ArchiverError>,
	): Promise<void> {
		if (encoded.size === 0) return;
		const { repository, toTell } = this.#context;
		const fail = (place: Place, error: unknown) => {
			errors.set(place, toArchiverError(error, "DATABASE_FAILED"));
			encoded.delete(place);
		};
		try {
			const rows = [...encoded.values()].map((job) => job.row);
			await repository.commitArchived(rows, { toTell });
		} catch (groupError) {
			const busy =
				toArchiverError(groupError, "DATABASE_FAILED").code === "DATABASE_BUSY";
			for (const [place, { row }] of [...encoded]) {
				// A locked database is no single job's fault: trying each would only wait out the timeout each time.
				if (busy || encoded.size === 1) fail(place, groupError);
				else
					await repository
						.commitArchived([row], { toTell })
						.catch((error) => fail(place, error));
			}
		}
	}

	/** Failures end in the database too, with their reason; where even that fails the job stays pending, and the log says so. */
	async #markFailed(failures: ReadonlyMap<Place, JobOutcome>): Promise<void> {
		const { repository, logger } = this.#context;
		let busy = false;
		for (const [{ accepted }, outcome] of failures) {
			if (outcome.state !== "failed") continue;
			const { code, message } = outcome.error;
			try {
				if (busy) throw outcome.error;
				await repository.markFailed(accepted.job, { code, message });
			} catch (markError) {
				const { code: markCode } = toArchiverError(
					markError,
					"DATABASE_FAILED",
				);
				busy ||= markCode === "DATABASE_BUSY";
				logger.error(
					{ job: formatJobKey(accepted.job), code, err: markError },
					"cannot record the failure; the job stays pending",
				);
			}
		}
	}
}

function isOfDatabase({ code }: ArchiverError): boolean {
	return code === "DATABASE_BUSY" || code === "DATABASE_FAILED";
}

/** Removes what a job has brought that will not be committed. */
function discard({ input }: Place): void {
	if (input?.kind === "encoded")
		input.encoded.staged?.discard().catch(() => {});
}

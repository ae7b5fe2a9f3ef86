import {
	type ArchiverError,
	isArchiverError,
	toArchiverError,
} from "../errors.js";
import type { Job } from "../schema/job.js";
import type { AcceptedJob, EncodedJob } from "./accepted-job.js";
import { type EncodingContext, encodeJob } from "./encode-job.js";
import type { OrderedWriter, WriterInput } from "./writer.js";

type Stage = "loading" | "computing" | "waiting";

interface UnderWay {
	controller: AbortController;
	stage: Stage;
	/** Cancelled by a shutdown: not a failure, the job stays pending. */
	abandoned: boolean;
}

/**
 * Takes accepted jobs in trigger order and sees each to the writer. Jobs are loaded and encoded side by side; what
 * bounds them is the channel's slots and the budget of bytes, which serve the oldest first.
 */
export class Dispatcher {
	readonly #context: EncodingContext;
	readonly #writer: OrderedWriter;
	readonly #underWay = new Map<number, UnderWay>();
	#nextOrder = 0;

	constructor(
		context: Omit<EncodingContext, "onLoaded">,
		writer: OrderedWriter,
	) {
		this.#context = {
			...context,
			onLoaded: (accepted) => this.#enterStage(accepted.order, "computing"),
		};
		this.#writer = writer;
	}

	/** How many jobs are at each stage before the writer's. */
	get stages(): Record<Stage, number> {
		const count: Record<Stage, number> = {
			loading: 0,
			computing: 0,
			waiting: 0,
		};
		for (const { stage } of this.#underWay.values()) count[stage]++;
		return count;
	}

	/** Gives `job` the next place in the order and starts on it. Calls make the order. */
	accept(job: Job, { recovered = false } = {}): AcceptedJob {
		const controller = new AbortController();
		const accepted: AcceptedJob = {
			order: this.#nextOrder++,
			job,
			recovered,
			signal: controller.signal,
			acceptedMs: performance.now(),
		};
		this.#underWay.set(accepted.order, {
			controller,
			stage: "loading",
			abandoned: false,
		});
		this.#writer.enter(accepted);
		void this.#process(accepted);
		return accepted;
	}

	/** Ends a job that is not yet with the writer: it fails with `reason`. */
	cancel(accepted: AcceptedJob, reason: ArchiverError): void {
		this.#underWay.get(accepted.order)?.controller.abort(reason);
	}

	/** Ends every job that is not yet with the writer; they stay pending. */
	abandonAll(reason: ArchiverError): void {
		for (const job of this.#underWay.values()) {
			job.abandoned = true;
			job.controller.abort(reason);
		}
	}

	/** To be told when a job has ended. */
	forget(accepted: AcceptedJob): void {
		this.#underWay.delete(accepted.order);
	}

	async #process(accepted: AcceptedJob): Promise<void> {
		let input: WriterInput;
		try {
			input = { kind: "encoded", encoded: await this.#encode(accepted) };
		} catch (cause) {
			const { cluster, jobId, startTime } = accepted.job;
			const details = { cluster, jobId, startTime };
			const error = toArchiverError(cause, "WORKER_FAILED", details);
			const abandoned = this.#underWay.get(accepted.order)?.abandoned ?? false;
			input = { kind: abandoned ? "pending" : "failed", error };
		}
		this.#enterStage(accepted.order, "waiting");
		this.#writer.take(accepted, input);
	}

	/**
	 * A worker may have died of something else, such as the machine's memory, so its job is loaded once more; one that
	 * kills workers twice is to blame itself.
	 */
	async #encode(accepted: AcceptedJob): Promise<EncodedJob> {
		try {
			return await encodeJob(accepted, this.#context);
		} catch (error) {
			const died = isArchiverError(error) && error.code === "WORKER_DIED";
			if (!died || accepted.signal.aborted) throw error;
			this.#enterStage(accepted.order, "loading");
			return encodeJob(accepted, this.#context);
		}
	}

	#enterStage(order: number, stage: Stage): void {
		const job = this.#underWay.get(order);
		if (job !== undefined) job.stage = stage;
	}
}

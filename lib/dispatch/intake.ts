import type { ArchiverError } from "../errors.js";
import type { Job } from "../schema/job.js";
import type { AcceptedJob, JobOutcome } from "./accepted-job.js";
import { Channel } from "./channel.js";
import { Deadline } from "./deadline.js";
import { Retries, type RetryOptions } from "./retries.js";

/** A job that waits for its slot. */
interface Arrival {
	readonly job: Job;
	/** Found pending by recovery. */
	readonly recovered: boolean;
}

/** A job that was handed in, with those who wait for its end. */
export interface Ticket extends Arrival {
	/** Its place in the order, once it has one; a new one each time that it is tried again. */
	accepted?: AcceptedJob;
	readonly ended: Promise<JobOutcome>;
	end(outcome: JobOutcome): void;
}

export interface IntakeOptions extends RetryOptions {
	channelCapacity: number;
	/** Gives a job its place in the order, once it has its slot. */
	accept(ticket: Ticket): AcceptedJob;
	/** Cancels a job that has its place. */
	cancel(accepted: AcceptedJob, reason: ArchiverError): void;
}

/**
 * Who is let in, and who still waits for the end of what: callers without a slot, jobs in the order, and jobs that
 * failed and will come again.
 */
export class Intake {
	readonly #options: IntakeOptions;
	readonly #channel: Channel<Arrival | Ticket, Ticket>;
	readonly #retries: Retries<Ticket>;
	/** Those in the order, by their place. */
	readonly #inOrder = new Map<number, Ticket>();
	/** Accepted and not ended: those in the order, and those that wait to be tried again. */
	readonly #unfinished = new Set<Ticket>();
	#closed: ArchiverError | undefined;

	constructor(options: IntakeOptions) {
		this.#options = options;
		this.#channel = new Channel(options.channelCapacity, (arrival) =>
			this.#accept(arrival),
		);
		this.#retries = new Retries(options, (ticket) => {
			this.#channel
				.send(ticket)
				.catch((error) => this.#leavePending(ticket, error));
		});
	}

	/** Callers without a slot. */
	get waiting(): number {
		return this.#channel.waiting;
	}

	/** Slots in use. */
	get queued(): number {
		return this.#channel.occupied;
	}

	get retrying(): number {
		return this.#retries.waiting;
	}

	get unfinished(): number {
		return this.#unfinished.size;
	}

	/** Resolves when the job has its slot. @throws ArchiverError as {@link Channel.send} */
	send(
		job: Job,
		{
			recovered = false,
			signal,
		}: { recovered?: boolean; signal?: AbortSignal } = {},
	): Promise<Ticket> {
		return this.#channel.send({ job, recovered }, signal);
	}

	/** Ends a job that is not yet being committed. */
	cancel(ticket: Ticket, reason: ArchiverError): void {
		if (this.#retries.forget(ticket)) this.#leavePending(ticket, reason);
		else if (ticket.accepted) this.#options.cancel(ticket.accepted, reason);
	}

	/** Whether a job that failed so is to come again; counts as the attempt when it is. */
	mayRetry({ order }: AcceptedJob, error: ArchiverError): boolean {
		const ticket = this.#inOrder.get(order);
		if (ticket === undefined || this.#closed !== undefined) return false;
		return this.#retries.allows(ticket, error);
	}

	/** Takes a job out of the order, frees its slot, and tells who waits for its end unless it is to come again. */
	settle({ order }: AcceptedJob, outcome: JobOutcome): void {
		const ticket = this.#inOrder.get(order);
		if (ticket === undefined) return;
		this.#inOrder.delete(order);
		this.#channel.release();
		if (outcome.state !== "retrying") this.#end(ticket, outcome);
		else if (this.#closed !== undefined)
			this.#leavePending(ticket, this.#closed);
		else this.#retries.wait(ticket);
	}

	/** Resolves when everything accepted so far has ended, whichever way. */
	async allEnded(): Promise<void> {
		await Promise.all([...this.#unfinished].map((ticket) => ticket.ended));
	}

	/** Lets nobody in any more; jobs that wait to be tried again stay pending. */
	close(error: ArchiverError): void {
		this.#closed = error;
		this.#channel.close(error);
		for (const ticket of this.#retries.cancel()) {
			this.#leavePending(ticket, error);
		}
	}

	/** Waits a little for what can still end by itself, then tells everybody that the rest stays pending. */
	async abandon(error: ArchiverError, graceMs: number): Promise<void> {
		await new Deadline(graceMs).meets(this.allEnded());
		for (const ticket of this.#unfinished) this.#leavePending(ticket, error);
	}

	#accept(arrival: Arrival | Ticket): Ticket {
		const ticket = "ended" in arrival ? arrival : newTicket(arrival);
		ticket.accepted = this.#options.accept(ticket);
		this.#inOrder.set(ticket.accepted.order, ticket);
		this.#unfinished.add(ticket);
		return ticket;
	}

	#leavePending(ticket: Ticket, error: ArchiverError): void {
		this.#end(ticket, { state: "pending", error });
	}

	#end(ticket: Ticket, outcome: JobOutcome): void {
		this.#unfinished.delete(ticket);
		ticket.end(outcome);
	}
}

function newTicket(arrival: Arrival): Ticket {
	let end: (outcome: JobOutcome) => void = () => {};
	const ended = new Promise<JobOutcome>((resolve) => {
		end = resolve;
	});
	return { ...arrival, ended, end };
}

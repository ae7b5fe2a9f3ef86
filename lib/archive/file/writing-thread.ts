import { Worker } from "node:worker_threads";
import { ArchiverError } from "../../errors.js";
import { errorOf, type Failure } from "../../failure.js";
import type { JobKey } from "../../schema/job.js";
import { closed, type FileChanges, type Sealing } from "./changes.js";

/** What the thread needs to know. */
export interface WritingThreadData {
	root: string;
	/** Whether files and folders are synced. */
	sync: boolean;
	/** How far it gives way to the host's threads: see `ARCHIVER_WRITER_NICE`. */
	nice: number;
}

/** A method of {@link FileChanges}, and what it is called with. */
export type ChangeRequest =
	| {
			method: "append";
			args: [stage: number, key: JobKey, bytes: Uint8Array<ArrayBuffer>];
	  }
	| { method: "seal"; args: [sealing: Sealing] }
	| { method: "discard"; args: [stage: number] }
	| { method: "commit"; args: [stages: readonly number[]] }
	| { method: "remove"; args: [key: JobKey] }
	| { method: "writeFile"; args: [path: string, text: string, key?: JobKey] }
	| { method: "close"; args: [] };

export type ChangeCall = ChangeRequest & { call: number };

/** Failures that are results are data as well. */
export type ChangeAnswer =
	| { call: number; ok: true; value: unknown }
	| { call: number; ok: false; failure: Failure };

interface Caller {
	resolve(value: unknown): void;
	reject(reason: ArchiverError): void;
}

const ENTRY = new URL(
	"../../../workers/write-files-entry.cjs",
	import.meta.url,
);
/** The thread makes little garbage, and V8 would let it take as much memory for it as a thread that makes much. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 4 };

/**
 * Changes a file archive on a thread of its own, whose calls may block. Calls that are made in one turn of the event
 * loop go there in one message, and so do the answers: of many small jobs each costs this thread next to nothing.
 *
 * The thread starts with the first call, or before. It keeps the process alive only while it has something
 * to do. When it dies, what it was doing fails; the next call starts another one.
 */
export class WritingThread implements FileChanges {
	readonly #data: WritingThreadData;
	readonly #entry: URL;
	readonly #callers = new Map<number, Caller>();
	#worker: Worker | undefined;
	#nextCall = 0;
	#outbox: ChangeCall[] = [];
	#transfer: ArrayBuffer[] = [];
	#closing: Promise<void> | undefined;

	/** @param entry - Module to run in the thread in place of this library's own. */
	constructor(data: WritingThreadData, entry = ENTRY) {
		this.#data = data;
		this.#entry = entry;
	}

	/** Starts the thread, if it does not run. */
	prepare(): void {
		this.#running();
	}

	append(
		stage: number,
		key: JobKey,
		bytes: Uint8Array<ArrayBuffer>,
	): Promise<ArrayBuffer> {
		const { cluster, jobId, startTime } = key;
		const named = { cluster, jobId, startTime };
		return this.#call({ method: "append", args: [stage, named, bytes] }, [
			bytes.buffer,
		]);
	}

	seal(sealing: Sealing): Promise<void> {
		return this.#call({ method: "seal", args: [sealing] }, [
			sealing.rest.buffer,
		]);
	}

	discard(stage: number): Promise<void> {
		return this.#call({ method: "discard", args: [stage] });
	}

	async commit(
		stages: readonly number[],
	): Promise<(ArchiverError | undefined)[]> {
		const failures: (Failure | undefined)[] = await this.#call({
			method: "commit",
			args: [stages],
		});
		return failures.map((failure) => failure && errorOf(failure));
	}

	async remove(key: JobKey): Promise<ArchiverError | undefined> {
		const { cluster, jobId, startTime } = key;
		const failure: Failure | undefined = await this.#call({
			method: "remove",
			args: [{ cluster, jobId, startTime }],
		});
		return failure && errorOf(failure);
	}

	writeFile(path: string, text: string, key?: JobKey): Promise<void> {
		return this.#call({ method: "writeFile", args: [path, text, key] });
	}

	/** Waits for what is under way, and ends the thread. */
	close(): Promise<void> {
		this.#closing ??= this.#end();
		return this.#closing;
	}

	async #end(): Promise<void> {
		const worker = this.#worker;
		if (worker === undefined) return;
		const ended = new Promise((resolve) => worker.once("exit", resolve));
		// A thread that dies instead has nothing left to end.
		await this.#send({ method: "close", args: [] }).catch(() => undefined);
		worker.ref();
		await ended;
	}

	async #call<T>(
		request: ChangeRequest,
		transfer: readonly ArrayBuffer[] = [],
	): Promise<T> {
		if (this.#closing !== undefined) throw closed(this.#data.root);
		return (await this.#send(request, transfer)) as T;
	}

	#send(
		request: ChangeRequest,
		transfer: readonly ArrayBuffer[] = [],
	): Promise<unknown> {
		return new Promise((resolve, reject) => {
			const worker = this.#running();
			const call = this.#nextCall++;
			if (this.#callers.size === 0) worker.ref();
			this.#callers.set(call, { resolve, reject });
			this.#outbox.push({ ...request, call });
			this.#transfer.push(...transfer);
			if (this.#outbox.length === 1) setImmediate(() => this.#post());
		});
	}

	#post(): void {
		const [calls, transfer] = [this.#outbox, this.#transfer];
		this.#outbox = [];
		this.#transfer = [];
		this.#worker?.postMessage(calls, transfer);
	}

	#take(answers: readonly ChangeAnswer[]): void {
		for (const answer of answers) {
			const caller = this.#callers.get(answer.call);
			this.#callers.delete(answer.call);
			if (answer.ok) caller?.resolve(answer.value);
			else caller?.reject(errorOf(answer.failure));
		}
		if (this.#callers.size === 0) this.#worker?.unref();
	}

	#running(): Worker {
		this.#worker ??= this.#startWorker();
		return this.#worker;
	}

	#startWorker(): Worker {
		const worker = new Worker(this.#entry, {
			name: "archive-writer",
			workerData: this.#data,
			resourceLimits: RESOURCE_LIMITS,
		});
		worker.unref();
		let cause: unknown;
		worker.on("message", (answers) => this.#take(answers));
		worker.on("error", (error) => {
			cause = error;
		});
		worker.on("exit", () => this.#lose(cause));
		return worker;
	}

	/** What a thread that has ended was asked for is not known to have happened. */
	#lose(cause: unknown): void {
		this.#worker = undefined;
		this.#outbox = [];
		this.#transfer = [];
		const callers = [...this.#callers.values()];
		this.#callers.clear();
		const reason = cause instanceof Error ? `: ${cause.message}` : "";
		for (const caller of callers)
			caller.reject(
				new ArchiverError(
					"ARCHIVE_WRITE_FAILED",
					`${this.#data.root}: the thread that writes there ended${reason}`,
					{ path: this.#data.root },
					{ cause },
				),
			);
	}
}

import type { DataEncoding } from "../../codec/column.js";
import { ArchiverError } from "../../errors.js";
import { formatJobKey, type Job, type JobKey } from "../../schema/job.js";
import { serializeJob } from "../../schema/job-json.js";
import type { StagedJob } from "../archive.js";
import type { FileChanges } from "./changes.js";
import { writeError } from "./errors.js";

/** Data up to this are held here until the job is sealed: a small job is one message to whoever writes it. */
const HELD_BYTES = 2 ** 14;
let counter = 0;

/** A job on its way into a file archive. A call that fails removes every trace, as {@link discard} does. */
export class StagedFileJob implements StagedJob {
	readonly key: JobKey;
	readonly #changes: FileChanges;
	readonly #root: string;
	readonly #stage = counter++;
	#held: Uint8Array[] = [];
	#heldBytes = 0;
	#dataBytes = 0;
	/** Whether anything of it is written; everything that comes is, from then on. */
	#written = false;
	#state: "open" | "sealed" | "ended" = "open";
	/** The call under way; the next one waits for it. */
	#busy: Promise<unknown> = Promise.resolve();

	constructor(changes: FileChanges, root: string, key: JobKey) {
		this.#changes = changes;
		this.#root = root;
		this.key = key;
	}

	get dataBytes(): number {
		return this.#dataBytes;
	}

	belongsTo(changes: FileChanges): boolean {
		return changes === this.#changes;
	}

	append(bytes: Uint8Array): Promise<void> {
		return this.#next(async () => {
			if (this.#fits(bytes)) this.#hold(bytes);
			else await this.#write(new Uint8Array(bytes));
		});
	}

	give(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
		return this.#next(async () => {
			if (!this.#fits(bytes)) return this.#write(bytes);
			this.#hold(bytes);
			return bytes.buffer;
		});
	}

	seal(encoding: DataEncoding, job: Job): Promise<void> {
		return this.#next(async () => {
			const meta = serializeJob(job);
			const rest = this.#takeHeld();
			this.#written = true;
			const { key } = this;
			const stage = this.#stage;
			await this.#changes.seal({ stage, key, encoding, rest, meta });
			this.#state = "sealed";
		});
	}

	async discard(): Promise<void> {
		const before = this.#busy;
		this.#busy = (async () => {
			await before.catch(() => undefined);
			if (this.#state !== "ended") await this.#removeTraces();
		})();
		await this.#busy;
	}

	/** Hands the job over to a commit. @returns the number that it is known by. */
	take(): number {
		if (this.#state !== "sealed") throw this.#wrongState("sealed");
		this.#state = "ended";
		return this.#stage;
	}

	/** Whether so much is held, rather than written. */
	#fits({ byteLength }: Uint8Array): boolean {
		return !this.#written && this.#heldBytes + byteLength <= HELD_BYTES;
	}

	#hold(bytes: Uint8Array): void {
		this.#held.push(new Uint8Array(bytes));
		this.#heldBytes += bytes.byteLength;
		this.#dataBytes += bytes.byteLength;
	}

	/** @returns the buffer, free again. */
	async #write(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
		const { byteLength } = bytes;
		const held = this.#takeHeld();
		this.#written = true;
		if (held.byteLength > 0)
			await this.#changes.append(this.#stage, this.key, held);
		const buffer = await this.#changes.append(this.#stage, this.key, bytes);
		this.#dataBytes += byteLength;
		return buffer;
	}

	#takeHeld(): Uint8Array<ArrayBuffer> {
		const bytes = new Uint8Array(this.#heldBytes);
		let end = 0;
		for (const piece of this.#held) {
			bytes.set(piece, end);
			end += piece.byteLength;
		}
		this.#held = [];
		this.#heldBytes = 0;
		return bytes;
	}

	#next<T>(work: () => Promise<T>): Promise<T> {
		const before = this.#busy;
		const call = (async () => {
			await before.catch(() => undefined);
			if (this.#state !== "open") throw this.#wrongState("open");
			try {
				return await work();
			} catch (error) {
				await this.#removeTraces();
				throw writeError(error, this.#root, this.key);
			}
		})();
		this.#busy = call;
		return call;
	}

	async #removeTraces(): Promise<void> {
		this.#state = "ended";
		this.#held = [];
		if (this.#written)
			await this.#changes.discard(this.#stage).catch(() => undefined);
	}

	#wrongState(expected: string): ArchiverError {
		return new ArchiverError(
			"INVALID_INPUT",
			`the staged job ${formatJobKey(this.key)} is ${this.#state}, not ${expected}`,
			{ ...this.key },
		);
	}
}

import type { DataEncoding } from "../../codec/column.js";
import { ArchiverError } from "../../errors.js";
import { formatJobKey, type Job, type JobKey } from "../../schema/job.js";
import { serializeJob } from "../../schema/job-json.js";
import type { StagedJob } from "../archive.js";
import { writeError } from "./errors.js";
import { SLICE_BYTES } from "./slices.js";
import type { ArchiveWriter } from "./writer.js";

/** A job that is ready for commit. */
export interface SealedJob {
	key: JobKey;
	job: Job;
	/** Its text. */
	meta: Uint8Array;
	encoding: DataEncoding;
	/** Of all data. */
	dataBytes: number;
	/** Whole slices at the beginning of the data that are staged in the database already. */
	staged?: StagedSlices;
	/** The rest of the data. */
	rest: Uint8Array;
}

export interface StagedSlices {
	/** Row in `hpc_job_archiver_data`. */
	id: number;
	count: number;
}

/** Data beyond this go to the database while they come, so that a job that waits for its turn takes no more memory. */
const HELD_BYTES = 8 * SLICE_BYTES;

/**
 * A job on its way into a SQLite archive. The data of a small one stay in memory until they are committed. A call that
 * fails removes every trace, as {@link discard} does.
 */
export class StagedSqliteJob implements StagedJob {
	readonly key: JobKey;
	readonly #writer: ArchiveWriter;
	#held: Uint8Array[] = [];
	#heldBytes = 0;
	#dataBytes = 0;
	#staged: StagedSlices | undefined;
	#sealed: SealedJob | undefined;
	#state: "open" | "sealed" | "ended" = "open";
	/** The call under way; the next one waits for it. */
	#busy: Promise<unknown> = Promise.resolve();

	constructor(writer: ArchiveWriter, key: JobKey) {
		this.#writer = writer;
		this.key = key;
	}

	get dataBytes(): number {
		return this.#dataBytes;
	}

	belongsTo(writer: ArchiveWriter): boolean {
		return writer === this.#writer;
	}

	append(bytes: Uint8Array): Promise<void> {
		return this.#next(async () => {
			this.#held.push(new Uint8Array(bytes));
			this.#heldBytes += bytes.byteLength;
			this.#dataBytes += bytes.byteLength;
			if (this.#heldBytes > HELD_BYTES) await this.#stageSlices();
		});
	}

	async give(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
		await this.append(bytes);
		return bytes.buffer;
	}

	seal(encoding: DataEncoding, job: Job): Promise<void> {
		return this.#next(async () => {
			this.#sealed = {
				key: this.key,
				job,
				meta: Buffer.from(serializeJob(job)),
				encoding,
				dataBytes: this.#dataBytes,
				staged: this.#staged,
				rest: joined(this.#held),
			};
			this.#held = [];
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

	/** Hands everything over to a commit; what is staged is then its to keep or to remove. */
	take(): SealedJob {
		if (this.#state !== "sealed" || this.#sealed === undefined)
			throw this.#wrongState("sealed");
		const sealed = this.#sealed;
		this.#sealed = undefined;
		this.#state = "ended";
		return sealed;
	}

	async #stageSlices(): Promise<void> {
		const held = joined(this.#held);
		const bytes = held.byteLength - (held.byteLength % SLICE_BYTES);
		const { id, count = 0 } = this.#staged ?? {};
		this.#staged = {
			id: await this.#writer.stageSlices(id, count, held.subarray(0, bytes)),
			count: count + bytes / SLICE_BYTES,
		};
		// A copy, so that what is staged need not be held any longer.
		this.#held = [new Uint8Array(held.subarray(bytes))];
		this.#heldBytes = held.byteLength - bytes;
	}

	#next(work: () => Promise<void>): Promise<void> {
		const before = this.#busy;
		const call = (async () => {
			await before.catch(() => undefined);
			if (this.#state !== "open") throw this.#wrongState("open");
			try {
				await work();
			} catch (error) {
				await this.#removeTraces();
				throw writeError(error, this.#writer.path, this.key);
			}
		})();
		this.#busy = call;
		return call;
	}

	async #removeTraces(): Promise<void> {
		this.#state = "ended";
		this.#held = [];
		this.#sealed = undefined;
		if (this.#staged !== undefined)
			await this.#writer.removeStaged(this.#staged.id);
	}

	#wrongState(expected: string): ArchiverError {
		return new ArchiverError(
			"INVALID_INPUT",
			`the staged job ${formatJobKey(this.key)} is ${this.#state}, not ${expected}`,
			{ ...this.key },
		);
	}
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
	return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
}

import type { DataEncoding } from "../../codec/column.js";
import { ArchiverError } from "../../errors.js";
import { formatJobKey, type Job, type JobKey } from "../../schema/job.js";
import type { StagedJob } from "../archive.js";
import { jobFolder } from "../layout.js";
import { writeError } from "./errors.js";
import { encodingOf, newDataStem, ownDataName } from "./job-objects.js";
import type { ObjectStore, Upload } from "./object-store.js";

/** A job whose data are in the store, under a name of their own that no meta tells yet. */
export interface SealedJob {
	key: JobKey;
	job: Job;
	encoding: DataEncoding;
	dataName: string;
}

/** Names of data in the store that no meta tells yet, but may: whoever sweeps up leaves them alone. */
const liveNames = new Set<string>();

export function isStaged(dataName: string): boolean {
	return liveNames.has(dataName);
}

/**
 * A job on its way into a store. Its data go there in parts while they come, and whole when they are less than a part. A
 * call that fails removes every trace, as {@link discard} does.
 */
export class StagedS3Job implements StagedJob {
	readonly key: JobKey;
	readonly #store: ObjectStore;
	readonly #root: string;
	readonly #partBytes: number;
	readonly #onEnd: (job: StagedS3Job) => void;
	readonly #stem = newDataStem();
	#held: Uint8Array[] = [];
	#heldBytes = 0;
	#dataBytes = 0;
	#upload: Upload | undefined;
	/** Whether there may be an object that was made of the parts. */
	#isCompleting = false;
	/** Of the object with the data, once that may be there. */
	#dataName: string | undefined;
	#sealed: SealedJob | undefined;
	#state: "open" | "sealed" | "ended" = "open";
	/** The call under way; the next one waits for it. */
	#busy: Promise<unknown> = Promise.resolve();

	/**
	 * @param root - What lies before keys in messages.
	 * @param onEnd - Called once nothing is left to discard.
	 */
	constructor(
		store: ObjectStore,
		key: JobKey,
		options: {
			root: string;
			partBytes: number;
			onEnd: (job: StagedS3Job) => void;
		},
	) {
		this.key = key;
		this.#store = store;
		this.#root = options.root;
		this.#partBytes = options.partBytes;
		this.#onEnd = options.onEnd;
	}

	get dataBytes(): number {
		return this.#dataBytes;
	}

	belongsTo(store: ObjectStore): boolean {
		return store === this.#store;
	}

	append(bytes: Uint8Array): Promise<void> {
		return this.#next(async () => {
			for (let offset = 0; offset < bytes.byteLength; ) {
				const room = this.#partBytes - this.#heldBytes;
				const piece = bytes.slice(offset, offset + room);
				this.#held.push(piece);
				this.#heldBytes += piece.byteLength;
				this.#dataBytes += piece.byteLength;
				offset += piece.byteLength;
				if (this.#heldBytes === this.#partBytes) await this.#uploadPart();
			}
		});
	}

	async give(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
		await this.append(bytes);
		return bytes.buffer;
	}

	seal(encoding: DataEncoding, job: Job): Promise<void> {
		return this.#next(async () => {
			const dataName = ownDataName(this.#stem, encoding);
			if (this.#upload !== undefined) await this.#completeUpload(dataName);
			else {
				this.#name(dataName);
				await this.#store.put(this.#pathOf(dataName), this.#takeHeld());
			}
			this.#sealed = { key: this.key, job, encoding, dataName };
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

	/** Hands the data over to a commit, whose they are to keep or to remove, and which says so with {@link settle}. */
	take(): SealedJob {
		if (this.#state !== "sealed" || this.#sealed === undefined)
			throw this.#wrongState("sealed");
		this.#state = "ended";
		this.#onEnd(this);
		return this.#sealed;
	}

	/** Says that the data of a job that was taken are in use now, or left behind. */
	settle(): void {
		if (this.#dataName !== undefined) liveNames.delete(this.#dataName);
	}

	async #uploadPart(): Promise<void> {
		const bytes = this.#takeHeld();
		if (this.#upload === undefined) {
			const dataName = ownDataName(this.#stem, encodingOf(bytes));
			this.#name(dataName);
			this.#upload = await this.#store.beginUpload(this.#pathOf(dataName));
		}
		await this.#store.uploadPart(this.#upload, bytes);
	}

	async #completeUpload(dataName: string): Promise<void> {
		if (this.#upload === undefined) return;
		if (dataName !== this.#dataName)
			throw new ArchiverError(
				"INVALID_INPUT",
				`the data of job ${formatJobKey(this.key)} do not begin as ${dataName.replace(/^[^.]*/, "")} data do`,
				{ ...this.key },
			);
		if (this.#heldBytes > 0) await this.#uploadPart();
		this.#isCompleting = true;
		await this.#store.completeUpload(this.#upload);
		this.#upload = undefined;
	}

	#name(dataName: string): void {
		this.#dataName = dataName;
		liveNames.add(dataName);
	}

	#takeHeld(): Uint8Array {
		const bytes =
			this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held);
		this.#held = [];
		this.#heldBytes = 0;
		return bytes;
	}

	#pathOf(name: string): string {
		return `${jobFolder(this.key)}/${name}`;
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
				const path = this.#root + jobFolder(this.key);
				throw writeError(error, path, this.key);
			}
		})();
		this.#busy = call;
		return call;
	}

	/** Never rejects: what cannot be removed now goes when the job is archived again, or removed. */
	async #removeTraces(): Promise<void> {
		this.#state = "ended";
		this.#takeHeld();
		this.#sealed = undefined;
		try {
			if (this.#upload !== undefined)
				await this.#store.abortUpload(this.#upload);
			const isObject = this.#upload === undefined || this.#isCompleting;
			if (this.#dataName !== undefined && isObject)
				await this.#store.delete(this.#pathOf(this.#dataName), { once: true });
		} catch {
			// Later.
		}
		this.settle();
		this.#onEnd(this);
	}

	#wrongState(expected: string): ArchiverError {
		return new ArchiverError(
			"INVALID_INPUT",
			`the staged job ${formatJobKey(this.key)} is ${this.#state}, not ${expected}`,
			{ ...this.key },
		);
	}
}

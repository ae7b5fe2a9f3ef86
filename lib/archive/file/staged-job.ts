import type { DataEncoding } from "../../codec/column.js";
import { ArchiverError } from "../../errors.js";
import { formatJobKey, type Job, type JobKey } from "../../schema/job.js";
import { serializeJob } from "../../schema/job-json.js";
import type { StagedJob } from "../archive.js";
import type { DurableFiles } from "./durable-files.js";
import { writeError } from "./errors.js";
import type { TemporaryFile } from "./temporaries.js";

/** A job whose data and meta lie in temporary files, on disk. */
export interface SealedJob {
	key: JobKey;
	job: Job;
	encoding: DataEncoding;
	/** Paths of the temporary files. */
	data: string;
	meta: string;
}

/** A job on its way into a file archive. A call that fails removes every trace, as {@link discard} does. */
export class StagedFileJob implements StagedJob {
	readonly key: JobKey;
	readonly #files: DurableFiles;
	readonly #data: TemporaryFile;
	#sealed: SealedJob | undefined;
	#state: "open" | "sealed" | "ended" = "open";
	/** The call under way; the next one waits for it. */
	#busy: Promise<unknown> = Promise.resolve();

	private constructor(files: DurableFiles, key: JobKey, data: TemporaryFile) {
		this.#files = files;
		this.key = key;
		this.#data = data;
	}

	static async open(files: DurableFiles, key: JobKey): Promise<StagedFileJob> {
		try {
			return new StagedFileJob(files, key, await files.temporaries.create());
		} catch (error) {
			throw writeError(error, files.root, key);
		}
	}

	get dataBytes(): number {
		return this.#data.byteLength;
	}

	belongsTo(files: DurableFiles): boolean {
		return files === this.#files;
	}

	append(bytes: Uint8Array): Promise<void> {
		return this.#next(() => this.#data.write(bytes));
	}

	seal(encoding: DataEncoding, job: Job): Promise<void> {
		return this.#next(async () => {
			const text = serializeJob(job);
			await this.#files.finish(this.#data);
			const meta = await this.#files.writeTemporary(text);
			this.#sealed = {
				key: this.key,
				job,
				encoding,
				data: this.#data.path,
				meta,
			};
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

	/** Hands the temporary files over to a commit; from then on they are its to rename or remove. */
	take(): SealedJob {
		if (this.#state !== "sealed" || this.#sealed === undefined)
			throw this.#wrongState("sealed");
		this.#state = "ended";
		return this.#sealed;
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
				throw writeError(error, this.#data.path, this.key);
			}
		})();
		this.#busy = call;
		return call;
	}

	async #removeTraces(): Promise<void> {
		this.#state = "ended";
		await this.#files.temporaries.remove(this.#data.path);
		if (this.#sealed !== undefined)
			await this.#files.temporaries.remove(this.#sealed.meta);
	}

	#wrongState(expected: string): ArchiverError {
		return new ArchiverError(
			"INVALID_INPUT",
			`the staged job ${formatJobKey(this.key)} is ${this.#state}, not ${expected}`,
			{ ...this.key },
		);
	}
}

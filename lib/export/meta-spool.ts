import { type FileHandle, open, unlink } from "node:fs/promises";
import type { Job } from "../schema/job.js";
import { serializeJob } from "../schema/job-json.js";

/** What is written, and later read, at once. */
const CHUNK_BYTES = 4 * 2 ** 20;

/**
 * Metas that wait in a file for the columns of their table, which only the last one decides. The file has no name once it
 * is open, so nothing of it stays behind, whatever happens.
 */
export class MetaSpool {
	readonly #file: FileHandle;
	readonly #chunkBytes: number[] = [];
	#lines: string[] = [];
	#lineBytes = 0;

	private constructor(file: FileHandle) {
		this.#file = file;
	}

	/** @param path - Nothing may be there. */
	static async open(path: string): Promise<MetaSpool> {
		const file = await open(path, "wx+", 0o600);
		await unlink(path);
		return new MetaSpool(file);
	}

	async add(job: Job): Promise<void> {
		const line = `${serializeJob(job)}\n`;
		this.#lines.push(line);
		this.#lineBytes += Buffer.byteLength(line);
		if (this.#lineBytes >= CHUNK_BYTES) await this.#write();
	}

	/** Lines of JSON, whole ones, in the order in which they were added. Each chunk owns its buffer. */
	async *chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
		if (this.#lines.length > 0) await this.#write();
		let position = 0;
		for (const length of this.#chunkBytes) {
			const chunk = new Uint8Array(length);
			await readExactly(this.#file, chunk, position);
			position += length;
			yield chunk;
		}
	}

	close(): Promise<void> {
		return this.#file.close();
	}

	async #write(): Promise<void> {
		const chunk = Buffer.from(this.#lines.join(""));
		this.#lines = [];
		this.#lineBytes = 0;
		this.#chunkBytes.push(chunk.length);
		await this.#file.writeFile(chunk);
	}
}

async function readExactly(
	file: FileHandle,
	bytes: Uint8Array,
	position: number,
): Promise<void> {
	let done = 0;
	while (done < bytes.length) {
		const { bytesRead } = await file.read(bytes, {
			offset: done,
			position: position + done,
		});
		if (bytesRead === 0)
			throw new Error("the metas that were set aside have got shorter");
		done += bytesRead;
	}
}

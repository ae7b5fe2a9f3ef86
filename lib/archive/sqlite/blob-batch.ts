import type { Changes, Statements } from "../../sqlite/connection.js";

/** Place of a blob in a batch: one-based offset and length, as `substr()` takes them. */
export type BlobPlace = readonly [start: number, byteLength: number];

/**
 * Rows with blobs for one statement, whatever their number: the rows go as a JSON list, `?1`, which `json_each` takes
 * apart, and all their blobs as one, `?2`, of which a row says with {@link BlobPlace} which part is its own.
 */
export class BlobBatch {
	readonly #rows: unknown[] = [];
	readonly #blobs: Uint8Array[] = [];
	#byteLength = 0;

	get rows(): number {
		return this.#rows.length;
	}

	/** Of the blobs. */
	get byteLength(): number {
		return this.#byteLength;
	}

	/** @param bytes - Must stay as they are until the batch has run. */
	addBlob(bytes: Uint8Array): BlobPlace {
		const start = this.#byteLength + 1;
		this.#blobs.push(bytes);
		this.#byteLength += bytes.byteLength;
		return [start, bytes.byteLength];
	}

	addRow(row: readonly unknown[]): void {
		this.#rows.push(row);
	}

	run(statements: Pick<Statements, "run">, sql: string): Promise<Changes> {
		const blobs =
			this.#blobs.length === 1 ? this.#blobs[0] : Buffer.concat(this.#blobs);
		return statements.run(sql, [JSON.stringify(this.#rows), blobs]);
	}
}

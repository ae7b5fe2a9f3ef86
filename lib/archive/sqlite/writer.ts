import type {
	Changes,
	Connection,
	SqlValue,
	Statements,
} from "../../sqlite/connection.js";
import { SLICE_BYTES, sliced, storeSlices } from "./slices.js";

const BEGIN_DATA = `
	INSERT INTO hpc_job_archiver_data (job, byte_length, slice_bytes)
	VALUES (NULL, 0, ${SLICE_BYTES})
`;
const REMOVE_STAGED =
	"DELETE FROM hpc_job_archiver_data WHERE id = ? AND job IS NULL";

/**
 * Everything that is written to one archive goes through here, one transaction after the other. Data may come to be in
 * the database before their job is committed, in rows that belong to no job yet.
 */
export class ArchiveWriter {
	/** Of the database, for messages. */
	readonly path: string;
	readonly #connection: Connection;
	readonly #sync: boolean;
	/** Data that are staged here, and not committed yet. */
	readonly #staged = new Set<number>();

	/** @param sync - False: nothing is synced, and a power cut may cost the whole file. */
	constructor(connection: Connection, path: string, sync: boolean) {
		this.path = path;
		this.#connection = connection;
		this.#sync = sync;
	}

	/** One statement, whose changes survive a power cut once this resolves. */
	run(sql: string, params: readonly SqlValue[]): Promise<Changes> {
		return this.#connection.run(sql, params, this.#sync ? "FULL" : "OFF");
	}

	/** What `work` has written survives a power cut once this resolves. */
	transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T> {
		return this.#connection.transaction(work, this.#sync ? "FULL" : "OFF");
	}

	/**
	 * Adds whole slices to staged data. They are synced by the transaction that makes them a job's.
	 *
	 * @param id - Of the data; undefined: they begin here.
	 * @returns their id.
	 */
	async stageSlices(
		id: number | undefined,
		firstNumber: number,
		bytes: Uint8Array,
	): Promise<number> {
		const stagedId = await this.#connection.transaction(
			async (statements) => {
				const dataId = id ?? (await statements.run(BEGIN_DATA)).lastId;
				await storeSlices(statements, sliced(dataId, firstNumber, bytes));
				return dataId;
			},
			this.#sync ? "NORMAL" : "OFF",
		);
		this.#staged.add(stagedId);
		return stagedId;
	}

	/** Says that staged data are a job's now, or gone. */
	forget(id: number): void {
		this.#staged.delete(id);
	}

	/** Removes staged data. Never rejects; what cannot be removed now is tried again by {@link close}, and at the next start. */
	async removeStaged(id: number): Promise<void> {
		try {
			await this.#connection.run(REMOVE_STAGED, [id]);
			this.#staged.delete(id);
		} catch {
			// Later.
		}
	}

	/** Finishes what was asked for before, and removes what is staged. */
	async close(): Promise<void> {
		for (const id of this.#staged) await this.removeStaged(id);
		await this.#connection.close();
	}
}

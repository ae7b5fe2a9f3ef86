import type { TemporaryFile } from "../archive/file/temporaries.js";
import type { WorkerPool } from "../dispatch/pool.js";
import {
	PARQUET_MARK,
	type ParquetTable,
	type RowGroup,
} from "./parquet-table.js";
import type { ParquetFooterTask } from "./pool-tasks.js";

/** A Parquet file that grows by row groups which were encoded elsewhere. */
export class ParquetFile {
	readonly #file: TemporaryFile;
	readonly #rowGroups: ParquetFooterTask["rowGroups"] = [];
	#rows = 0;

	constructor(file: TemporaryFile) {
		this.#file = file;
	}

	get rows(): number {
		return this.#rows;
	}

	async begin(): Promise<void> {
		await this.#file.write(PARQUET_MARK);
	}

	async append({ bytes, rows, entry }: RowGroup): Promise<void> {
		this.#rowGroups.push({ byteOffset: this.#file.byteLength, entry });
		this.#rows += rows;
		await this.#file.write(bytes);
	}

	async end(table: ParquetTable, pool: Pick<WorkerPool, "run">): Promise<void> {
		const rowGroups = this.#rowGroups;
		await this.#file.write(
			await pool.run({ kind: "parquet-footer", table, rowGroups }),
		);
	}
}

import sqlite3 from "sqlite3";

type Value = string | number | Uint8Array;

/** One connection, and statements prepared once: what one writes with the driver and nothing else. */
export class PlainSql {
	readonly #database: sqlite3.Database;
	readonly #prepared = new Map<string, sqlite3.Statement>();

	private constructor(database: sqlite3.Database) {
		this.#database = database;
	}

	/** Opens a database that is there, with every commit synced. */
	static async open(path: string): Promise<PlainSql> {
		const database = await new Promise<sqlite3.Database>((resolve, reject) => {
			const opened = new sqlite3.Database(
				path,
				sqlite3.OPEN_READWRITE,
				(error) => (error ? reject(error) : resolve(opened)),
			);
		});
		const sql = new PlainSql(database);
		await sql.run("PRAGMA synchronous = FULL");
		return sql;
	}

	/** @returns row id of the last insert. */
	run(text: string, ...values: Value[]): Promise<number> {
		const statement = this.#prepared.get(text) ?? this.#database.prepare(text);
		this.#prepared.set(text, statement);
		return new Promise((resolve, reject) => {
			statement.run(values, function (error) {
				if (error) reject(error);
				else resolve(this.lastID);
			});
		});
	}

	async close(): Promise<void> {
		for (const statement of this.#prepared.values())
			await new Promise<void>((resolve) => statement.finalize(() => resolve()));
		await new Promise<void>((resolve, reject) => {
			this.#database.close((error) => (error ? reject(error) : resolve()));
		});
	}
}

import { DuckDBInstance } from "@duckdb/node-api";

export type Row = Record<string, unknown>;

/** Asks DuckDB, in memory. Integers come as bigints, doubles as numbers, times as what the query makes of them. */
export async function query(
	sql: string,
	{ searchPath }: { searchPath?: string } = {},
): Promise<Row[]> {
	const instance = await DuckDBInstance.create(":memory:");
	const connection = await instance.connect();
	try {
		if (searchPath !== undefined)
			await connection.run(`SET file_search_path = ${quoted(searchPath)}`);
		const reader = await connection.runAndReadAll(sql);
		return reader.getRowObjectsJS();
	} finally {
		connection.closeSync();
		instance.closeSync();
	}
}

/** A text as SQL writes it. */
export function quoted(text: string): string {
	return `'${text.replaceAll("'", "''")}'`;
}

/** What every Parquet file begins and ends with. */
export const PARQUET_MARK = new TextEncoder().encode("PAR1");

/**
 * What a column holds. `timestamp`: milliseconds since 1970 in UTC, as bigints, as with `integer`. `strings`: a list,
 * never null, of strings that are not.
 */
export type ParquetType =
	| "string"
	| "integer"
	| "double"
	| "timestamp"
	| "strings";

export interface ParquetColumn {
	name: string;
	type: ParquetType;
	/** Whether values may be null; lists may not. */
	optional?: boolean;
}

export interface ParquetTable {
	columns: readonly ParquetColumn[];
	/** Names of the columns by which the rows of each row group are sorted, nulls last. */
	sortedBy: readonly string[];
}

/** Some rows as they lie in the file. */
export interface RowGroup {
	bytes: Uint8Array<ArrayBuffer>;
	rows: number;
	/** What the footer says of it: for {@link encodeFooter}, and nobody else. */
	entry: Uint8Array;
}

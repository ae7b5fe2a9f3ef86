import { deserialize, serialize } from "node:v8";
import type * as HyparquetWriter from "hyparquet-writer";
import { zstdBound, zstdCompress } from "../codec/columnar/zstd.js";
import { ArchiverError } from "../errors.js";
import {
	PARQUET_MARK,
	type ParquetColumn,
	type ParquetTable,
	type RowGroup,
} from "./parquet-table.js";

const PACKAGE = "hyparquet-writer";
const CREATED_BY = "hpc-job-archiver";

/** The Parquet library, once it is loaded. */
export type ParquetLibrary = typeof HyparquetWriter;

type SchemaElement = ConstructorParameters<
	ParquetLibrary["ParquetWriter"]
>[0]["schema"][number];
type RowGroupEntry = InstanceType<
	ParquetLibrary["ParquetWriter"]
>["row_groups"][number];

/** @throws ArchiverError INVALID_OPTION when the library, an optional peer dependency, is not installed */
export async function loadParquetLibrary(): Promise<ParquetLibrary> {
	try {
		return await import("hyparquet-writer");
	} catch (cause) {
		throw new ArchiverError(
			"INVALID_OPTION",
			`writing Parquet needs the package ${PACKAGE}, which could not be loaded: npm install ${PACKAGE}`,
			{ problems: [`${PACKAGE} could not be loaded`] },
			{ cause },
		);
	}
}

/**
 * Encodes rows.
 *
 * @param data - One array a column of `table`, all as long as there are rows.
 */
export function encodeRowGroup(
	library: ParquetLibrary,
	{ columns }: ParquetTable,
	data: readonly (unknown[] | BigInt64Array)[],
): RowGroup {
	const { writer, file } = newFile(library, columns);
	const rows = data[0].length;
	file.write({
		columnData: columns.map(({ name, type }, i) => ({
			name,
			data: data[i],
			// A dictionary of doubles would take -0 for 0.
			...(type === "double" && { encoding: "PLAIN" as const }),
			offsetIndex: false,
		})),
		rowGroupSize: rows,
		// One page a column: a row group is small enough.
		pageSize: 0,
	});
	const [entry] = file.row_groups;
	return {
		bytes: writer.getBytes().slice(PARQUET_MARK.length),
		rows,
		entry: serialize(entry),
	};
}

/** What follows the last row group, whatever their number. @param rowGroups - In the file's order. */
export function encodeFooter(
	library: ParquetLibrary,
	{ columns, sortedBy }: ParquetTable,
	rowGroups: readonly { byteOffset: number; entry: Uint8Array }[],
): Uint8Array<ArrayBuffer> {
	const { writer, file } = newFile(library, columns);
	const sorting_columns = sortedBy.map((sorted) => ({
		column_idx: columns.findIndex(({ name }) => name === sorted),
		descending: false,
		nulls_first: false,
	}));
	for (const { byteOffset, entry } of rowGroups) {
		const rowGroup = deserialize(entry) as RowGroupEntry;
		moveBy(rowGroup, BigInt(byteOffset - PARQUET_MARK.length));
		file.row_groups.push({ ...rowGroup, sorting_columns });
		file.num_rows += rowGroup.num_rows;
	}
	file.finish();
	return writer.getBytes().slice(PARQUET_MARK.length);
}

function newFile(
	{ ByteWriter, ParquetWriter }: ParquetLibrary,
	columns: readonly ParquetColumn[],
) {
	const writer = new ByteWriter();
	const file = new ParquetWriter({
		writer,
		schema: [
			{ name: "root", num_children: columns.length },
			...columns.flatMap(schemaOf),
		],
		codec: "ZSTD",
		compressors: { ZSTD: compress },
		createdBy: CREATED_BY,
	});
	return { writer, file };
}

function schemaOf({ name, type, optional }: ParquetColumn): SchemaElement[] {
	const repetition_type = optional ? "OPTIONAL" : "REQUIRED";
	switch (type) {
		case "string":
			return [{ name, ...TEXT, repetition_type }];
		case "integer":
			return [{ name, type: "INT64", repetition_type }];
		case "double":
			return [{ name, type: "DOUBLE", repetition_type }];
		case "timestamp":
			return [{ name, ...UTC_MILLISECONDS, repetition_type }];
		case "strings":
			return [
				{ name, ...LIST, repetition_type: "REQUIRED" },
				{ name: "list", num_children: 1, repetition_type: "REPEATED" },
				{ name: "element", ...TEXT, repetition_type: "REQUIRED" },
			];
	}
}

// Each logical type with the older name that it had: some readers know only that.
const TEXT = {
	type: "BYTE_ARRAY",
	converted_type: "UTF8",
	logical_type: { type: "STRING" },
} as const;
const UTC_MILLISECONDS = {
	type: "INT64",
	converted_type: "TIMESTAMP_MILLIS",
	logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
} as const;
const LIST = {
	num_children: 1,
	converted_type: "LIST",
	logical_type: { type: "LIST" },
} as const;

function compress(source: Uint8Array): Uint8Array {
	const target = new Uint8Array(zstdBound(source.length));
	return target.subarray(0, zstdCompress(target, source, "thorough"));
}

/** A row group is encoded as the first of a file of its own. */
function moveBy({ columns }: RowGroupEntry, bytes: bigint): void {
	for (const column of columns) {
		column.file_offset += bytes;
		const { meta_data } = column;
		if (meta_data === undefined) continue;
		meta_data.data_page_offset += bytes;
		if (meta_data.dictionary_page_offset !== undefined)
			meta_data.dictionary_page_offset += bytes;
	}
}

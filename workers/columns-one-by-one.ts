import type { Column, DataEncoding } from "../lib/codec/column.js";
import {
	columnarStatistics,
	decodeColumnar,
	verifyColumnar,
} from "../lib/codec/columnar/index.js";
import { ArchiverError } from "../lib/errors.js";
import { compareColumns } from "../lib/export/series-table.js";
import type { DataSelection } from "../lib/schema/metric.js";
import { decodeStored } from "./decode.js";

/**
 * A stored job's columns, by metric and scope. Those of a columnar file are checked all, then decoded one at a time:
 * whatever is wrong is known before the first is used, and a large job is never in memory whole.
 *
 * @throws ArchiverError DATA_CORRUPT, FORMAT_UNSUPPORTED
 */
export function columnsOneByOne(
	{ bytes, encoding }: { bytes: Uint8Array; encoding: DataEncoding },
	selection: DataSelection = {},
): Iterable<Column> {
	if (encoding !== "columnar")
		return decodeStored(bytes, encoding, selection).sort(compareColumns);
	const [fault] = verifyColumnar(bytes);
	if (fault !== undefined) {
		const { reason, offset, column } = fault;
		throw new ArchiverError("DATA_CORRUPT", reason, { offset, column });
	}
	return decodedOneByOne(bytes, selection);
}

function* decodedOneByOne(
	bytes: Uint8Array,
	{ metrics, scopes }: DataSelection,
): Generator<Column> {
	const wanted = columnarStatistics(bytes).filter(
		({ metric, scope }) =>
			(metrics === undefined || metrics.includes(metric)) &&
			(scopes === undefined || scopes.includes(scope)),
	);
	for (const { metric, scope } of wanted.sort(compareColumns))
		yield* decodeColumnar(bytes, { metrics: [metric], scopes: [scope] });
}

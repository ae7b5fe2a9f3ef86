import { constants, isUtf8 } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { ArchiverError } from "../../errors.js";
import type { DataSelection, StatisticsSeries } from "../../schema/metric.js";
import { record } from "../../schema/record.js";
import { isMetricScope, type MetricScope } from "../../schema/scope.js";
import type { Unit } from "../../schema/unit.js";
import type { Column } from "../column.js";

export interface JsonLimits {
	/** Largest text that is decompressed; a small file can claim gigabytes. Default: the longest string that V8 can hold. */
	maxTextBytes?: number;
}

/**
 * Decodes a `data.json` or `data.json.gz`, ours or ClusterCockpit's, into columns: every metric and scope that it holds,
 * or those selected. Each column's samples own their `ArrayBuffer`.
 *
 * Statistics of series are not read: they follow from the samples. Lenient where real data is: unknown keys, `null` for
 * a list, a missing unit or missing statistics do no harm, and `statisticsSeries` without one of min, median and max
 * count as absent.
 *
 * @throws ArchiverError DATA_CORRUPT saying what is malformed, with `column` where it is within one.
 */
export function decodeJson(
	bytes: Uint8Array,
	encoding: "json" | "json.gz",
	selection: DataSelection = {},
	limits: JsonLimits = {},
): Column[] {
	return columnsOfJson(parseJobData(bytes, encoding, limits), selection);
}

/**
 * The first half of {@link decodeJson}: an object whose keys are metrics, and nothing more is known of it.
 *
 * @param toTheEnd - Refuse the zeros that may stand behind compressed data, and that readers pass over.
 * @throws ArchiverError DATA_CORRUPT
 */
export function parseJobData(
	bytes: Uint8Array,
	encoding: "json" | "json.gz",
	{
		maxTextBytes = constants.MAX_STRING_LENGTH,
		toTheEnd = false,
	}: JsonLimits & { toTheEnd?: boolean } = {},
): Record<string, unknown> {
	const text =
		encoding === "json.gz" ? gunzip(bytes, maxTextBytes, toTheEnd) : bytes;
	return expectObject(parseText(text, maxTextBytes), "job data");
}

/**
 * The second half of {@link decodeJson}.
 *
 * @throws ArchiverError DATA_CORRUPT
 */
export function columnsOfJson(
	metrics: Record<string, unknown>,
	selection: DataSelection = {},
): Column[] {
	const columns: Column[] = [];
	for (const metric of Object.keys(metrics)) {
		if (selection.metrics?.includes(metric) === false) continue;
		const scopes = expectObject(metrics[metric], `metric ${metric}`);
		for (const scope of Object.keys(scopes)) {
			if (!isMetricScope(scope))
				throw corrupt(`metric ${metric} has an unknown scope, ${scope}`);
			if (selection.scopes?.includes(scope) === false) continue;
			columns.push(columnOf(metric, scope, scopes[scope]));
		}
	}
	return columns;
}

/** What `gunzipSync` gives with `info`: its types know the text alone. */
interface Gunzipped {
	buffer: Buffer;
	/** Compressed bytes that were read. */
	engine: { bytesWritten: number };
}

function gunzip(
	bytes: Uint8Array,
	maxTextBytes: number,
	toTheEnd: boolean,
): Uint8Array {
	let unzipped: Gunzipped;
	try {
		unzipped = gunzipSync(bytes, {
			maxOutputLength: maxTextBytes,
			info: true,
		}) as unknown as Gunzipped;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
			throw tooLarge(maxTextBytes);
		throw corrupt(`gzip: ${(error as Error).message}`, undefined, error);
	}
	const { buffer, engine } = unzipped;
	const surplus = bytes.byteLength - engine.bytesWritten;
	if (toTheEnd && surplus > 0)
		throw corrupt(`gzip: ${surplus} bytes follow the end of the data`);
	return buffer;
}

function parseText(text: Uint8Array, maxTextBytes: number): unknown {
	if (text.length > maxTextBytes) throw tooLarge(maxTextBytes);
	if (!isUtf8(text)) throw corrupt("the text is not UTF-8");
	try {
		const { buffer, byteOffset, byteLength } = text;
		return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString());
	} catch (error) {
		throw corrupt(`JSON: ${(error as Error).message}`, undefined, error);
	}
}

function columnOf(metric: string, scope: MetricScope, value: unknown): Column {
	const column = `${metric}/${scope}`;
	const { unit, timestep, series, statisticsSeries } = expectObject(
		value,
		"its value",
		column,
	);
	if (!Number.isSafeInteger(timestep) || (timestep as number) <= 0)
		throw corrupt("timestep is not a positive integer", column);
	const list = expectList(series ?? [], "series", column).map((entry, i) =>
		seriesOf(entry, i, column),
	);
	const lengths = Uint32Array.from(list, ({ data }) => data.length);
	const samples = new Float64Array(lengths.reduce((sum, n) => sum + n, 0));
	let start = 0;
	for (const { data, hostname } of list) {
		readSamples(data, samples, start, `data of ${hostname}`, column);
		start += data.length;
	}
	const brought = statisticsSeriesOf(statisticsSeries, column);
	return {
		metric,
		scope,
		unit: unitOf(unit, column),
		timestep: timestep as number,
		hostnames: list.map(({ hostname }) => hostname),
		ids: list.some(({ id }) => id !== null) ? list.map(({ id }) => id) : null,
		lengths,
		...(brought && { statisticsSeries: brought }),
		samples,
	};
}

function unitOf(value: unknown, column: string): Unit {
	const { base, prefix } = expectObject(value ?? {}, "unit", column);
	return {
		base: expectText(base ?? "", "unit", column),
		...(prefix ? { prefix: expectText(prefix, "unit", column) } : {}),
	};
}

function seriesOf(
	value: unknown,
	index: number,
	column: string,
): { hostname: string; id: string | null; data: unknown[] } {
	const what = `series ${index}`;
	const { hostname, id, data } = expectObject(value, what, column);
	if (data === undefined) throw corrupt(`${what} has no data`, column);
	return {
		hostname: expectText(hostname, `hostname of ${what}`, column),
		id: (id ?? null) === null ? null : expectText(id, `id of ${what}`, column),
		data: expectList(data ?? [], `data of ${what}`, column),
	};
}

function statisticsSeriesOf(
	value: unknown,
	column: string,
): StatisticsSeries | undefined {
	if ((value ?? null) === null) return undefined;
	const fields = expectObject(value, "statisticsSeries", column);
	const valuesOf = (values: unknown, name: string) => {
		if ((values ?? null) === null) return undefined;
		const what = `statisticsSeries ${name}`;
		const list = expectList(values, what, column);
		const samples = new Float64Array(list.length);
		readSamples(list, samples, 0, what, column);
		return samples;
	};
	const min = valuesOf(fields.min, "min");
	const median = valuesOf(fields.median, "median");
	const max = valuesOf(fields.max, "max");
	const mean = valuesOf(fields.mean, "mean");
	if (!min || !median || !max) return undefined;
	const percentiles = record<Float64Array>();
	const named = expectObject(fields.percentiles ?? {}, "percentiles", column);
	for (const name of Object.keys(named)) {
		const values = valuesOf(named[name], `percentile ${name}`);
		if (values) percentiles[name] = values;
	}
	return {
		min,
		median,
		max,
		...(mean && { mean }),
		...(Object.keys(percentiles).length > 0 && { percentiles }),
	};
}

function readSamples(
	list: readonly unknown[],
	samples: Float64Array,
	start: number,
	what: string,
	column: string,
): void {
	for (let i = 0; i < list.length; i++) {
		const value = list[i];
		if (typeof value === "number") samples[start + i] = value;
		else if (value === null) samples[start + i] = Number.NaN;
		else throw corrupt(`${what} holds something else than numbers`, column);
	}
}

function expectObject(
	value: unknown,
	what: string,
	column?: string,
): Record<string, unknown> {
	if (typeof value !== "object" || value === null || Array.isArray(value))
		throw corrupt(`${what} is not an object`, column);
	return value as Record<string, unknown>;
}

function expectList(value: unknown, what: string, column: string): unknown[] {
	if (!Array.isArray(value)) throw corrupt(`${what} is not a list`, column);
	return value;
}

function expectText(value: unknown, what: string, column: string): string {
	if (typeof value !== "string")
		throw corrupt(`${what} is not a string`, column);
	return value;
}

function tooLarge(maxTextBytes: number): ArchiverError {
	return corrupt(`the text is larger than the ${maxTextBytes} bytes allowed`);
}

function corrupt(
	reason: string,
	column?: string,
	cause?: unknown,
): ArchiverError {
	return new ArchiverError(
		"DATA_CORRUPT",
		column === undefined ? reason : `${column}: ${reason}`,
		column === undefined ? {} : { column },
		{ cause },
	);
}

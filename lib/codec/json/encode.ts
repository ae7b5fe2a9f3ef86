import { gzipSync } from "node:zlib";
import { ArchiverError } from "../../errors.js";
import type { StatisticsSeries } from "../../schema/metric.js";
import { record } from "../../schema/record.js";
import type { Column, SeriesStatistics } from "../column.js";
import { measureColumn } from "../statistics.js";
import { deriveStatisticsSeries } from "../statistics-series.js";
import { exactBytes } from "./exact-bytes.js";
import { TextWriter } from "./text-writer.js";
import { roundToTwoDecimals } from "./two-decimals.js";

/** Text up to this size is stored as it is: ClusterCockpit's own limit. */
const PLAIN_TEXT_MAX_BYTES = 2000;
const GZIP_LEVEL = 6;
/** What a sample takes as text, more often than not. */
const EXPECTED_SAMPLE_BYTES = 7;
const EXPECTED_SERIES_BYTES = 160;

/** A job's data in ClusterCockpit's JSON. `bytes` owns its whole `ArrayBuffer`, so it may be transferred. */
export interface EncodedJson {
	encoding: "json" | "json.gz";
	bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Encodes a whole job as ClusterCockpit's `data.json`: gzipped when the text is over 2,000 bytes.
 *
 * Samples are rounded to two decimals; NaN and infinities become null. Statistics of series, at full precision,
 * and `statisticsSeries`, for eight series and more, are those of the rounded samples: so a reader can check them,
 * and data read back gives the same bytes again. Statistics of a series without samples are null.
 * Brought `statisticsSeries` are kept.
 *
 * @param percentiles - To write with `statisticsSeries` that are not brought; 1 to 99.
 * @throws ArchiverError INVALID_INPUT when a metric comes twice at one scope.
 */
export function encodeJson(
	columns: readonly Column[],
	percentiles: readonly number[] = [],
): EncodedJson {
	const writer = new TextWriter(expectedTextBytes(columns));
	for (const piece of nestByMetric(columns)) {
		if (typeof piece === "string") writer.write(piece);
		else writeColumn(writer, piece, percentiles);
	}
	const text = writer.text();
	return text.length > PLAIN_TEXT_MAX_BYTES
		? { encoding: "json.gz", bytes: compress(text) }
		: { encoding: "json", bytes: new Uint8Array(text) };
}

/**
 * Encodes one column of a job whose columns arrive bit by bit, as a gzip member of its own; {@link assembleJson} says
 * what goes between such members. The bytes own their whole `ArrayBuffer`.
 */
export function encodeJsonColumn(
	column: Column,
	percentiles: readonly number[] = [],
): Uint8Array<ArrayBuffer> {
	const writer = new TextWriter(expectedTextBytes([column]));
	writeColumn(writer, column, percentiles);
	return compress(writer.text());
}

/**
 * The order in which columns follow each other in a `data.json`, with the text between them. Scopes of one metric are
 * adjacent, and metrics are in the order that an object has after `JSON.parse`, so that reading changes nothing.
 */
export function* nestByMetric<C extends { metric: string; scope: string }>(
	columns: readonly C[],
): Generator<string | C> {
	const metrics = record<C[]>();
	for (const column of columns) {
		metrics[column.metric] ??= [];
		const scopes = metrics[column.metric];
		if (scopes.some(({ scope }) => scope === column.scope)) {
			throw new ArchiverError(
				"INVALID_INPUT",
				`metric ${column.metric} comes twice at scope ${column.scope}`,
				{ column: `${column.metric}/${column.scope}` },
			);
		}
		scopes.push(column);
	}
	let before = "{";
	for (const metric of Object.keys(metrics)) {
		before += `${JSON.stringify(metric)}:{`;
		for (const column of metrics[metric]) {
			yield `${before}${JSON.stringify(column.scope)}:`;
			yield column;
			before = ",";
		}
		before = "},";
	}
	yield columns.length === 0 ? "{}" : "}}";
}

function writeColumn(
	writer: TextWriter,
	column: Column,
	percentiles: readonly number[],
): void {
	const rounded = { ...column, samples: roundedCopy(column.samples) };
	const statistics = measureColumn(rounded);
	const { unit, timestep, hostnames, ids, lengths, samples } = rounded;
	const { base, prefix } = unit;
	const unitText = JSON.stringify(prefix ? { base, prefix } : { base });
	writer.write(`{"unit":${unitText},"timestep":${timestep},"series":[`);
	let start = 0;
	for (let series = 0; series < lengths.length; series++) {
		const end = start + lengths[series];
		writer.write(
			`${series === 0 ? "" : ","}{"hostname":${JSON.stringify(hostnames[series])}`,
		);
		const id = ids?.[series] ?? null;
		if (id !== null) writer.write(`,"id":${JSON.stringify(id)}`);
		writer.write(`,"statistics":${statisticsText(statistics, series)},"data":`);
		writer.writeSamples(samples, start, end);
		writer.write("}");
		start = end;
	}
	writer.write("]");
	const statisticsSeries =
		column.statisticsSeries ?? deriveStatisticsSeries(rounded, percentiles);
	if (statisticsSeries !== undefined)
		writeStatisticsSeries(writer, statisticsSeries);
	writer.write("}");
}

function statisticsText(
	{ min, avg, max }: SeriesStatistics,
	series: number,
): string {
	// JSON has no infinities: the sum behind an average can overflow where no sample does.
	return JSON.stringify({
		min: min[series],
		avg: avg[series],
		max: max[series],
	});
}

function writeStatisticsSeries(
	writer: TextWriter,
	{ min, median, max, mean, percentiles }: StatisticsSeries,
): void {
	const writeValues = (before: string, values: Float64Array) => {
		writer.write(before);
		writer.writeSamples(roundedCopy(values), 0, values.length);
	};
	writeValues(',"statisticsSeries":{"min":', min);
	writeValues(',"median":', median);
	writeValues(',"max":', max);
	if (mean !== undefined) writeValues(',"mean":', mean);
	if (percentiles !== undefined) {
		writer.write(',"percentiles":{');
		Object.keys(percentiles).forEach((name, i) => {
			writeValues(
				`${i === 0 ? "" : ","}${JSON.stringify(name)}:`,
				percentiles[name],
			);
		});
		writer.write("}");
	}
	writer.write("}");
}

function roundedCopy(samples: Float64Array): Float64Array {
	const rounded = new Float64Array(samples.length);
	roundToTwoDecimals(samples, rounded);
	return rounded;
}

function compress(text: Uint8Array): Uint8Array<ArrayBuffer> {
	return exactBytes(gzipSync(text, { level: GZIP_LEVEL }));
}

function expectedTextBytes(columns: readonly Column[]): number {
	let bytes = 0;
	for (const { samples, lengths } of columns) {
		bytes +=
			samples.length * EXPECTED_SAMPLE_BYTES +
			lengths.length * EXPECTED_SERIES_BYTES;
	}
	return bytes;
}

import { ArchiverError } from "../../errors.js";
import type { DataSelection, StatisticsSeries } from "../../schema/metric.js";
import type { Column, MeasuredColumn, SeriesStatistics } from "../column.js";
import type { Placed } from "./index-blocks.js";
import {
	type DataSegment,
	type IndexedColumn,
	type IndexedPart,
	type JobIndex,
	readIndex,
	referenceOf,
	type Segment,
	type StatisticsSegment,
} from "./index-reader.js";
import {
	checkFileHeader,
	checkFileSize,
	checkIndex,
	readTrailer,
	TRAILER_BYTES,
} from "./layout.js";
import { DEFAULT_LIMITS, type Limits } from "./limits.js";
import { type BytesOf, PartDecoder } from "./part-decoder.js";

/**
 * Decodes a whole file in memory, or the selected columns of it. Every column owns its samples.
 *
 * @throws ArchiverError DATA_CORRUPT with offset and column, FORMAT_UNSUPPORTED
 */
export function decodeColumnar(
	bytes: Uint8Array,
	selection?: DataSelection,
	limits: Readonly<Limits> = DEFAULT_LIMITS,
): Column[] {
	const { columns } = indexOfFile(bytes, limits);
	return decodeColumns(
		selectColumns(columns, selection),
		rangesOf(bytes),
		limits,
	);
}

/** Headers and statistics of a whole file in memory; samples stay as they are. @throws as {@link decodeColumnar} */
export function columnarStatistics(
	bytes: Uint8Array,
	limits: Readonly<Limits> = DEFAULT_LIMITS,
): MeasuredColumn[] {
	return indexOfFile(bytes, limits).columns.map(measuredColumn);
}

/** Checks header, trailer and checksum of a file in memory and reads its index. */
export function indexOfFile(
	bytes: Uint8Array,
	limits: Readonly<Limits>,
): JobIndex {
	checkFileSize(bytes.length);
	checkFileHeader(bytes);
	const trailerBytes = bytes.subarray(bytes.length - TRAILER_BYTES);
	const trailer = readTrailer(trailerBytes, bytes.length, limits.maxIndexBytes);
	const stored = bytes.subarray(
		trailer.indexOffset,
		trailer.indexOffset + trailer.storedBytes,
	);
	checkIndex(stored, trailerBytes, trailer);
	return readIndex(stored, trailer, limits);
}

export function rangesOf(bytes: Uint8Array): BytesOf {
	return ({ byteOffset, byteLength }) =>
		bytes.subarray(byteOffset, byteOffset + byteLength);
}

export function selectColumns(
	columns: readonly IndexedColumn[],
	selection: DataSelection = {},
): IndexedColumn[] {
	const { metrics, scopes } = selection;
	return columns.filter(
		({ metric, scope }) =>
			(metrics === undefined || metrics.includes(metric)) &&
			(scopes === undefined || scopes.includes(scope)),
	);
}

/** The ranges of the file that decoding `columns` takes, in file order: their blocks and what these are told from. */
export function rangesFor(columns: readonly IndexedColumn[]): Placed[] {
	const ranges = new Set<Placed>();
	for (const segment of columns.flatMap(segmentsOf)) {
		ranges.add(segment.block);
		const reference = referenceOf(segment.block);
		if (reference !== undefined)
			ranges.add(segment.part.segments[reference].block);
		if (segment.part.gaps !== undefined && segment.present < segment.samples)
			ranges.add(segment.part.gaps);
	}
	return [...ranges].sort((a, b) => a.byteOffset - b.byteOffset);
}

/** @throws ArchiverError DATA_CORRUPT */
export function decodeColumns(
	columns: readonly IndexedColumn[],
	bytesOf: BytesOf,
	limits: Readonly<Limits>,
): Column[] {
	checkDecodedBytes(columns, limits);
	const decoders = new Map<IndexedPart, PartDecoder>();
	return columns.map((column) => {
		const { statistics: _, ...header } = measuredColumn(column);
		const samples = samplesToFill(
			column.segments.reduce((sum, segment) => sum + segment.samples, 0),
		);
		let start = 0;
		for (const segment of column.segments) {
			const end = start + segment.samples;
			decodeSegment(segment, samples.subarray(start, end));
			start = end;
		}
		return column.statisticsSeries === undefined
			? { ...header, samples }
			: {
					...header,
					samples,
					statisticsSeries: decodeStatisticsSeries(column.statisticsSeries),
				};
	});

	function decodeSegment(segment: Segment, samples: Float64Array): void {
		let decoder = decoders.get(segment.part);
		if (decoder === undefined) {
			decoder = new PartDecoder(segment.part, bytesOf);
			decoders.set(segment.part, decoder);
		}
		decoder.decode(segment, samples);
	}

	function decodeStatisticsSeries(
		segment: StatisticsSegment,
	): StatisticsSeries {
		const samples = new Float64Array(segment.samples);
		decodeSegment(segment, samples);
		return splitStatistics(segment, samples);
	}
}

/**
 * Room for samples, with arbitrary content: decoders write every sample or throw, so zeros would be written in vain, which
 * is a twelfth of their time.
 */
function samplesToFill(length: number): Float64Array {
	return new Float64Array(Buffer.allocUnsafeSlow(8 * length).buffer);
}

/** Header and statistics of a column, over all the parts that hold series of it. */
export function measuredColumn(column: IndexedColumn): MeasuredColumn {
	const { metric, scope, unit, timestep, segments } = column;
	return {
		metric,
		scope,
		unit,
		timestep,
		...mergeAxes(segments),
		lengths: concatenate(
			Uint32Array,
			segments.map(({ lengths }) => lengths),
		),
		statistics: mergeStatistics(segments),
	};
}

function segmentsOf({ segments, statisticsSeries }: IndexedColumn): Segment[] {
	return statisticsSeries === undefined
		? segments
		: [...segments, statisticsSeries];
}

function mergeAxes(
	segments: readonly DataSegment[],
): Pick<Column, "hostnames" | "ids"> {
	if (segments.length === 1) return segments[0].axis;
	const hostnames = segments.flatMap(({ axis }) => axis.hostnames);
	const ids = segments.some(({ axis }) => axis.ids !== null)
		? segments.flatMap(({ axis }) => axis.ids ?? axis.hostnames.map(() => null))
		: null;
	return { hostnames, ids };
}

function mergeStatistics(segments: readonly DataSegment[]): SeriesStatistics {
	const all = segments.map(({ statistics }) => statistics);
	return {
		avg: concatenate(
			Float64Array,
			all.map(({ avg }) => avg),
		),
		min: concatenate(
			Float64Array,
			all.map(({ min }) => min),
		),
		max: concatenate(
			Float64Array,
			all.map(({ max }) => max),
		),
		count: concatenate(
			Uint32Array,
			all.map(({ count }) => count),
		),
	};
}

function concatenate<T extends Float64Array | Uint32Array>(
	kind: new (length: number) => T,
	arrays: readonly T[],
): T {
	if (arrays.length === 1) return arrays[0];
	const all = new kind(arrays.reduce((sum, { length }) => sum + length, 0));
	let start = 0;
	for (const array of arrays) {
		all.set(array, start);
		start += array.length;
	}
	return all;
}

function checkDecodedBytes(
	columns: readonly IndexedColumn[],
	{ maxDecodedBytes }: Readonly<Limits>,
): void {
	let samples = 0;
	for (const segment of columns.flatMap(segmentsOf)) samples += segment.samples;
	if (samples * 8 > maxDecodedBytes)
		throw new ArchiverError(
			"DATA_CORRUPT",
			`the index claims ${samples} samples, more than the ${maxDecodedBytes} bytes allowed hold`,
		);
}

function splitStatistics(
	{ roles, lengths }: StatisticsSegment,
	samples: Float64Array,
): StatisticsSeries {
	const none = new Float64Array(0);
	const result: StatisticsSeries = { min: none, median: none, max: none };
	let start = 0;
	roles.forEach((role, i) => {
		const values = samples.slice(start, start + lengths[i]);
		start += lengths[i];
		if (
			role === "min" ||
			role === "median" ||
			role === "max" ||
			role === "mean"
		)
			result[role] = values;
		else if (role.startsWith("p")) {
			result.percentiles ??= Object.create(null) as Record<
				string,
				Float64Array
			>;
			result.percentiles[role.slice(1)] = values;
		}
	});
	return result;
}

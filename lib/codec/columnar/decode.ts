import { crc32 } from "node:zlib";
import { ArchiverError } from "../../errors.js";
import type { DataSelection, StatisticsSeries } from "../../schema/metric.js";
import type { Column, MeasuredColumn, SeriesStatistics } from "../column.js";
import {
	type IndexedColumn,
	type JobIndex,
	type PlacedBlock,
	readIndex,
	type Segment,
	type StatisticsSeriesSegment,
} from "./index-reader.js";
import {
	checkFileHeader,
	checkFileSize,
	checkIndex,
	corrupt,
	readTrailer,
	TRAILER_BYTES,
} from "./layout.js";
import { DEFAULT_LIMITS, type Limits } from "./limits.js";
import { joinRaw, RAW_PLANES } from "./raw-planes.js";
import { Scratch } from "./scratch.js";
import { zstdDecompress } from "./zstd.js";

/** Hands out the bytes of a block. They are only read, and not kept. */
export type BlockBytes = (block: PlacedBlock) => Uint8Array;

const planeScratch = new Scratch();

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
	const selected = selectColumns(columns, selection);
	return decodeColumns(
		selected,
		({ byteOffset, byteLength }) =>
			bytes.subarray(byteOffset, byteOffset + byteLength),
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
	return readIndex(stored, trailer);
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

/** The blocks that decoding `columns` takes, in file order. */
export function blocksOf(columns: readonly IndexedColumn[]): PlacedBlock[] {
	const blocks = columns.flatMap(({ segments, statisticsSeries }) => [
		...segments.map(({ block }) => block),
		...(statisticsSeries === undefined ? [] : [statisticsSeries.block]),
	]);
	return blocks.sort((a, b) => a.byteOffset - b.byteOffset);
}

export function decodeColumns(
	columns: readonly IndexedColumn[],
	bytesOf: BlockBytes,
	limits: Readonly<Limits>,
): Column[] {
	checkDecodedBytes(columns, limits);
	return columns.map((column) => {
		const name = columnName(column);
		const { statistics: _, ...header } = measuredColumn(column);
		const samples = new Float64Array(samplesOf(column.segments));
		let start = 0;
		for (const { block, sampleCount } of column.segments) {
			const end = start + sampleCount;
			decodeBlock(block, bytesOf(block), samples.subarray(start, end), name);
			start = end;
		}
		return column.statisticsSeries === undefined
			? { ...header, samples }
			: {
					...header,
					samples,
					statisticsSeries: decodeStatisticsSeries(
						column.statisticsSeries,
						bytesOf,
						name,
					),
				};
	});
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

export function columnName({
	metric,
	scope,
}: Pick<IndexedColumn, "metric" | "scope">): string {
	return `${metric}/${scope}`;
}

function mergeAxes(
	segments: readonly Segment[],
): Pick<Column, "hostnames" | "ids"> {
	if (segments.length === 1) return segments[0].axis;
	const hostnames = segments.flatMap(({ axis }) => axis.hostnames);
	const ids = segments.some(({ axis }) => axis.ids !== null)
		? segments.flatMap(({ axis }) => axis.ids ?? axis.hostnames.map(() => null))
		: null;
	return { hostnames, ids };
}

function mergeStatistics(segments: readonly Segment[]): SeriesStatistics {
	if (segments.length === 1) return segments[0].statistics;
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
	for (const { segments, statisticsSeries } of columns)
		samples += samplesOf(segments) + (statisticsSeries?.sampleCount ?? 0);
	if (samples * 8 > maxDecodedBytes)
		throw new ArchiverError(
			"DATA_CORRUPT",
			`the index claims ${samples} samples, more than the ${maxDecodedBytes} bytes allowed hold`,
		);
}

function samplesOf(segments: readonly Segment[]): number {
	return segments.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
}

function decodeStatisticsSeries(
	{ roles, lengths, block, sampleCount }: StatisticsSeriesSegment,
	bytesOf: BlockBytes,
	name: string,
): StatisticsSeries {
	const samples = new Float64Array(sampleCount);
	decodeBlock(block, bytesOf(block), samples, name);
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

function decodeBlock(
	block: PlacedBlock,
	bytes: Uint8Array,
	samples: Float64Array,
	name: string,
): void {
	if (block.encoding.kind === "constant") {
		samples.fill(block.encoding.value);
		return;
	}
	if (crc32(bytes) !== block.checksum)
		throw corrupt(
			"the checksum of its frames does not match",
			block.byteOffset,
			name,
		);
	const count = samples.length;
	const planes = planeScratch.bytes(count * RAW_PLANES);
	let start = 0;
	for (let plane = 0; plane < RAW_PLANES; plane++) {
		const end = start + block.frameBytes[plane];
		const problem = zstdDecompress(
			planes.subarray(plane * count, (plane + 1) * count),
			bytes.subarray(start, end),
		);
		if (problem !== undefined)
			throw corrupt(problem, block.byteOffset + start, name);
		start = end;
	}
	joinRaw(planes, count, samples);
}

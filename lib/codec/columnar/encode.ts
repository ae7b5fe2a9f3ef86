import { crc32 } from "node:zlib";
import type { StatisticsSeries } from "../../schema/metric.js";
import type { Column, Compression } from "../column.js";
import { measureColumn } from "../statistics.js";
import { RAW_PLANES, splitRaw } from "./raw-planes.js";
import { Scratch } from "./scratch.js";
import type {
	Block,
	ColumnSummary,
	PartSummary,
	StatisticsSeriesSummary,
} from "./summary.js";
import { zstdBound, zstdCompress } from "./zstd.js";

export interface EncodedPart {
	/** A view into this thread's working memory: copy it, or be done with it, before the next call. */
	frames: Uint8Array;
	/** Plain data, the caller's own. */
	summary: PartSummary;
}

const planeScratch = new Scratch();
const frameScratch = new Scratch();

/**
 * Encodes columns as one part of a job's file. Parts do not depend on each other, so they can be encoded on different
 * threads and written as they come; a column may continue in a later part with further series (another group of hosts).
 * `statisticsSeries` of a header are stored as they are; statistics that follow from the samples are not.
 */
export function encodePart(
	columns: readonly Column[],
	_level: Compression,
): EncodedPart {
	const frames = frameScratch.bytes(frameBound(columns));
	const summary: PartSummary = {
		byteLength: 0,
		columns: [],
		statisticsSeries: [],
	};
	for (const column of columns) summary.columns.push(encodeColumn(column));
	columns.forEach(({ statisticsSeries }, column) => {
		if (statisticsSeries !== undefined)
			summary.statisticsSeries.push(
				encodeStatisticsSeries(statisticsSeries, column),
			);
	});
	return { frames: frames.subarray(0, summary.byteLength), summary };

	function encodeColumn(column: Column): ColumnSummary {
		return {
			metric: column.metric,
			scope: column.scope,
			unit: column.unit,
			timestep: column.timestep,
			hostnames: column.hostnames,
			ids: column.ids,
			lengths: column.lengths.slice(),
			statistics: measureColumn(column),
			block: encodeBlock(column.samples),
		};
	}

	function encodeStatisticsSeries(
		statisticsSeries: StatisticsSeries,
		column: number,
	): StatisticsSeriesSummary {
		const series = statisticsByRole(statisticsSeries);
		const lengths = Uint32Array.from(series, ([, values]) => values.length);
		const samples = new Float64Array(lengths.reduce((a, b) => a + b, 0));
		let start = 0;
		for (const [, values] of series) {
			samples.set(values, start);
			start += values.length;
		}
		const roles = series.map(([role]) => role);
		return { column, roles, lengths, block: encodeBlock(samples) };
	}

	function encodeBlock(samples: Float64Array): Block {
		const count = samples.length;
		if (isConstant(samples))
			return {
				encoding: { kind: "constant", value: samples[0] ?? 0 },
				frameBytes: [],
				checksum: 0,
			};
		const planes = planeScratch.bytes(count * RAW_PLANES);
		splitRaw(samples, 0, count, planes);
		const start = summary.byteLength;
		const frameBytes: number[] = [];
		for (let plane = 0; plane < RAW_PLANES; plane++) {
			const source = planes.subarray(plane * count, (plane + 1) * count);
			const written = zstdCompress(frames.subarray(summary.byteLength), source);
			frameBytes.push(written);
			summary.byteLength += written;
		}
		const checksum = crc32(frames.subarray(start, summary.byteLength));
		return { encoding: { kind: "raw" }, frameBytes, checksum };
	}
}

/** The series of statistics that a source brought, each with the name it has in the index. */
function statisticsByRole(
	statistics: StatisticsSeries,
): [role: string, values: Float64Array][] {
	const { min, median, max, mean, percentiles } = statistics;
	const series: [string, Float64Array][] = [
		["min", min],
		["median", median],
		["max", max],
	];
	if (mean !== undefined) series.push(["mean", mean]);
	for (const [name, values] of Object.entries(percentiles ?? {}))
		series.push([`p${name}`, values]);
	return series;
}

function isConstant(samples: Float64Array): boolean {
	const first = samples[0];
	for (let i = 1; i < samples.length; i++)
		if (!Object.is(samples[i], first)) return false;
	return true;
}

function frameBound(columns: readonly Column[]): number {
	let bytes = 0;
	for (const { samples, statisticsSeries } of columns) {
		bytes += RAW_PLANES * zstdBound(samples.length);
		if (statisticsSeries !== undefined)
			bytes +=
				RAW_PLANES *
				zstdBound(
					statisticsByRole(statisticsSeries).reduce(
						(sum, [, values]) => sum + values.length,
						0,
					),
				);
	}
	return bytes;
}

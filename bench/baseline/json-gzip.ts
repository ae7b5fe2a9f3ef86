import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Column } from "../../lib/codec/column.js";

/**
 * The yardstick: the pipeline that a Node backend would write first. Statistics a series, JSON with two decimals,
 * gzip level 6, two files a job, all on one thread and without syncing. Ratios against it, taken in the same run,
 * hold from one machine to another where absolute rates don't.
 */
export function archiveAsJsonGzip(
	columns: readonly Column[],
	meta: unknown,
	folder: string,
): { bytes: number; samples: number } {
	const { bytes, samples } = encodeAsJsonGzip(columns);
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, "meta.json"), JSON.stringify(meta));
	writeFileSync(join(folder, "data.json.gz"), bytes);
	return { bytes: bytes.length, samples };
}

/** What of the yardstick's work is computing. */
export function encodeAsJsonGzip(columns: readonly Column[]): {
	bytes: Buffer;
	samples: number;
} {
	let samples = 0;
	const metrics: Record<string, Record<string, unknown>> = {};
	for (const column of columns) {
		metrics[column.metric] ??= {};
		metrics[column.metric][column.scope] = jsonColumn(column);
		samples += column.samples.length;
	}
	return { bytes: gzipSync(JSON.stringify(metrics), { level: 6 }), samples };
}

function jsonColumn(column: Column): unknown {
	const { unit, timestep, hostnames, ids, lengths } = column;
	let start = 0;
	const series = hostnames.map((hostname, i) => {
		const samples = column.samples.subarray(start, start + lengths[i]);
		start += lengths[i];
		const data = new Array<number | null>(samples.length);
		for (let k = 0; k < samples.length; k++) {
			data[k] = Number.isNaN(samples[k])
				? null
				: Math.round(samples[k] * 100) / 100;
		}
		const id = ids?.[i] ?? undefined;
		return { hostname, id, statistics: measure(samples), data };
	});
	return { unit, timestep, series };
}

function measure(samples: Float64Array): {
	avg: number;
	min: number;
	max: number;
} {
	let sum = 0;
	let count = 0;
	let min = Number.POSITIVE_INFINITY;
	let max = Number.NEGATIVE_INFINITY;
	for (const value of samples) {
		if (Number.isNaN(value)) continue;
		sum += value;
		count++;
		if (value < min) min = value;
		if (value > max) max = value;
	}
	return count === 0
		? { avg: 0, min: 0, max: 0 }
		: { avg: sum / count, min, max };
}

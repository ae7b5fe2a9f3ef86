import { expect } from "chai";
import type { Column, Compression } from "../../lib/codec/column.js";
import {
	encodePart,
	encodeTail,
	fileHeader,
} from "../../lib/codec/columnar/index.js";

/** Encodes a job as a pipeline does: part after part, with summaries that crossed a thread. */
export function encodeParts(
	parts: readonly (readonly Column[])[],
	level: Compression,
	info: Record<string, string | number> = {},
): Uint8Array<ArrayBuffer> {
	const pieces = [fileHeader()];
	let byteOffset = pieces[0].length;
	const summaries = parts.map((columns) => {
		const { frames, summary } = encodePart(columns, level);
		const part = { byteOffset, summary: structuredClone(summary) };
		pieces.push(frames.slice());
		byteOffset += frames.length;
		return part;
	});
	pieces.push(encodeTail(summaries, info));
	const file = new Uint8Array(
		pieces.reduce((sum, { length }) => sum + length, 0),
	);
	let start = 0;
	for (const piece of pieces) {
		file.set(piece, start);
		start += piece.length;
	}
	return file;
}

/** A column at node scope from one array a series. */
export function nodeColumn(
	metric: string,
	series: readonly (readonly number[] | Float64Array)[],
	header: Partial<Column> = {},
): Column {
	const samples = new Float64Array(
		series.reduce((sum, { length }) => sum + length, 0),
	);
	let start = 0;
	for (const values of series) {
		samples.set(values, start);
		start += values.length;
	}
	return {
		metric,
		scope: "node",
		unit: { base: "" },
		timestep: 60,
		hostnames: series.map((_, i) => `node${i}`),
		ids: null,
		lengths: Uint32Array.from(series, ({ length }) => length),
		...header,
		samples,
	};
}

/** Position of the first sample whose bits differ (every NaN being the same), or -1. */
export function firstDifference(a: Float64Array, b: Float64Array): number {
	if (a.length !== b.length) return Math.min(a.length, b.length);
	return a.findIndex((value, i) => !Object.is(value, b[i]));
}

/** Compares everything there is about columns, samples by their bits. */
export function expectSameColumns(
	actual: readonly Column[],
	expected: readonly Column[],
): void {
	expect(actual.map(describeHeader)).to.deep.equal(
		expected.map(describeHeader),
	);
	actual.forEach((column, i) => {
		expect(
			firstDifference(column.samples, expected[i].samples),
			`first sample of ${column.metric} that differs`,
		).to.equal(-1);
	});
}

function describeHeader(column: Column) {
	const { metric, scope, unit, timestep, hostnames, ids, lengths } = column;
	const brought = column.statisticsSeries;
	return {
		metric,
		scope,
		unit,
		timestep,
		hostnames: [...hostnames],
		ids: ids === null ? null : [...ids],
		lengths: [...lengths],
		statisticsSeries: brought && {
			...brought,
			percentiles: brought.percentiles && { ...brought.percentiles },
		},
	};
}

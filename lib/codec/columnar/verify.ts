import { type ErrorCode, isArchiverError } from "../../errors.js";
import type { SeriesStatistics } from "../column.js";
import { measureColumn } from "../statistics.js";
import { decodeColumns, indexOfFile, rangesOf } from "./decode.js";
import type { JobIndex } from "./index-reader.js";
import { DEFAULT_LIMITS, type Limits } from "./limits.js";

/** One thing that does not check out. */
export interface Problem {
	/** DATA_CORRUPT, or FORMAT_UNSUPPORTED. */
	code: ErrorCode;
	reason: string;
	/** Byte within the file. */
	offset: number;
	/** `metric/scope`; absent when it concerns the whole file. */
	column?: string;
}

/** Checks header, index, every frame, and every series' statistics against its samples. Empty when all is well. */
export function verifyColumnar(
	bytes: Uint8Array,
	limits: Readonly<Limits> = DEFAULT_LIMITS,
): Problem[] {
	const problems: Problem[] = [];
	let index: JobIndex;
	try {
		index = indexOfFile(bytes, limits);
	} catch (error) {
		return [problemOf(error)];
	}
	const report = (problem: Problem) => {
		// What several columns depend on is one problem.
		if (
			!problems.some(
				({ reason, offset }) =>
					reason === problem.reason && offset === problem.offset,
			)
		)
			problems.push(problem);
	};
	for (const column of index.columns) {
		const name = `${column.metric}/${column.scope}`;
		try {
			const [decoded] = decodeColumns([column], rangesOf(bytes), limits);
			const measured = measureColumn(decoded);
			let firstSeries = 0;
			for (const { statistics, block } of column.segments) {
				if (!matches(statistics, measured, firstSeries))
					report({
						code: "DATA_CORRUPT",
						reason: `${name}: the statistics are not those of the samples`,
						offset: block.byteOffset,
						column: name,
					});
				firstSeries += statistics.count.length;
			}
		} catch (error) {
			report(problemOf(error));
		}
	}
	return problems;
}

function matches(
	stored: SeriesStatistics,
	measured: SeriesStatistics,
	firstSeries: number,
): boolean {
	for (let i = 0; i < stored.count.length; i++) {
		const series = firstSeries + i;
		if (
			stored.count[i] !== measured.count[series] ||
			!Object.is(stored.avg[i], measured.avg[series]) ||
			!Object.is(stored.min[i], measured.min[series]) ||
			!Object.is(stored.max[i], measured.max[series])
		)
			return false;
	}
	return true;
}

function problemOf(error: unknown): Problem {
	if (!isArchiverError(error)) throw error;
	const { code, message: reason } = error;
	const { offset = 0, column } = error.details;
	return { code, reason, offset, ...(column !== undefined && { column }) };
}

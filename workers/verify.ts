import type { MeasuredColumn } from "../lib/codec/column.js";
import {
	columnarStatistics,
	decodeColumnar,
	verifyColumnar,
} from "../lib/codec/columnar/index.js";
import { dataIdOf } from "../lib/codec/data-id.js";
import { jobDataOf } from "../lib/codec/job-data.js";
import { jobStatistics } from "../lib/codec/job-statistics.js";
import {
	checkJsonStatistics,
	columnsOfJson,
	parseJobData,
} from "../lib/codec/json/index.js";
import { measureColumn } from "../lib/codec/statistics.js";
import type {
	DataProblem,
	NodeMetric,
	VerifiedJob,
	VerifyTask,
} from "../lib/dispatch/messages.js";
import { type ErrorCode, isArchiverError } from "../lib/errors.js";
import { describeDeviation } from "../lib/schema/published/demand.js";
import { publishedDataDeviations } from "../lib/schema/published/job-data.js";
import { publishedMetaDeviations } from "../lib/schema/published/job-meta.js";
import type { Deviation } from "../lib/schema/published/rules.js";
import type { Answer } from "./answer.js";

/** Checks every byte of a stored job, and what its data say of themselves. */
export function verifyTask({
	bytes,
	encoding,
	schemaMeta,
}: VerifyTask): Answer<VerifiedJob> {
	const { faults, notes, columns, data } =
		encoding === "columnar" ? checkColumnar(bytes) : checkJson(bytes, encoding);
	const isWhole = faults.length === 0;
	const departures =
		schemaMeta === undefined ? [] : checkSchemas(schemaMeta, data?.());
	const value = {
		faults,
		notes: [...notes, ...departures],
		dataId: isWhole ? dataIdOf(bytes, encoding) : undefined,
		nodeMetrics: isWhole ? nodeMetricsOf(columns) : [],
		hostnames: [...new Set(columns.flatMap(({ hostnames }) => hostnames))],
	};
	return { value, transfer: [] };
}

interface Checked {
	faults: DataProblem[];
	notes: DataProblem[];
	/** Empty when the data are damaged. */
	columns: MeasuredColumn[];
	/** metric -> scope -> data, for the schema; absent when the data are damaged. */
	data?: () => unknown;
}

function checkColumnar(bytes: Uint8Array): Checked {
	const faults = verifyColumnar(bytes).map(({ code, ...problem }) => ({
		code: damageCode(code),
		...problem,
	}));
	if (faults.length > 0) return { faults, notes: [], columns: [] };
	return {
		faults,
		notes: [],
		columns: columnarStatistics(bytes),
		data: () => jobDataOf(decodeColumnar(bytes), measureColumn),
	};
}

/** gzip and JSON well-formed, and of the shape that a job's data has. */
function checkJson(bytes: Uint8Array, encoding: "json" | "json.gz"): Checked {
	try {
		const metrics = parseJobData(bytes, encoding, { toTheEnd: true });
		const columns = columnsOfJson(metrics).map(
			({ samples, ...header }): MeasuredColumn => ({
				...header,
				statistics: measureColumn({ ...header, samples }),
			}),
		);
		const notes = checkJsonStatistics(metrics, columns).map(
			({ kind, ...oddity }): DataProblem => ({
				code: kind === "missing" ? "STATISTICS_MISSING" : "STATISTICS_DIFFER",
				...oddity,
			}),
		);
		return { faults: [], notes, columns, data: () => metrics };
	} catch (error) {
		if (!isArchiverError(error)) throw error;
		const { column, offset } = error.details;
		const fault: DataProblem = {
			code: damageCode(error.code),
			reason: error.message,
			column,
			offset,
		};
		return { faults: [fault], notes: [], columns: [] };
	}
}

/** A meta that is no JSON is found out elsewhere. */
function checkSchemas(meta: string, data: unknown): DataProblem[] {
	const ofMeta = publishedMetaDeviations(JSON.parse(meta));
	const ofData = data === undefined ? [] : publishedDataDeviations(data);
	return [
		...ofMeta.map((deviation) => departure(deviation, "meta")),
		...ofData.map((deviation) => departure(deviation, "data")),
	];
}

function departure(deviation: Deviation, where: "meta" | "data"): DataProblem {
	return {
		code: deviation.verdict === "broken" ? "SCHEMA_BROKEN" : "SCHEMA_DIFFERS",
		column: deviation.at,
		reason: describeDeviation(deviation, where),
	};
}

function damageCode(code: ErrorCode): DataProblem["code"] {
	return code === "FORMAT_UNSUPPORTED" ? "DATA_UNSUPPORTED" : "DATA_CORRUPT";
}

function nodeMetricsOf(columns: readonly MeasuredColumn[]): NodeMetric[] {
	const timesteps = new Map<string, number>();
	for (const { metric, scope, timestep } of columns)
		if (scope === "node") timesteps.set(metric, timestep);
	return Object.entries(jobStatistics(columns)).map(([metric, statistics]) => ({
		metric,
		timestep: timesteps.get(metric) ?? 0,
		statistics,
	}));
}

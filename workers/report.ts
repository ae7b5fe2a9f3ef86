import { measureColumn } from "../lib/codec/statistics.js";
import { loadAssets } from "../lib/report/assets.js";
import { metricReportOf } from "../lib/report/metric-report.js";
import { pageOf } from "../lib/report/page.js";
import type { ReportTask } from "../lib/report/pool-tasks.js";
import { METRIC_SCOPES } from "../lib/schema/scope.js";
import type { Answer } from "./answer.js";
import { columnsOneByOne } from "./columns-one-by-one.js";

/** Makes the page of a job. @throws ArchiverError DATA_CORRUPT, FORMAT_UNSUPPORTED */
export function reportTask({
	job,
	encoding,
	bytes,
}: ReportTask): Answer<Uint8Array<ArrayBuffer>> {
	const metrics = [];
	for (const column of columnsOneByOne({ encoding, bytes }))
		metrics.push(metricReportOf(column, measureColumn(column), job.startTime));
	metrics.sort(
		(a, b) =>
			a.plot.metric.localeCompare(b.plot.metric, "en") ||
			METRIC_SCOPES.indexOf(a.plot.scope) - METRIC_SCOPES.indexOf(b.plot.scope),
	);
	const page = new TextEncoder().encode(pageOf(job, metrics, loadAssets()));
	return { value: page, transfer: [page.buffer] };
}

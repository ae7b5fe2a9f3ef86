import type { Column } from "../../lib/codec/column.js";
import { columnsOf, jobDataOf } from "../../lib/codec/job-data.js";
import { measureColumn } from "../../lib/codec/statistics.js";
import type { JobKey } from "../../lib/schema/job.js";
import type { JobData } from "../../lib/schema/metric.js";
import { bitsOf, testColumn } from "./jobs.js";

/** A job's data: two metrics, the same for the same seed. With more samples a series it is over 2,000 bytes of JSON. */
export function testData(seed: number, samplesPerSeries = 60): JobData {
	return dataOf([
		testColumn({ metric: "cpu_load", seed, samplesPerSeries }),
		testColumn({
			metric: "flops_any",
			scope: "core",
			seed: seed + 1,
			series: 4,
			samplesPerSeries,
		}),
	]);
}

export function dataOf(columns: readonly Column[]): JobData {
	return jobDataOf(columns, measureColumn);
}

/** Everything about a job's data that has to come back, samples as bits. */
export function exactly(data: JobData): unknown {
	return columnsOf(data).map(({ samples, ...header }) => ({
		...header,
		samples: bitsOf(samples),
	}));
}

export function keyOf({ cluster, jobId, startTime }: JobKey): JobKey {
	return { cluster, jobId, startTime };
}

import { dataFactsOf } from "../../lib/archive/data-facts.js";
import type { Archive, Job } from "../../lib/index.js";
import type { MetricScope } from "../../lib/schema/scope.js";
import { formatUnit } from "../../lib/schema/unit.js";
import type { Row } from "./duckdb.js";

/** A series row as {@link SERIES_QUERY} brings it, the value as its bits. */
export type SeriesRow = [
	cluster: string,
	jobId: bigint,
	startMs: bigint,
	metric: string,
	scope: string,
	hostname: string,
	device: string | null,
	unit: string,
	timeMs: bigint,
	value: string | null,
];

/** In the order of the file. */
export function seriesQuery(file: string): string {
	return `SELECT cluster, job_id, epoch_ms(start_time) AS start_ms, metric, scope, hostname, device, unit,
		epoch_ms("timestamp") AS time_ms, value FROM ${file}`;
}

export function readSeriesRows(rows: readonly Row[]): SeriesRow[] {
	return rows.map((row) => {
		const values = Object.values(row);
		const value = values.pop() as number | null;
		return [...values, value === null ? null : bits(value)] as SeriesRow;
	});
}

/** What an archive's series are as rows, in any order. */
export async function expectedSeries(
	archive: Archive,
	metrics?: string[],
): Promise<SeriesRow[]> {
	const rows: SeriesRow[] = [];
	for await (const { key } of archive.iterate()) {
		const data = await archive.loadJobData(key, { metrics });
		for (const [metric, scopes] of Object.entries(data))
			for (const [scope, column] of Object.entries(scopes))
				for (const { hostname, id, data } of column.series)
					data.forEach((value, step) => {
						rows.push([
							key.cluster,
							BigInt(key.jobId),
							BigInt(key.startTime * 1000),
							metric,
							scope as MetricScope,
							hostname,
							id ?? null,
							formatUnit(column.unit),
							BigInt((key.startTime + step * column.timestep) * 1000),
							Number.isNaN(value) ? null : bits(value),
						]);
					});
	}
	return rows;
}

/** Every column of the jobs table but those of numbers by name, as DuckDB brings it. */
export function expectedJob(job: Job): Row {
	const facts = dataFactsOf(job);
	return {
		cluster: job.cluster,
		job_id: BigInt(job.jobId),
		start_time: new Date(job.startTime * 1000),
		subcluster: job.subCluster,
		hpc_user: job.user,
		project: job.project,
		cluster_partition: job.partition ?? null,
		array_job_id: integer(job.arrayJobId),
		job_state: job.jobState,
		shared: job.shared,
		smt: integer(job.smt),
		num_nodes: BigInt(job.numNodes),
		num_hwthreads: integer(job.numHwthreads),
		num_acc: integer(job.numAcc),
		duration: BigInt(job.duration),
		walltime: integer(job.walltime),
		requested_memory: integer(job.requestedMemory),
		submit_time:
			job.submitTime === undefined ? null : new Date(job.submitTime * 1000),
		hostnames: job.resources.map(({ hostname }) => hostname),
		tags: job.tags.map(({ type, name }) => `${type}:${name}`),
		job_name: job.metaData.jobName ?? null,
		num_series: integer(facts?.series),
		num_samples: integer(facts?.samples),
		completeness: facts?.completeness?.share ?? null,
		energy: job.energy ?? null,
	};
}

function integer(value: number | undefined): bigint | null {
	return value === undefined ? null : BigInt(value);
}

const double = new Float64Array(1);
const words = new BigUint64Array(double.buffer);

function bits(value: number): string {
	double[0] = value;
	return words[0].toString(16);
}

import { record } from "../../schema/record.js";
import type { Statements } from "../../sqlite/connection.js";
import type { ArchiveInfo } from "../archive.js";

type ClusterInfo = ArchiveInfo["clusters"][string];

interface ClusterRow {
	cluster: string;
	jobs: number;
	firstStartTime: number;
	lastStartTime: number;
	bytes: number;
	json: number;
}

const HAS_OUR_TABLES =
	"SELECT 1 FROM sqlite_schema WHERE name = 'hpc_job_archiver_data'";

/** Counts jobs and bytes by cluster without reading them. Clusters without jobs are there too, with start times of 0. */
export async function archiveInfo(
	statements: Pick<Statements, "all">,
	clusters: readonly string[],
): Promise<ArchiveInfo> {
	const info: ArchiveInfo = { jobs: 0, clusters: record<ClusterInfo>() };
	for (const cluster of clusters)
		info.clusters[cluster] = {
			jobs: 0,
			firstStartTime: 0,
			lastStartTime: 0,
			bytes: 0,
			formats: { columnar: 0, json: 0 },
		};
	const ours = await statements.all(HAS_OUR_TABLES);
	const rows = await statements.all<ClusterRow>(countSql(ours.length > 0));
	for (const { cluster, json, ...counts } of rows) {
		info.jobs += counts.jobs;
		const formats = { columnar: counts.jobs - json, json };
		info.clusters[cluster] = { ...counts, formats };
	}
	return info;
}

/** @param ours - Whether there are tables of ours. */
function countSql(ours: boolean): string {
	const columnarBytes = ours
		? "(SELECT byte_length FROM hpc_job_archiver_data WHERE job = jobs.id)"
		: "NULL";
	return `
		SELECT cluster, count(*) AS jobs, min(start_time) AS firstStartTime, max(start_time) AS lastStartTime,
			sum(metaBytes + coalesce(jsonBytes, columnarBytes)) AS bytes, count(jsonBytes) AS json
		FROM (
			SELECT cluster, start_time, octet_length(meta_json) AS metaBytes, octet_length(data_json) AS jsonBytes,
				${columnarBytes} AS columnarBytes
			FROM jobs
		)
		WHERE coalesce(jsonBytes, columnarBytes) IS NOT NULL
		GROUP BY cluster
	`;
}

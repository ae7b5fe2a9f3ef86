import { NEW_DATABASE_SQL } from "../../lib/repository/schema.sql.js";
import { Connection } from "../../lib/sqlite/connection.js";

/** A database as ClusterCockpit leaves it: without what this library adds to its own. */
export interface ForeignDatabaseOptions {
	version?: number;
	dirty?: number;
	outOfMemorySpelling?: "out_of_memory" | "out-of-memory";
	/** Further statements, e.g. rows. */
	sql?: string;
}

export async function makeForeignDatabase(
	path: string,
	{
		version = 10,
		dirty = 0,
		outOfMemorySpelling = "out_of_memory",
		sql = "",
	}: ForeignDatabaseOptions = {},
): Promise<void> {
	await withDatabase(path, (database) =>
		database.script(`
			${NEW_DATABASE_SQL.replaceAll("'out-of-memory'", `'${outOfMemorySpelling}'`)}
			DROP INDEX hpc_job_archiver_status;
			DROP TABLE hpc_job_archiver_state;
			DROP TABLE hpc_job_archiver_untold;
			PRAGMA application_id = 0;
			UPDATE schema_migrations SET version = ${version}, dirty = ${dirty};
			${sql}
		`),
	);
}

/** Works on a database (a new one where there is none) beside the code under test. */
export async function withDatabase<T>(
	path: string,
	work: (database: Connection) => Promise<T>,
): Promise<T> {
	const database = await Connection.open(path, {
		mode: "create",
		busyTimeoutMs: 5000,
	});
	try {
		return await work(database);
	} finally {
		await database.close();
	}
}

/** A row of `job_cache` or `job` as ClusterCockpit enters a running job: JSON as blobs. */
export function runningJobSql(
	table: "job" | "job_cache",
	{ jobId = 1, startTime = 1000, state = "running" } = {},
): string {
	return `INSERT INTO ${table} (
		job_id, cluster, subcluster, submit_time, start_time, hpc_user, project, cluster_partition, array_job_id,
		duration, walltime, job_state, meta_data, resources, num_nodes, num_hwthreads, num_acc, smt, shared, footprint
	) VALUES (
		${jobId}, 'alex', 'a40', 900, ${startTime}, 'someone', 'some', 'a40', 7,
		0, 86400, '${state}', CAST('{"jobName":"it''s"}' AS BLOB),
		CAST('[{"hostname":"a0128","hwthreads":[0,1],"accelerators":["00000000:E1:00.0"]}]' AS BLOB),
		1, 2, 1, 1, 'multi_user', CAST('null' AS BLOB)
	);`;
}

import type { JobKey } from "../schema/job.js";
import type { Connection, Statements } from "../sqlite/connection.js";
import { keyValues } from "./find.js";
import { UNTOLD_TABLE } from "./schema.sql.js";

/** The next archived jobs in the order of their keys that nobody was told of. */
export async function findUntold(
	reader: Pick<Statements, "all">,
	limit: number,
	after?: JobKey,
): Promise<JobKey[]> {
	return reader.all<JobKey>(
		`SELECT cluster, job_id AS jobId, start_time AS startTime FROM ${UNTOLD_TABLE}
		WHERE (cluster, job_id, start_time) > (?, ?, ?)
		ORDER BY cluster, job_id, start_time LIMIT ?`,
		[...(after === undefined ? ["", -1, -1] : keyValues(after)), limit],
	);
}

export async function markTold(
	writer: Connection,
	keys: readonly JobKey[],
): Promise<void> {
	if (keys.length === 0) return;
	await writer.transaction(async (statements) => {
		await statements.run(
			`DELETE FROM ${UNTOLD_TABLE} WHERE (cluster, job_id, start_time) IN (
				SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)
			)`,
			[JSON.stringify(keys.map(keyValues))],
		);
	});
}

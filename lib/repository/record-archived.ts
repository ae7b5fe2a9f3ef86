import { invalidInput } from "../schema/invalid-input.js";
import { formatJobKey, MONITORING_STATUS } from "../schema/job.js";
import { type Connection, sqliteCode } from "../sqlite/connection.js";
import { keyValues } from "./find.js";
import { jobUnknown, keyOf } from "./job-error.js";
import type { ArchivedRow } from "./repository.js";
import { numbersToColumn } from "./rows.js";
import { STATE_TABLE, UNTOLD_TABLE } from "./schema.sql.js";

const IS_NEW_KEY =
	"cluster = NEW.cluster AND job_id = NEW.job_id AND start_time = NEW.start_time";

/**
 * Lets one statement record a group of archived jobs in all tables. Of the connection that it is run on: the file and who
 * else reads it know nothing of it. A job that is not in the database fails the whole statement.
 */
export const RECORD_ARCHIVED_SQL = `
	CREATE TEMP VIEW hpc_job_archiver_archived
		(cluster, job_id, start_time, footprint, energy_footprint, energy, completeness, to_tell)
	AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;
	CREATE TEMP TRIGGER hpc_job_archiver_record INSTEAD OF INSERT ON hpc_job_archiver_archived BEGIN
		SELECT RAISE(ABORT, 'no such job')
		WHERE NOT EXISTS (SELECT 1 FROM job WHERE ${IS_NEW_KEY});
		UPDATE job SET
			footprint = NEW.footprint,
			energy_footprint = NEW.energy_footprint,
			energy = NEW.energy,
			monitoring_status = ${MONITORING_STATUS.archivingSuccessful}
		WHERE ${IS_NEW_KEY};
		DELETE FROM ${STATE_TABLE} WHERE ${IS_NEW_KEY};
		INSERT INTO ${STATE_TABLE} (cluster, job_id, start_time, completeness)
		SELECT NEW.cluster, NEW.job_id, NEW.start_time, NEW.completeness
		WHERE NEW.completeness IS NOT NULL;
		INSERT OR IGNORE INTO ${UNTOLD_TABLE} (cluster, job_id, start_time)
		SELECT NEW.cluster, NEW.job_id, NEW.start_time WHERE NEW.to_tell;
	END;
`;

/** All jobs of a group with one statement: going through libuv's pool and back costs more than a row. */
const RECORD_ARCHIVED = `
	INSERT INTO hpc_job_archiver_archived
	SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, ?2
	FROM json_each(?1)`;

const FIND_MISSING = `
	SELECT key AS place FROM json_each(?) AS archived
	WHERE NOT EXISTS (
		SELECT 1 FROM job WHERE job_id = value ->> 1 AND cluster = value ->> 0 AND start_time = value ->> 2
	)
	LIMIT 1`;

/**
 * Records archived jobs, all or none, and forgets their failures; of a job that comes twice the later row counts; with
 * `toTell`, that hooks are still to be told of them, in the same transaction: they are, whenever the process ends.
 */
export async function commitArchived(
	writer: Connection,
	rows: readonly ArchivedRow[],
	toTell: boolean,
): Promise<void> {
	for (const { job, energy } of rows)
		if (!Number.isFinite(energy))
			throw invalidInput("energy", "a finite number", energy).with(keyOf(job));
	if (rows.length === 0) return;
	const latest = [
		...new Map(rows.map((row) => [formatJobKey(row.job), row])).values(),
	];
	const group = JSON.stringify(latest.map(columnsOf));
	try {
		await writer.run(RECORD_ARCHIVED, [group, toTell ? 1 : 0]);
	} catch (error) {
		if (sqliteCode(error) !== "SQLITE_CONSTRAINT") throw error;
		const [missing] = await writer.all<{ place: number }>(FIND_MISSING, [
			group,
		]);
		throw missing === undefined ? error : jobUnknown(latest[missing.place].job);
	}
}

function columnsOf({
	job,
	footprint,
	energyFootprint,
	energy,
	completeness,
}: ArchivedRow): unknown[] {
	return [
		...keyValues(job),
		numbersToColumn(footprint),
		numbersToColumn(energyFootprint),
		energy,
		completeness && JSON.stringify(completeness),
	];
}

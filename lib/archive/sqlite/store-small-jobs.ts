import { sqliteCode } from "../../sqlite/connection.js";
import { BlobBatch } from "./blob-batch.js";
import { SLICE_NUMBER_BITS } from "./schema.sql.js";
import { SLICE_BYTES } from "./slices.js";
import type { SealedJob } from "./staged-job.js";
import { keyColumns } from "./store-jobs.js";
import type { ArchiveWriter } from "./writer.js";

/**
 * Lets one statement fill three tables. Of the connection that it is run on: the file and who else reads it know nothing
 * of it. A job of a cluster that is not configured, or that is in the archive already, fails the whole statement.
 */
export const SMALL_JOBS_SQL = `
	CREATE TEMP VIEW hpc_job_archiver_small (job_id, cluster, start_time, meta, data)
	AS SELECT NULL, NULL, NULL, NULL, NULL;
	CREATE TEMP TRIGGER hpc_job_archiver_store_small INSTEAD OF INSERT ON hpc_job_archiver_small BEGIN
		SELECT RAISE(ABORT, 'the cluster is not configured')
		WHERE NEW.cluster NOT IN (SELECT name FROM clusters);
		INSERT INTO jobs (job_id, cluster, start_time, meta_json, data_compressed, created_at, updated_at)
		VALUES (NEW.job_id, NEW.cluster, NEW.start_time, NEW.meta, 0, unixepoch(), unixepoch());
		INSERT INTO hpc_job_archiver_data (job, byte_length, slice_bytes)
		VALUES (last_insert_rowid(), length(NEW.data), ${SLICE_BYTES});
		INSERT INTO hpc_job_archiver_slice (id, bytes)
		VALUES (last_insert_rowid() << ${SLICE_NUMBER_BITS}, NEW.data);
	END;
`;

const STORE_SMALL_JOBS = `
	INSERT INTO hpc_job_archiver_small (job_id, cluster, start_time, meta, data)
	SELECT value ->> 0, value ->> 1, value ->> 2, substr(?2, value ->> 3, value ->> 4), substr(?2, value ->> 5, value ->> 6)
	FROM json_each(?1)
`;

/**
 * Stores a group of new jobs, none of which has more data than a slice, with a single statement, all or none: a
 * transaction's six would each go through libuv's pool and back, which takes longer than storing such jobs.
 *
 * @returns false, and nothing is stored, when the group is not of that kind.
 */
export async function storeSmallJobs(
	writer: ArchiveWriter,
	sealed: readonly SealedJob[],
): Promise<boolean> {
	if (!sealed.every(isSmall)) return false;
	const batch = new BlobBatch();
	for (const job of sealed)
		batch.addRow([
			...keyColumns(job),
			...batch.addBlob(job.meta),
			...batch.addBlob(job.rest),
		]);
	try {
		await batch.run(writer, STORE_SMALL_JOBS);
		return true;
	} catch (error) {
		if (sqliteCode(error) === "SQLITE_CONSTRAINT") return false;
		throw error;
	}
}

function isSmall({ encoding, staged, dataBytes }: SealedJob): boolean {
	return (
		encoding === "columnar" && staged === undefined && dataBytes <= SLICE_BYTES
	);
}

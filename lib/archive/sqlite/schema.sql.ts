import type { DataFormat } from "../../codec/column.js";
import { ARCHIVE_VERSION } from "../layout.js";

/**
 * Of a new archive. Pages of 8 KiB: of the sizes tried the smallest file for 544 jobs of all sizes that is also read
 * quickly. It has to be said before the first page is written, and so has that pages can be given back.
 */
export const PAGE_BYTES = 8192;
export const NEW_FILE_SQL = `
	PRAGMA page_size = ${PAGE_BYTES};
	PRAGMA auto_vacuum = INCREMENTAL;
`;

/** Key in `metadata` that marks an archive that this library made, and holds the format that new jobs get there. */
export const FORMAT_KEY = "hpc_job_archiver_format";
export const VERSION_KEY = "version";

/** ClusterCockpit's own tables. */
export const TABLES = ["jobs", "clusters", "metadata"];

/**
 * ClusterCockpit's tables, columns and version. Of its three indexes only the one that this library needs: the others
 * come when its tools open the archive.
 */
export function archiveTablesSql(format: DataFormat): string {
	return `
		CREATE TABLE jobs (
			id INTEGER PRIMARY KEY AUTOINCREMENT,
			job_id INTEGER NOT NULL,
			cluster TEXT NOT NULL,
			start_time INTEGER NOT NULL,
			meta_json BLOB NOT NULL,
			data_json BLOB,
			data_compressed BOOLEAN DEFAULT 0,
			created_at INTEGER NOT NULL,
			updated_at INTEGER NOT NULL,
			UNIQUE (job_id, cluster, start_time)
		);
		CREATE INDEX idx_jobs_lookup ON jobs (cluster, job_id, start_time);
		CREATE TABLE clusters (
			name TEXT PRIMARY KEY,
			config_json BLOB NOT NULL,
			updated_at INTEGER NOT NULL
		);
		CREATE TABLE metadata (
			key TEXT PRIMARY KEY,
			value TEXT NOT NULL
		);
		INSERT INTO metadata (key, value)
		VALUES ('${VERSION_KEY}', '${ARCHIVE_VERSION}'), ('${FORMAT_KEY}', '${format}');
	`;
}

/** Slices of one job's data are numbered with so many bits: enough for 32 GiB. */
export const SLICE_NUMBER_BITS = 20;

/**
 * Tables of ours beside them, for columnar data and for what is staged. A job's data lie in `hpc_job_archiver_slice`, in
 * slices numbered from `data.id << ${SLICE_NUMBER_BITS}`. A row of `hpc_job_archiver_data` without a job is staged, or was left by a crash.
 *
 * A job has one kind of data, whoever writes: the triggers remove columnar data once `data_json` is written, or the job
 * removed, by ClusterCockpit's tools too.
 */
export const OUR_TABLES_SQL = `
	CREATE TABLE IF NOT EXISTS hpc_job_archiver_data (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		job INTEGER UNIQUE,
		byte_length INTEGER NOT NULL,
		slice_bytes INTEGER NOT NULL
	);
	CREATE TABLE IF NOT EXISTS hpc_job_archiver_slice (
		id INTEGER PRIMARY KEY,
		bytes BLOB NOT NULL
	);
	CREATE TRIGGER IF NOT EXISTS hpc_job_archiver_data_removed AFTER DELETE ON hpc_job_archiver_data BEGIN
		DELETE FROM hpc_job_archiver_slice
		WHERE id BETWEEN OLD.id << ${SLICE_NUMBER_BITS} AND ((OLD.id + 1) << ${SLICE_NUMBER_BITS}) - 1;
	END;
	CREATE TRIGGER IF NOT EXISTS hpc_job_archiver_job_removed AFTER DELETE ON jobs BEGIN
		DELETE FROM hpc_job_archiver_data WHERE job = OLD.id;
	END;
	CREATE TRIGGER IF NOT EXISTS hpc_job_archiver_job_replaced AFTER UPDATE OF data_json ON jobs BEGIN
		DELETE FROM hpc_job_archiver_data WHERE job = OLD.id;
	END;
`;

export const SWEEP_STAGED_SQL =
	"DELETE FROM hpc_job_archiver_data WHERE job IS NULL";

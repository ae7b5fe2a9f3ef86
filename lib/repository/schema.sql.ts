/** Stands as `PRAGMA application_id` in a database that this library made: "HJAR" in ASCII. */
export const APPLICATION_ID = 0x48_4a_41_52;

/** Versions of ClusterCockpit's schema that this library works with; 11 differs from 10 in indexes only. */
export const SUPPORTED_VERSIONS: readonly number[] = [10, 11];

/** Beside ClusterCockpit's tables: what this library knows of a job and they have no column for. */
export const STATE_TABLE = "hpc_job_archiver_state";
/** Archived jobs whose hooks have not all been told yet. */
export const UNTOLD_TABLE = "hpc_job_archiver_untold";

/** Our tables. The first has one row a job whose archiving failed, or lacks some of its data. Keyed by the job's key, since row ids change when a job leaves `job_cache`. */
export const OUR_TABLES_SQL = `
CREATE TABLE IF NOT EXISTS ${STATE_TABLE} (
	cluster    TEXT    NOT NULL,
	job_id     INTEGER NOT NULL,
	start_time INTEGER NOT NULL,
	code       TEXT,                        -- of the last failure
	message    TEXT,
	attempts   INTEGER NOT NULL DEFAULT 0,  -- failed ones
	failed_at  INTEGER,                     -- Unix seconds
	completeness TEXT,                      -- JSON; of a job that was archived with some of its data missing
	PRIMARY KEY (cluster, job_id, start_time)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ${UNTOLD_TABLE} (
	cluster    TEXT    NOT NULL,
	job_id     INTEGER NOT NULL,
	start_time INTEGER NOT NULL,
	PRIMARY KEY (cluster, job_id, start_time)
) WITHOUT ROWID;
`;

/** For a table that an earlier release made. */
export const ADD_COMPLETENESS_SQL = `
ALTER TABLE ${STATE_TABLE} ADD COLUMN completeness TEXT;
`;

export const STATUS_INDEX = "hpc_job_archiver_status";

/**
 * What is only in databases of our own making: finds jobs by monitoring status in the order of their stops, and counts
 * them, without reading the table. ClusterCockpit has no index on the status; one more does not disturb it.
 */
const STATUS_INDEX_SQL = `
CREATE INDEX ${STATUS_INDEX} ON job (monitoring_status, start_time + duration);
`;

/**
 * ClusterCockpit's tables and indexes, version 10: names, types, defaults and checks are a public interface. The checks
 * spell `out-of-memory` as its own databases of this version do, unlike the JSON.
 */
const CLUSTERCOCKPIT_SQL = `
CREATE TABLE schema_migrations (version uint64, dirty bool);
CREATE UNIQUE INDEX version_unique ON schema_migrations (version);
INSERT INTO schema_migrations (version, dirty) VALUES (10, 0);

${jobTableSql("job", "TEXT", "INT NOT NULL DEFAULT 1")}
${jobTableSql("job_cache", "VARCHAR(255)", "TINYINT NOT NULL DEFAULT 1 CHECK (smt IN (0, 1))")}
CREATE INDEX jobs_cluster_submittime
	ON job (cluster, submit_time);
CREATE INDEX jobs_cluster_partition_submittime
	ON job (cluster, cluster_partition, submit_time);
CREATE INDEX jobs_cluster_partition_jobstate_submittime
	ON job (cluster, cluster_partition, job_state, submit_time);
CREATE INDEX jobs_cluster_jobstate_submittime
	ON job (cluster, job_state, submit_time);

CREATE TABLE tag (
	id        INTEGER PRIMARY KEY,
	tag_type  VARCHAR(255) NOT NULL,
	tag_name  VARCHAR(255) NOT NULL,
	insert_ts TEXT DEFAULT CURRENT_TIMESTAMP,
	tag_scope TEXT NOT NULL DEFAULT 'global',
	UNIQUE (tag_type, tag_name)
);
CREATE TABLE jobtag (
	job_id    INTEGER,
	tag_id    INTEGER,
	insert_ts TEXT DEFAULT CURRENT_TIMESTAMP,
	PRIMARY KEY (job_id, tag_id),
	FOREIGN KEY (job_id) REFERENCES job (id) ON DELETE CASCADE,
	FOREIGN KEY (tag_id) REFERENCES tag (id) ON DELETE CASCADE
);
CREATE INDEX tags_jobid ON jobtag (job_id);
CREATE INDEX tags_tagid ON jobtag (tag_id);

CREATE TABLE hpc_user (
	username varchar(255) PRIMARY KEY NOT NULL,
	password varchar(255) DEFAULT NULL,
	ldap     tinyint      NOT NULL DEFAULT 0,
	name     varchar(255) DEFAULT NULL,
	roles    varchar(255) NOT NULL DEFAULT '[]',
	email    varchar(255) DEFAULT NULL,
	projects varchar(255) NOT NULL DEFAULT '[]'
);
CREATE TABLE configuration (
	username varchar(255),
	confkey  varchar(255),
	value    text,
	PRIMARY KEY (username, confkey),
	FOREIGN KEY (username) REFERENCES hpc_user (username) ON DELETE CASCADE ON UPDATE NO ACTION
);

CREATE TABLE node (
	id         INTEGER PRIMARY KEY,
	hostname   VARCHAR(255) NOT NULL,
	cluster    VARCHAR(255) NOT NULL,
	subcluster VARCHAR(255) NOT NULL,
	meta_data  TEXT,
	UNIQUE (hostname, cluster)
);
CREATE TABLE node_state (
	id               INTEGER PRIMARY KEY,
	time_stamp       INTEGER NOT NULL,
	jobs_running     INTEGER NOT NULL DEFAULT 0,
	cpus_allocated   INTEGER NOT NULL DEFAULT 0,
	memory_allocated INTEGER NOT NULL DEFAULT 0,
	gpus_allocated   INTEGER NOT NULL DEFAULT 0,
	node_state       VARCHAR(255) NOT NULL
		CHECK (node_state IN ('allocated', 'reserved', 'idle', 'mixed', 'down', 'unknown')),
	health_state     VARCHAR(255) NOT NULL
		CHECK (health_state IN ('full', 'partial', 'failed')),
	node_id          INTEGER,
	FOREIGN KEY (node_id) REFERENCES node (id)
);
CREATE INDEX nodes_cluster ON node (cluster);
CREATE INDEX nodes_cluster_subcluster ON node (cluster, subcluster);
CREATE INDEX nodestates_state ON node_state (node_state);
CREATE INDEX nodestates_health ON node_state (health_state);
CREATE INDEX nodestates_nodeid_state ON node_state (node_id, node_state);
CREATE INDEX nodestates_nodeid_health ON node_state (node_id, health_state);
`;

/** A whole new database. Run it in one transaction. */
export const NEW_DATABASE_SQL = `
${CLUSTERCOCKPIT_SQL}
${STATUS_INDEX_SQL}
${OUR_TABLES_SQL}
PRAGMA application_id = ${APPLICATION_ID};
`;

/** `job` and `job_cache` have the same columns and differ in the types of some. */
function jobTableSql(
	table: string,
	textType: string,
	smtColumn: string,
): string {
	return `CREATE TABLE ${table} (
	id                INTEGER PRIMARY KEY,
	job_id            BIGINT NOT NULL,
	cluster           ${textType} NOT NULL,
	subcluster        ${textType} NOT NULL,
	submit_time       BIGINT NOT NULL DEFAULT 0,  -- Unix seconds
	start_time        BIGINT NOT NULL DEFAULT 0,  -- Unix seconds
	hpc_user          ${textType} NOT NULL,
	project           ${textType} NOT NULL,
	cluster_partition ${textType},
	array_job_id      BIGINT,
	duration          INT NOT NULL,
	walltime          INT NOT NULL,
	job_state         ${textType} NOT NULL
		CHECK (job_state IN (
			'boot_fail', 'cancelled', 'completed', 'deadline', 'failed', 'node_fail',
			'out-of-memory', 'pending', 'preempted', 'running', 'suspended', 'timeout'
		)),
	meta_data         TEXT,           -- JSON
	resources         TEXT NOT NULL,  -- JSON
	num_nodes         INT NOT NULL,
	num_hwthreads     INT,
	num_acc           INT,
	smt               ${smtColumn},
	shared            TEXT NOT NULL
		CHECK (shared IN ('none', 'single_user', 'multi_user')),
	monitoring_status TINYINT NOT NULL DEFAULT 1
		CHECK (monitoring_status IN (0, 1, 2, 3)),
	energy            REAL NOT NULL DEFAULT 0.0,
	energy_footprint  TEXT DEFAULT NULL,  -- JSON
	footprint         TEXT DEFAULT NULL,  -- JSON
	UNIQUE (job_id, cluster, start_time)
);`;
}

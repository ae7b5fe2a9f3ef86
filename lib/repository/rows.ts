import type {
	Job,
	JobState,
	MonitoringStatus,
	Resource,
	SharedMode,
	Tag,
} from "../schema/job.js";
import { record } from "../schema/record.js";
import type { SqlValue } from "../sqlite/connection.js";
import type { FailureReason } from "./repository.js";

/** How this database's CHECK constraint spells the one state whose spelling varies. Jobs themselves say `out_of_memory`. */
export type OutOfMemorySpelling = "out_of_memory" | "out-of-memory";

/** Columns of `job` and `job_cache` but for the row id, in the order of {@link newJobValues}. */
export const JOB_COLUMNS = [
	"job_id",
	"cluster",
	"subcluster",
	"submit_time",
	"start_time",
	"hpc_user",
	"project",
	"cluster_partition",
	"array_job_id",
	"duration",
	"walltime",
	"job_state",
	"meta_data",
	"resources",
	"num_nodes",
	"num_hwthreads",
	"num_acc",
	"smt",
	"shared",
	"monitoring_status",
	"energy",
	"energy_footprint",
	"footprint",
] as const;

/** JSON in a column: ClusterCockpit writes blobs, others text. */
export type JsonColumn = string | Buffer | null;

/** A row of `job` or `job_cache` as selected by {@link jobSelection}. */
export interface JobRow {
	id: number | null;
	job_id: number;
	cluster: string;
	subcluster: string;
	submit_time: number | null;
	start_time: number;
	hpc_user: string;
	project: string;
	cluster_partition: string | null;
	array_job_id: number | null;
	duration: number;
	walltime: number | null;
	job_state: string;
	meta_data: JsonColumn;
	resources: JsonColumn;
	num_nodes: number;
	num_hwthreads: number | null;
	num_acc: number | null;
	smt: number | null;
	shared: SharedMode | null;
	monitoring_status: MonitoringStatus;
	energy: number | null;
	energy_footprint: JsonColumn;
	footprint: JsonColumn;
	/** JSON list, ordered by tag id. */
	tags: string;
}

/** What to select for a {@link JobRow}. Row ids of `job_cache` are of another series, so they stay out, and tags refer to `job`. */
export function jobSelection(table: "job" | "job_cache"): string {
	const columns = JOB_COLUMNS.map((column) => `${table}.${column}`).join(", ");
	return table === "job"
		? `job.id, ${columns}, ${TAGS_OF_JOB}`
		: `NULL AS id, ${columns}, '[]' AS tags`;
}

const TAGS_OF_JOB = `(
	SELECT json_group_array(json_object(
		'id', tag.id, 'type', tag.tag_type, 'name', tag.tag_name, 'scope', tag.tag_scope
	) ORDER BY tag.id)
	FROM jobtag JOIN tag ON tag.id = jobtag.tag_id
	WHERE jobtag.job_id = job.id
) AS tags`;

/**
 * The job of a row. What is zero, empty or NULL in an optional column is absent in the job. A column whose JSON is
 * malformed reads as empty: such a job fails by itself later on, and does not hold up the page it is on.
 */
export function jobFromRow(row: JobRow): Job {
	const job: Job = {
		cluster: row.cluster,
		jobId: row.job_id,
		startTime: row.start_time,
		subCluster: row.subcluster,
		user: row.hpc_user,
		project: row.project,
		numNodes: row.num_nodes,
		shared: row.shared ?? "none",
		duration: row.duration,
		jobState: stateFromColumn(row.job_state),
		monitoringStatus: row.monitoring_status,
		resources: resourcesFrom(row.resources),
		tags: JSON.parse(row.tags) as Tag[],
		metaData: metadataFrom(row.meta_data),
	};
	if (row.id !== null) job.id = row.id;
	if (row.cluster_partition) job.partition = row.cluster_partition;
	if (row.array_job_id) job.arrayJobId = row.array_job_id;
	if (row.num_hwthreads) job.numHwthreads = row.num_hwthreads;
	if (row.num_acc) job.numAcc = row.num_acc;
	if (row.smt) job.smt = row.smt;
	if (row.walltime) job.walltime = row.walltime;
	if (row.submit_time) job.submitTime = row.submit_time;
	const footprint = numbersFrom(row.footprint);
	if (footprint !== undefined) job.footprint = footprint;
	const energyFootprint = numbersFrom(row.energy_footprint);
	if (energyFootprint !== undefined) job.energyFootprint = energyFootprint;
	if (row.energy || energyFootprint !== undefined) job.energy = row.energy ?? 0;
	return job;
}

/**
 * One value a column of {@link JOB_COLUMNS} for a job that is not archived. ClusterCockpit cannot read NULL in its
 * optional columns, nor in `footprint`: zero, the empty string and the JSON `null` stand for what is absent.
 */
export function newJobValues(
	job: Job,
	spelling: OutOfMemorySpelling,
): SqlValue[] {
	const values: Record<(typeof JOB_COLUMNS)[number], SqlValue> = {
		job_id: job.jobId,
		cluster: job.cluster,
		subcluster: job.subCluster,
		submit_time: job.submitTime ?? 0,
		start_time: job.startTime,
		hpc_user: job.user,
		project: job.project,
		cluster_partition: job.partition ?? "",
		array_job_id: job.arrayJobId ?? 0,
		duration: job.duration,
		walltime: job.walltime ?? 0,
		job_state: stateToColumn(job.jobState, spelling),
		meta_data: JSON.stringify(job.metaData),
		resources: JSON.stringify(job.resources),
		num_nodes: job.numNodes,
		num_hwthreads: job.numHwthreads ?? 0,
		num_acc: job.numAcc ?? 0,
		smt: job.smt ?? 0,
		shared: job.shared,
		monitoring_status: job.monitoringStatus,
		energy: 0,
		energy_footprint: "null",
		footprint: "null",
	};
	return JOB_COLUMNS.map((column) => values[column]);
}

export function stateToColumn(
	state: JobState,
	spelling: OutOfMemorySpelling,
): string {
	return state === "out_of_memory" ? spelling : state;
}

/** Metadata of a column; entries that are no strings appear as their JSON. */
export function metadataFrom(column: JsonColumn): Record<string, string> {
	const metadata = record<string>();
	for (const [key, value] of Object.entries(objectFrom(column) ?? {}))
		metadata[key] = typeof value === "string" ? value : JSON.stringify(value);
	return metadata;
}

/** The JSON object of a column, with whatever keys; undefined when the column holds none. */
export function objectFrom(
	column: JsonColumn,
): Record<string, unknown> | undefined {
	const value = parsed(column);
	return typeof value === "object" && value !== null && !Array.isArray(value)
		? (value as Record<string, unknown>)
		: undefined;
}

/** JSON with sorted keys, so that the same numbers always give the same text. What is not finite has no JSON and is left out. */
export function numbersToColumn(numbers: Record<string, number>): string {
	const entries = Object.entries(numbers)
		.filter(([, value]) => Number.isFinite(value))
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
	return `{${entries.join(",")}}`;
}

/** Our own columns beside a job. */
export interface FailureRow {
	code: string | null;
	message: string | null;
	attempts: number | null;
	failed_at: number | null;
}

export function failureFromRow(row: FailureRow): FailureReason | undefined {
	if (row.code === null) return undefined;
	return {
		// Written from an ErrorCode, by this release or another.
		code: row.code as FailureReason["code"],
		message: row.message ?? "",
		attempts: row.attempts ?? 0,
		failedAt: row.failed_at ?? 0,
	};
}

function stateFromColumn(column: string): JobState {
	return column === "out-of-memory" ? "out_of_memory" : (column as JobState);
}

function resourcesFrom(column: JsonColumn): Resource[] {
	const list = parsed(column);
	if (!Array.isArray(list)) return [];
	return list.filter(isRecord).flatMap((entry) => {
		const { hostname, hwthreads, accelerators, configuration } = entry;
		if (typeof hostname !== "string") return [];
		const resource: Resource = { hostname };
		if (Array.isArray(hwthreads)) resource.hwthreads = hwthreads;
		if (Array.isArray(accelerators)) resource.accelerators = accelerators;
		if (typeof configuration === "string" && configuration !== "")
			resource.configuration = configuration;
		return [resource];
	});
}

function numbersFrom(column: JsonColumn): Record<string, number> | undefined {
	const object = objectFrom(column);
	if (object === undefined) return undefined;
	const numbers = record<number>();
	for (const [key, value] of Object.entries(object))
		if (typeof value === "number") numbers[key] = value;
	return numbers;
}

function parsed(column: JsonColumn): unknown {
	if (column === null) return undefined;
	try {
		return JSON.parse(column.toString());
	} catch {
		return undefined;
	}
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null;
}

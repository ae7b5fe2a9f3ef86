import type { MetricStatistics } from "./metric.js";
import type { Unit } from "./unit.js";

/** What identifies a job: the scheduler's number is reused, so the start time belongs to it. */
export interface JobKey {
	cluster: string;
	jobId: number;
	/** Unix seconds. */
	startTime: number;
}

export type JobState =
	| "boot_fail"
	| "cancelled"
	| "completed"
	| "deadline"
	| "failed"
	| "node_fail"
	| "out_of_memory"
	| "pending"
	| "preempted"
	| "running"
	| "suspended"
	| "timeout";

/** States of a job whose end is yet to come; every other state is an end. */
export const ACTIVE_JOB_STATES: readonly JobState[] = [
	"pending",
	"running",
	"suspended",
];

export const JOB_STATES: readonly JobState[] = [
	"boot_fail",
	"cancelled",
	"completed",
	"deadline",
	"failed",
	"node_fail",
	"out_of_memory",
	"pending",
	"preempted",
	"running",
	"suspended",
	"timeout",
];

export type SharedMode = "none" | "single_user" | "multi_user";

/** What the database says of a job's archiving. */
export const MONITORING_STATUS = {
	disabled: 0,
	runningOrArchiving: 1,
	archivingFailed: 2,
	archivingSuccessful: 3,
} as const;
export type MonitoringStatus = 0 | 1 | 2 | 3;

/** One host of a job with what the job holds of it. Without `hwthreads` the job holds the whole node. */
export interface Resource {
	hostname: string;
	hwthreads?: number[];
	accelerators?: string[];
	configuration?: string;
}

export interface Tag {
	id?: number;
	type: string;
	name: string;
	scope?: string;
}

/** Statistics of one metric over a whole job, from node scope. */
export interface JobStatistics extends MetricStatistics {
	unit: Unit;
}

/** A job as `meta.json` holds it; names and units are ClusterCockpit's. */
export interface Job extends JobKey {
	/** Row in the job database. */
	id?: number;
	subCluster: string;
	user: string;
	project: string;
	partition?: string;
	arrayJobId?: number;
	numNodes: number;
	numHwthreads?: number;
	numAcc?: number;
	shared: SharedMode;
	smt?: number;
	/** Requested seconds. */
	walltime?: number;
	/** Megabytes. */
	requestedMemory?: number;
	/** Unix seconds. */
	submitTime?: number;
	/** Seconds from start to stop. */
	duration: number;
	jobState: JobState;
	monitoringStatus: MonitoringStatus;
	resources: Resource[];
	tags: Tag[];
	/** Free strings: `jobName`, `jobScript`, `slurmInfo`, and what this archiver adds. */
	metaData: Record<string, string>;
	/** Null-prototype; metric -> statistics. Present once archived. */
	statistics?: Record<string, JobStatistics>;
	/** `<metric>_<stat>` -> value. Present once archived. */
	footprint?: Record<string, number>;
	/** Metric -> kWh. Present once archived. */
	energyFootprint?: Record<string, number>;
	/** kWh over all energy metrics. Present once archived. */
	energy?: number;
}

/** `cluster/jobId/startTime`, as the command line and the logs write it. */
export function formatJobKey({ cluster, jobId, startTime }: JobKey): string {
	return `${cluster}/${jobId}/${startTime}`;
}

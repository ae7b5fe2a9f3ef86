import * as v from "valibot";
import { invalidInput } from "./invalid-input.js";
import {
	JOB_STATES,
	type Job,
	type JobStatistics,
	MONITORING_STATUS,
	type MonitoringStatus,
	type Resource,
	type Tag,
} from "./job.js";
import { CLUSTER_NAME_EXPECTED, isClusterName } from "./names.js";
import { record } from "./record.js";
import {
	count,
	counts,
	finite,
	integer,
	listOf,
	mapOf,
	name,
	objectOf,
	text,
	unit,
} from "./shapes.js";
import { validate } from "./validate.js";

const resourceShape = objectOf({
	hostname: name,
	hwthreads: v.optional(counts),
	accelerators: v.optional(listOf(name)),
	configuration: v.optional(text),
});

const tagShape = objectOf({
	id: v.optional(count),
	type: text,
	name: text,
	scope: v.optional(text),
});

const statisticsShape = v.pipe(
	mapOf(v.unknown()),
	v.transform(onlyStatistics),
	mapOf(
		objectOf({
			unit: v.optional(unit, { base: "" }),
			avg: finite,
			min: finite,
			max: finite,
		}),
	),
);

const jobShape = objectOf({
	cluster: v.custom<string>(isClusterName, CLUSTER_NAME_EXPECTED),
	jobId: count,
	startTime: count,
	subCluster: v.optional(text, ""),
	user: text,
	project: text,
	partition: v.optional(text),
	arrayJobId: v.optional(integer),
	numNodes: v.optional(count),
	numHwthreads: v.optional(count),
	numAcc: v.optional(count),
	shared: v.optional(v.picklist(["none", "single_user", "multi_user"]), "none"),
	smt: v.optional(integer),
	walltime: v.optional(integer),
	requestedMemory: v.optional(integer),
	submitTime: v.optional(integer),
	duration: v.optional(count),
	stopTime: v.optional(count),
	jobState: v.optional(
		v.pipe(text, v.transform(underscored), v.picklist(JOB_STATES)),
	),
	monitoringStatus: v.optional(
		v.picklist(Object.values(MONITORING_STATUS) as MonitoringStatus[]),
		MONITORING_STATUS.runningOrArchiving,
	),
	resources: v.pipe(
		listOf(resourceShape),
		v.minLength(1, "at least one resource"),
	),
	tags: v.optional(listOf(tagShape), []),
	metaData: v.optional(mapOf(text), {}),
	statistics: v.optional(statisticsShape),
	footprint: v.optional(mapOf(finite)),
	energyFootprint: v.optional(mapOf(finite)),
	energy: v.optional(finite),
});

type JobFields = v.InferOutput<typeof jobShape>;

/**
 * Checks what claims to be a job: the content of a `meta.json`, of an API call, or of a database row in these names.
 * Null counts as absent, unknown keys are ignored, and what is zero or empty and may be absent becomes absent.
 * A row's id is not taken over: ClusterCockpit writes its own database's into `meta.json`, where it means nothing to ours.
 *
 * Where absent: `numNodes` is the count of resources, `duration` is `stopTime - startTime`, `shared` is `none`,
 * `monitoringStatus` is 1 (ClusterCockpit's default).
 *
 * @throws ArchiverError INVALID_INPUT listing every problem
 */
export function parseJob(value: unknown): Job {
	const fields = validate(jobShape, value, "job");
	if (fields.jobState === undefined)
		throw invalidInput("jobState", "a job state", undefined);
	const duration =
		fields.duration ??
		(fields.stopTime === undefined
			? undefined
			: fields.stopTime - fields.startTime);
	if (duration === undefined)
		throw invalidInput("duration", "duration or stopTime", undefined);
	if (duration < 0)
		throw invalidInput("stopTime", "a time after startTime", fields.stopTime);
	return jobOf(fields, { jobState: fields.jobState, duration });
}

/**
 * Checks a job that is to be recorded as started. As {@link parseJob}, but state and duration may be absent (`running`, 0),
 * and `numHwthreads` and `numAcc`, where absent, follow from what the resources name.
 *
 * @throws ArchiverError INVALID_INPUT listing every problem
 */
export function parseNewJob(value: unknown): Job {
	const fields = validate(jobShape, value, "job");
	const named = (key: "hwthreads" | "accelerators") =>
		fields.resources.reduce((sum, host) => sum + (host[key]?.length ?? 0), 0);
	return jobOf(
		{
			...fields,
			numHwthreads: fields.numHwthreads ?? named("hwthreads"),
			numAcc: fields.numAcc ?? named("accelerators"),
		},
		{
			jobState: fields.jobState ?? "running",
			duration: fields.duration ?? 0,
		},
	);
}

/**
 * The text of a job's `meta.json`: only keys that ClusterCockpit knows, in a fixed order, maps sorted by key.
 * The row's id is left out; so is what is zero, empty or absent and may be absent, and every number that JSON cannot hold.
 */
export function serializeJob(job: Job): string {
	return JSON.stringify({
		jobId: job.jobId,
		cluster: job.cluster,
		subCluster: job.subCluster,
		startTime: job.startTime,
		duration: job.duration,
		jobState: job.jobState,
		user: job.user,
		project: job.project,
		numNodes: job.numNodes,
		shared: job.shared,
		monitoringStatus: job.monitoringStatus,
		...filledOptions(job),
		resources: job.resources.map(plainResource),
		tags: job.tags.map(plainTag),
		metaData: sortedMap(job.metaData),
		statistics: job.statistics && sortedMap(job.statistics, plainStatistics),
		footprint: job.footprint && sortedMap(job.footprint, plainNumber),
		energyFootprint:
			job.energyFootprint && sortedMap(job.energyFootprint, plainNumber),
		energy: plainNumber(job.energy),
	});
}

/** Entries that hold statistics: ClusterCockpit also keeps lists there (`filesystems`), and a metric without samples has nulls. */
function onlyStatistics(
	entries: Record<string, unknown>,
): Record<string, unknown> {
	const kept = record<unknown>();
	for (const [metric, entry] of Object.entries(entries)) {
		if (Array.isArray(entry)) continue;
		const { avg, min, max } = entry as Partial<JobStatistics>;
		if ((avg ?? null) === null) continue;
		if ((min ?? null) === null) continue;
		if ((max ?? null) === null) continue;
		kept[metric] = entry;
	}
	return kept;
}

function underscored(state: string): string {
	return state === "out-of-memory" ? "out_of_memory" : state;
}

function jobOf(
	fields: JobFields,
	{ jobState, duration }: Pick<Job, "jobState" | "duration">,
): Job {
	const { cluster, jobId, startTime, subCluster, user, project } = fields;
	const { shared, monitoringStatus } = fields;
	const { statistics, footprint, energyFootprint, energy } = fields;
	const metaData = record<string>();
	Object.assign(metaData, fields.metaData);
	return {
		cluster,
		jobId,
		startTime,
		subCluster,
		user,
		project,
		numNodes: fields.numNodes || fields.resources.length,
		shared,
		duration,
		jobState,
		monitoringStatus,
		...filledOptions(fields),
		resources: fields.resources.map(plainResource),
		tags: fields.tags.map(plainTag),
		metaData,
		...(statistics && { statistics: tidyStatistics(statistics) }),
		...(footprint && { footprint }),
		...(energyFootprint && { energyFootprint }),
		...(energy !== undefined && { energy }),
	};
}

type Options = Pick<
	Job,
	| "partition"
	| "arrayJobId"
	| "numHwthreads"
	| "numAcc"
	| "smt"
	| "walltime"
	| "requestedMemory"
	| "submitTime"
>;

/** The fields that say the same when they are zero or empty as when they are absent, where they say something. */
function filledOptions(job: Options): Options {
	return filled({
		partition: job.partition,
		arrayJobId: job.arrayJobId,
		numHwthreads: job.numHwthreads,
		numAcc: job.numAcc,
		smt: job.smt,
		walltime: job.walltime,
		requestedMemory: job.requestedMemory,
		submitTime: job.submitTime,
	});
}

function plainResource(resource: Resource): Resource {
	const { hostname, hwthreads, accelerators, configuration } = resource;
	return {
		hostname,
		...filled({
			hwthreads: hwthreads?.length ? hwthreads : undefined,
			accelerators: accelerators?.length ? accelerators : undefined,
			configuration,
		}),
	};
}

function plainTag({ id, type, name, scope }: Tag): Tag {
	return { ...filled({ id }), type, name, ...filled({ scope }) };
}

function tidyStatistics(
	statistics: Record<string, JobStatistics>,
): Record<string, JobStatistics> {
	const tidy = record<JobStatistics>();
	for (const [metric, { unit, avg, min, max }] of Object.entries(statistics))
		tidy[metric] = { unit: plainUnit(unit), avg, min, max };
	return tidy;
}

function plainStatistics(statistics: JobStatistics): JobStatistics | undefined {
	const { unit, avg, min, max } = statistics;
	return [avg, min, max].every(Number.isFinite)
		? { unit: plainUnit(unit), avg, min, max }
		: undefined;
}

function plainUnit({ base, prefix }: JobStatistics["unit"]) {
	return { base, ...filled({ prefix }) };
}

function plainNumber(value: number | undefined): number | undefined {
	return Number.isFinite(value) ? value : undefined;
}

function sortedMap<T>(
	map: Record<string, T>,
	plain: (value: T) => T | undefined = (value) => value,
): Record<string, T> {
	const sorted = record<T>();
	for (const key of Object.keys(map).sort()) {
		const value = plain(map[key]);
		if (value !== undefined) sorted[key] = value;
	}
	return sorted;
}

function filled<T extends object>(options: T): T {
	const kept = Object.entries(options).filter(([, value]) => value);
	return Object.fromEntries(kept) as T;
}

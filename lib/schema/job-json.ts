import { invalidInput } from "./invalid-input.js";
import type { Job, JobStatistics, Resource, Tag } from "./job.js";
import { type JobFields, jobShape } from "./job-shape.js";
import { record } from "./record.js";
import { validate } from "./validate.js";

/**
 * Checks what claims to be a job: the content of a `meta.json`, of an API call, or of a database row in these names.
 * Null counts as absent, unknown keys are ignored, and what is zero or empty and may be absent becomes absent.
 * A row's `id` is not taken over: ClusterCockpit writes its own database's into `meta.json`, where it means nothing to ours.
 *
 * Where absent: `numNodes` is the count of resources, `duration` is `stopTime - startTime`, `subCluster` is empty,
 * `shared` is `none`, and `monitoringStatus` is 1.
 *
 * @throws ArchiverError INVALID_INPUT
 */
export function parseJob(value: unknown): Job {
	const fields = validate(jobShape, value, "job");
	if (fields.jobState === undefined)
		throw invalidInput("jobState", "a job state", undefined);
	return jobOf(fields, fields.jobState, durationOf(fields));
}

/**
 * Checks a job that is to be recorded as started. As {@link parseJob}, but state and duration may be absent
 * (`running`, 0), and `numHwthreads` and `numAcc` follow from what the resources name.
 *
 * @throws ArchiverError INVALID_INPUT
 */
export function parseNewJob(value: unknown): Job {
	const fields = validate(jobShape, value, "job");
	const counted = {
		...fields,
		numHwthreads: fields.numHwthreads ?? countHwthreads(fields.resources),
		numAcc: fields.numAcc ?? countAccelerators(fields.resources),
	};
	return jobOf(counted, fields.jobState ?? "running", fields.duration ?? 0);
}

/**
 * The text of a job's `meta.json`: only keys that ClusterCockpit knows, in a fixed order, maps sorted by key.
 * The row's `id` is left out; so is what is zero or empty and may be absent, and every number that JSON cannot hold.
 */
export function serializeJob(job: Job): string {
	return JSON.stringify({
		jobId: job.jobId,
		cluster: job.cluster,
		subCluster: job.subCluster,
		startTime: job.startTime,
		duration: job.duration,
		jobState: job.jobState,
		monitoringStatus: job.monitoringStatus,
		user: job.user,
		project: job.project,
		numNodes: job.numNodes,
		shared: job.shared,
		...optionsOf(job),
		resources: job.resources.map(plainResource),
		tags: job.tags.map(plainTag),
		metaData: sortedMap(job.metaData, (value) => value),
		statistics: job.statistics && sortedMap(job.statistics, plainStatistics),
		footprint: job.footprint && sortedMap(job.footprint, plainNumber),
		energyFootprint:
			job.energyFootprint && sortedMap(job.energyFootprint, plainNumber),
		energy: plainNumber(job.energy),
	});
}

function durationOf({ startTime, stopTime, duration }: JobFields): number {
	if (duration !== undefined) return duration;
	if (stopTime === undefined)
		throw invalidInput("duration", "a duration or a stopTime", undefined);
	if (stopTime < startTime)
		throw invalidInput("stopTime", `at least startTime ${startTime}`, stopTime);
	return stopTime - startTime;
}

/** Undefined where a host names no hwthreads: the job holds all of that host's, and the topology says how many. */
function countHwthreads(resources: readonly Resource[]): number | undefined {
	const counts = resources.map(({ hwthreads }) => hwthreads?.length ?? 0);
	return counts.includes(0) ? undefined : counts.reduce((a, b) => a + b);
}

function countAccelerators(resources: readonly Resource[]): number {
	return resources.reduce((sum, it) => sum + (it.accelerators?.length ?? 0), 0);
}

function jobOf(
	fields: JobFields,
	jobState: Job["jobState"],
	duration: number,
): Job {
	const { statistics, footprint, energyFootprint, energy } = fields;
	return {
		cluster: fields.cluster,
		jobId: fields.jobId,
		startTime: fields.startTime,
		subCluster: fields.subCluster,
		user: fields.user,
		project: fields.project,
		numNodes: fields.numNodes || fields.resources.length,
		shared: fields.shared,
		duration,
		jobState,
		monitoringStatus: fields.monitoringStatus,
		...optionsOf(fields),
		resources: fields.resources.map(plainResource),
		tags: fields.tags.map(plainTag),
		metaData: fields.metaData ?? record(),
		...(statistics && { statistics: sortedMap(statistics, plainStatistics) }),
		...(footprint && { footprint }),
		...(energyFootprint && { energyFootprint }),
		...(energy !== undefined && { energy }),
	};
}

/** The fields for which zero or empty says the same as absent, where they say something. */
function optionsOf(job: JobFields | Job): Partial<Job> {
	const options: Partial<Job> = {};
	if (job.partition) options.partition = job.partition;
	if (job.arrayJobId) options.arrayJobId = job.arrayJobId;
	if (job.numHwthreads) options.numHwthreads = job.numHwthreads;
	if (job.numAcc) options.numAcc = job.numAcc;
	if (job.smt) options.smt = job.smt;
	if (job.walltime) options.walltime = job.walltime;
	if (job.requestedMemory) options.requestedMemory = job.requestedMemory;
	if (job.submitTime) options.submitTime = job.submitTime;
	return options;
}

function plainResource(resource: Resource): Resource {
	const { hostname, hwthreads, accelerators, configuration } = resource;
	return {
		hostname,
		...(hwthreads?.length && { hwthreads }),
		...(accelerators?.length && { accelerators }),
		...(configuration && { configuration }),
	};
}

function plainTag({ id, type, name, scope }: Tag): Tag {
	return { type, name, ...(scope && { scope }), ...(id && { id }) };
}

function plainStatistics(statistics: JobStatistics): JobStatistics | undefined {
	const { unit, avg, min, max } = statistics;
	const known =
		Number.isFinite(avg) && Number.isFinite(min) && Number.isFinite(max);
	if (!known) return undefined;
	const { base, prefix } = unit;
	return { unit: prefix ? { base, prefix } : { base }, avg, min, max };
}

function plainNumber(value: number | undefined): number | undefined {
	return Number.isFinite(value) ? value : undefined;
}

/** The entries that `plain` makes something of, by key. */
function sortedMap<T>(
	map: Record<string, T>,
	plain: (value: T) => T | undefined,
): Record<string, T> {
	const sorted = record<T>();
	for (const key of Object.keys(map).sort()) {
		const value = plain(map[key]);
		if (value !== undefined) sorted[key] = value;
	}
	return sorted;
}

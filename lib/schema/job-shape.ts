import * as v from "valibot";
import {
	JOB_STATES,
	MONITORING_STATUS,
	type MonitoringStatus,
	type SharedMode,
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
	oneOf,
	text,
} from "./shapes.js";

const SHARED_MODES: readonly SharedMode[] = [
	"none",
	"single_user",
	"multi_user",
];

const resource = objectOf({
	hostname: name,
	hwthreads: v.optional(counts),
	// Not a name: real jobs hold an accelerator without an id.
	accelerators: v.optional(listOf(text)),
	configuration: v.optional(text),
});

const tag = objectOf({
	id: v.optional(count),
	type: text,
	name: text,
	scope: v.optional(text),
});

const unit = objectOf({ base: v.optional(text, ""), prefix: v.optional(text) });

const statistics = v.pipe(
	mapOf(v.unknown()),
	v.transform(withoutGaps),
	mapOf(
		objectOf({
			unit: v.optional(unit, { base: "" }),
			avg: finite,
			min: finite,
			max: finite,
		}),
	),
);

const jobState = v.pipe(text, v.transform(underscored), oneOf(JOB_STATES));

/** A job as others write it, before what is absent has been filled in. Null counts as absent, unknown keys are ignored. */
export const jobShape = objectOf({
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
	shared: v.optional(oneOf(SHARED_MODES), "none"),
	smt: v.optional(integer),
	walltime: v.optional(integer),
	requestedMemory: v.optional(integer),
	submitTime: v.optional(integer),
	duration: v.optional(count),
	stopTime: v.optional(count),
	jobState: v.optional(jobState),
	monitoringStatus: v.optional(
		oneOf<MonitoringStatus>(Object.values(MONITORING_STATUS)),
		MONITORING_STATUS.runningOrArchiving,
	),
	resources: v.pipe(listOf(resource), v.minLength(1, "at least one resource")),
	tags: v.optional(listOf(tag), []),
	metaData: v.optional(mapOf(text)),
	statistics: v.optional(statistics),
	footprint: v.optional(mapOf(finite)),
	energyFootprint: v.optional(mapOf(finite)),
	energy: v.optional(finite),
});

export type JobFields = v.InferOutput<typeof jobShape>;

/**
 * Leaves out what holds no statistics: a metric without samples (null or NaN), and the lists (`filesystems`) that
 * ClusterCockpit's schema allows beside the metrics.
 */
function withoutGaps(
	entries: Record<string, unknown>,
): Record<string, unknown> {
	const kept = record<unknown>();
	for (const [metric, entry] of Object.entries(entries))
		if (!Array.isArray(entry) && !hasGap(entry)) kept[metric] = entry;
	return kept;
}

function hasGap(entry: unknown): boolean {
	if (typeof entry !== "object" || entry === null) return false;
	const { avg, min, max } = entry as Record<string, unknown>;
	return [avg, min, max].some(
		(value) => value === null || value === undefined || Number.isNaN(value),
	);
}

/** ClusterCockpit's database and API documentation spell one state with hyphens, its JSON does not. */
function underscored(state: string): string {
	return state === "out-of-memory" ? "out_of_memory" : state;
}

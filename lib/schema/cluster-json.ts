import * as v from "valibot";
import type { Cluster } from "./cluster.js";
import { CLUSTER_NAME_EXPECTED, isClusterName } from "./names.js";
import { METRIC_SCOPES } from "./scope.js";
import {
	counts,
	finite,
	listOf,
	looseObjectOf,
	name,
	positive,
	text,
} from "./shapes.js";
import { validate } from "./validate.js";

const thresholds = {
	footprint: v.optional(v.picklist(["avg", "min", "max"])),
	energy: v.optional(v.picklist(["power", "energy"])),
	peak: v.optional(finite),
	normal: v.optional(finite),
	caution: v.optional(finite),
	alert: v.optional(finite),
};

const metricShape = looseObjectOf({
	name,
	unit: looseObjectOf({ base: text, prefix: v.optional(text) }),
	scope: v.picklist(METRIC_SCOPES),
	aggregation: v.picklist(["sum", "avg"]),
	timestep: positive,
	...thresholds,
	subClusters: v.optional(
		listOf(
			looseObjectOf({
				name,
				...thresholds,
				remove: v.optional(v.boolean("true or false")),
			}),
		),
	),
});

const topologyShape = looseObjectOf({
	node: counts,
	socket: v.optional(listOf(counts)),
	memoryDomain: v.optional(listOf(counts)),
	die: v.optional(listOf(counts)),
	core: v.optional(listOf(counts)),
	accelerators: v.optional(
		listOf(looseObjectOf({ id: name, type: text, model: text })),
	),
});

const clusterShape = looseObjectOf({
	name: v.custom<string>(isClusterName, CLUSTER_NAME_EXPECTED),
	metricConfig: listOf(metricShape),
	subClusters: listOf(
		looseObjectOf({
			name,
			nodes: text,
			topology: topologyShape,
		}),
	),
});

/**
 * Checks a cluster's configuration, the content of a `cluster.json`. The parts that archiving needs are checked,
 * every other key is kept as it is, so that storing the result writes everything back.
 *
 * @throws ArchiverError INVALID_INPUT listing every problem
 */
export function parseCluster(value: unknown): Cluster {
	return validate(clusterShape, value, "cluster configuration");
}

import * as v from "valibot";
import { isArchiverError } from "../errors.js";
import type {
	Aggregation,
	Cluster,
	EnergyKind,
	FootprintStat,
	MetricConfig,
} from "./cluster.js";
import { isEnergyUnit } from "./energy.js";
import { CLUSTER_NAME_EXPECTED, isClusterName } from "./names.js";
import { parseNodeList } from "./nodelist.js";
import { METRIC_SCOPES } from "./scope.js";
import {
	counts,
	finite,
	listOf,
	looseObjectOf,
	name,
	oneOf,
	positive,
	step,
	text,
} from "./shapes.js";
import { validate } from "./validate.js";

/** What a metric's configuration and a subcluster's override of it have in common. */
const settings = {
	footprint: v.optional(oneOf<FootprintStat>(["avg", "min", "max"])),
	energy: v.optional(oneOf<EnergyKind>(["power", "energy"])),
	peak: v.optional(finite),
	normal: v.optional(finite),
	caution: v.optional(finite),
	alert: v.optional(finite),
};

const override = looseObjectOf({
	name,
	...settings,
	remove: v.optional(v.boolean("true or false")),
});

const metric = v.pipe(
	looseObjectOf({
		name,
		unit: looseObjectOf({ base: text, prefix: v.optional(text) }),
		scope: oneOf(METRIC_SCOPES),
		aggregation: oneOf<Aggregation>(["sum", "avg"]),
		timestep: positive,
		...settings,
		subClusters: v.optional(listOf(override)),
	}),
	v.rawCheck(({ dataset, addIssue }) => {
		if (!dataset.typed || unitFitsEnergy(dataset.value)) return;
		const { unit } = dataset.value;
		addIssue({
			message: "a unit that energy can be computed from",
			input: `${unit.prefix ?? ""}${unit.base}`,
			path: [step("object", dataset.value, "unit", unit)],
		});
	}),
);

const topology = looseObjectOf({
	node: counts,
	socket: v.optional(listOf(counts)),
	memoryDomain: v.optional(listOf(counts)),
	die: v.optional(listOf(counts)),
	core: v.optional(listOf(counts)),
	accelerators: v.optional(
		listOf(looseObjectOf({ id: name, type: text, model: text })),
	),
});

const nodes = v.pipe(
	text,
	v.rawCheck(({ dataset, addIssue }) => {
		if (!dataset.typed) return;
		try {
			parseNodeList(dataset.value);
		} catch (error) {
			if (!isArchiverError(error)) throw error;
			const { offset } = error.details;
			addIssue({ message: `a node list (see offset ${offset})` });
		}
	}),
);

const subCluster = looseObjectOf({ name, nodes, topology });

const cluster = looseObjectOf({
	name: v.custom<string>(isClusterName, CLUSTER_NAME_EXPECTED),
	metricConfig: listOfNamed(metric),
	subClusters: listOfNamed(subCluster),
});

/**
 * Checks a cluster's configuration, the content of a `cluster.json`: the parts that archiving needs. Every other key is
 * kept as it is, so that storing the result writes everything back. Null counts as absent where a key may be absent.
 *
 * @throws ArchiverError INVALID_INPUT
 */
export function parseCluster(value: unknown): Cluster {
	return validate(cluster, value, "cluster configuration");
}

/** Checked here, where someone can still mend it, because a finished job's energy is no time to find out. */
function unitFitsEnergy({ energy, unit, subClusters }: MetricConfig): boolean {
	const kinds = [energy, ...(subClusters ?? []).map((own) => own.energy)];
	return kinds.every((kind) => kind === undefined || isEnergyUnit(kind, unit));
}

/** A list in which no two entries have the same name. */
function listOfNamed<T extends { name: string }>(
	item: v.GenericSchema<unknown, T>,
) {
	return v.pipe(
		listOf(item),
		v.rawCheck(({ dataset, addIssue }) => {
			if (!dataset.typed) return;
			const seen = new Set<string>();
			for (const [at, entry] of dataset.value.entries()) {
				if (seen.has(entry.name))
					addIssue({
						message: "a name that is used once",
						input: entry.name,
						path: [
							step("array", dataset.value, at, entry),
							step("object", entry, "name", entry.name),
						],
					});
				seen.add(entry.name);
			}
		}),
	);
}

import type { Aggregation, Topology } from "../schema/cluster.js";
import { METRIC_SCOPES, type MetricScope } from "../schema/scope.js";
import type { HeldHosts } from "./held-hosts.js";
import type { RequestedMetric } from "./source.js";
import { type HeldDevices, positionsOf } from "./topology.js";

/**
 * How a job's columns get from the scopes they are measured at to the scopes they are archived at. Plain data that goes
 * to a worker with each chunk: what all hosts have in common is in it once.
 */
export interface ScopePlan {
	metrics: ReadonlyMap<string, MetricPlan>;
	/** What feeds what on the hosts of each kind. Most jobs have one kind. */
	hostKinds: readonly HostKind[];
	/** Position in `hostKinds` of every host that is not of the first kind. */
	kindOfHost: ReadonlyMap<string, number>;
}

export interface MetricPlan {
	/** Scope at which the metric is measured. */
	native: MetricScope;
	/** Scopes at which it is archived, coarse to fine. */
	scopes: readonly MetricScope[];
	aggregation: Aggregation;
}

/** By scope measured at, then by scope archived at. */
export type HostKind = ReadonlyMap<
	MetricScope,
	ReadonlyMap<MetricScope, DeviceGroups>
>;

/** Which devices of a host feed which. Only devices that the job holds are in it. */
export interface DeviceGroups {
	/** Ids of the devices fed, in the topology's order; null stands for the node. */
	targets: readonly (string | null)[];
	/** Id of a feeding device -> position in `targets`. One that feeds none is not there. */
	feeds: ReadonlyMap<string | null, number>;
}

/** Scopes whose devices a topology lists. */
type TopologyScope = "socket" | "memoryDomain" | "core";

export interface PlannedScopes {
	plan: ScopePlan;
	/** What was asked for and cannot be had, each with its reason. */
	problems: string[];
}

/**
 * Plans how `metrics` are brought to their scopes on the hosts of a job.
 *
 * A device feeds the one device of the coarser scope that its hwthreads are in, and none when they are in none: a
 * hwthread that no core lists counts for the node alone. A device whose hwthreads are in several, such as a memory domain
 * that spans sockets, cannot be told apart: the metric is archived without that scope then, and the reason is given.
 */
export function planScopes(
	metrics: readonly RequestedMetric[],
	{ kinds, kindOfHost }: HeldHosts,
	topology: Topology,
): PlannedScopes {
	const problems = new Set<string>();
	const pairs = pairsOf(metrics);
	const hostKinds = kinds.map(({ held }): HostKind => {
		const kind = new Map<MetricScope, Map<MetricScope, DeviceGroups>>();
		for (const [native, targets] of pairs) {
			const groups = new Map<MetricScope, DeviceGroups>();
			kind.set(native, groups);
			for (const target of targets) {
				const grouped = groupDevices(native, target, held, topology);
				if (typeof grouped === "string") problems.add(grouped);
				else groups.set(target, grouped);
			}
		}
		return kind;
	});
	const plan = { metrics: metricPlans(metrics), hostKinds, kindOfHost };
	return { plan, problems: [...problems] };
}

function metricPlans(
	metrics: readonly RequestedMetric[],
): Map<string, MetricPlan> {
	return new Map(
		metrics.map(({ config: { name, scope, aggregation }, scopes }) => [
			name,
			{ native: scope, scopes, aggregation },
		]),
	);
}

/** Every scope that a metric is measured at, with those that one is wanted at. */
function pairsOf(
	metrics: readonly RequestedMetric[],
): Map<MetricScope, Set<MetricScope>> {
	const pairs = new Map<MetricScope, Set<MetricScope>>();
	for (const { config, scopes } of metrics) {
		const targets = pairs.get(config.scope) ?? new Set();
		pairs.set(config.scope, targets);
		for (const scope of scopes) targets.add(scope);
	}
	return pairs;
}

/** The groups, or why there are none. */
function groupDevices(
	native: MetricScope,
	target: MetricScope,
	held: HeldDevices,
	topology: Topology,
): DeviceGroups | string {
	const devices = devicesOf(native, held);
	if (target === native) return eachFeedsItself(devices);
	if (target === "node") {
		return {
			targets: devices.length === 0 ? [] : [null],
			feeds: new Map(devices.map((device) => [device, 0])),
		};
	}
	if (!isCoarser(target, native)) return cannotBring(native, target);
	return groupByTopology(native, target, devices, topology);
}

/** Accelerators belong to their node, and to nothing in between. */
function isCoarser(
	target: MetricScope,
	native: MetricScope,
): target is TopologyScope {
	return (
		native !== "accelerator" &&
		METRIC_SCOPES.indexOf(target) < METRIC_SCOPES.indexOf(native)
	);
}

function eachFeedsItself(devices: readonly (string | null)[]): DeviceGroups {
	return {
		targets: devices,
		feeds: new Map(devices.map((device, position) => [device, position])),
	};
}

function groupByTopology(
	native: MetricScope,
	target: TopologyScope,
	devices: readonly (string | null)[],
	topology: Topology,
): DeviceGroups | string {
	const positions = positionsOf(topology)[target];
	const groupOf = new Map<string | null, number>();
	for (const device of devices) {
		const groups = new Set(
			hwthreadsOf(native, Number(device), topology).flatMap(
				(hwthread) => positions.get(hwthread) ?? [],
			),
		);
		if (groups.size > 1)
			return `${cannotBring(native, target)}: ${native} ${device} spans ${target} ${[...groups].join(" and ")}`;
		for (const group of groups) groupOf.set(device, group);
	}
	const targets = [...new Set(groupOf.values())].sort((a, b) => a - b);
	return {
		targets: targets.map(String),
		feeds: new Map(
			[...groupOf].map(([device, group]) => [device, targets.indexOf(group)]),
		),
	};
}

function cannotBring(native: MetricScope, target: MetricScope): string {
	return `what is measured at ${native} cannot be brought to ${target}`;
}

/** The devices of a scope that the job holds, as series name them. */
function devicesOf(
	scope: MetricScope,
	held: HeldDevices,
): readonly (string | null)[] {
	switch (scope) {
		case "node":
			return [null];
		case "socket":
			return held.sockets;
		case "memoryDomain":
			return held.memoryDomains;
		case "core":
			return held.cores;
		case "hwthread":
			return held.hwthreads.map(String);
		case "accelerator":
			return held.accelerators;
	}
}

/** Every hwthread of a device, held or not: a memory domain is measured whole. */
function hwthreadsOf(
	scope: MetricScope,
	device: number,
	topology: Topology,
): readonly number[] {
	switch (scope) {
		case "socket":
		case "memoryDomain":
		case "core":
			return topology[scope]?.[device] ?? [];
		default:
			return [device];
	}
}

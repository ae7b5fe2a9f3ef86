import type { Topology } from "../schema/cluster.js";
import type { Resource } from "../schema/job.js";

/**
 * What a job holds of one host. Cores, sockets and memory domains are called by their position in the topology, as
 * ClusterCockpit calls them, and are held as soon as one of their hwthreads is. All lists follow the topology's order.
 */
export interface HeldDevices {
	hwthreads: readonly number[];
	cores: readonly string[];
	/** The held hwthreads of each of `cores`. */
	coreHwthreads: readonly (readonly number[])[];
	sockets: readonly string[];
	memoryDomains: readonly string[];
	accelerators: readonly string[];
}

/**
 * The devices that a job holds of a host with this topology. A resource that names no hwthreads holds the whole node;
 * one that names no accelerators holds none. Hwthreads that belong to no core or socket are in none.
 * Resources of whole nodes get the same lists, by reference, as long as the topology is the same object.
 */
export function heldDevices(
	resource: Resource,
	topology: Topology,
): HeldDevices {
	const accelerators = resource.accelerators ?? [];
	const hwthreads = resource.hwthreads ?? [];
	return hwthreads.length === 0
		? { ...wholeNode(topology), accelerators }
		: { ...holding(hwthreads, topology), accelerators };
}

type HeldByHwthread = Omit<HeldDevices, "accelerators">;

const wholeNodes = new WeakMap<Topology, HeldByHwthread>();

function wholeNode(topology: Topology): HeldByHwthread {
	let whole = wholeNodes.get(topology);
	if (whole === undefined) {
		whole = holding(topology.node, topology);
		wholeNodes.set(topology, whole);
	}
	return whole;
}

function holding(
	hwthreads: readonly number[],
	topology: Topology,
): HeldByHwthread {
	const { core, socket, memoryDomain } = positionsOf(topology);
	const hwthreadsByCore = groupByPosition(hwthreads, core);
	return {
		hwthreads,
		cores: names(hwthreadsByCore),
		coreHwthreads: [...hwthreadsByCore.values()],
		sockets: names(groupByPosition(hwthreads, socket)),
		memoryDomains: names(groupByPosition(hwthreads, memoryDomain)),
	};
}

/** Hwthread -> the positions of the groups it is in: one as a rule, none or several in odd configurations. */
export type Positions = ReadonlyMap<number, readonly number[]>;

/** Where the hwthreads of a topology are, by scope. */
export interface TopologyPositions {
	core: Positions;
	socket: Positions;
	memoryDomain: Positions;
}

const positionsByTopology = new WeakMap<Topology, TopologyPositions>();

/** Made once for each topology object, which must not change afterwards. */
export function positionsOf(topology: Topology): TopologyPositions {
	let positions = positionsByTopology.get(topology);
	if (positions === undefined) {
		positions = {
			core: invert(topology.core ?? []),
			socket: invert(topology.socket ?? []),
			memoryDomain: invert(topology.memoryDomain ?? []),
		};
		positionsByTopology.set(topology, positions);
	}
	return positions;
}

function invert(groups: readonly (readonly number[])[]): Positions {
	const positions = new Map<number, number[]>();
	for (const [position, hwthreads] of groups.entries()) {
		for (const hwthread of hwthreads) {
			const known = positions.get(hwthread);
			if (known === undefined) positions.set(hwthread, [position]);
			else known.push(position);
		}
	}
	return positions;
}

/** Position -> the hwthreads among those given, by ascending position. */
function groupByPosition(
	hwthreads: readonly number[],
	positions: Positions,
): Map<number, number[]> {
	const groups = new Map<number, number[]>();
	for (const hwthread of hwthreads) {
		for (const position of positions.get(hwthread) ?? []) {
			const group = groups.get(position);
			if (group === undefined) groups.set(position, [hwthread]);
			else group.push(hwthread);
		}
	}
	return new Map([...groups].sort(([a], [b]) => a - b));
}

function names(groups: Map<number, unknown>): string[] {
	return [...groups.keys()].map(String);
}

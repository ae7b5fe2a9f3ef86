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
	/** Those with a name: nobody could be asked about another. */
	accelerators: readonly string[];
}

/**
 * The devices that a job holds of a host with this topology. A resource that names no hwthreads holds the whole node;
 * one that names no accelerators holds none, and a job database may hold empty names. Hwthreads that belong to no core or socket are in none.
 * Resources of whole nodes get the same lists, by reference, as long as the topology is the same object.
 */
export function heldDevices(
	resource: Resource,
	topology: Topology,
): HeldDevices {
	const accelerators = (resource.accelerators ?? []).filter((id) => id !== "");
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
		cores: namesOf(hwthreadsByCore),
		coreHwthreads: hwthreadsByCore.filter((group) => group !== undefined),
		sockets: namesOf(groupByPosition(hwthreads, socket)),
		memoryDomains: namesOf(groupByPosition(hwthreads, memoryDomain)),
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

/** By position: the hwthreads among those given; undefined where there are none. Plain loops: a job may have many hosts. */
function groupByPosition(
	hwthreads: readonly number[],
	positions: Positions,
): (number[] | undefined)[] {
	const groups: (number[] | undefined)[] = [];
	for (let i = 0; i < hwthreads.length; i++) {
		const own = positions.get(hwthreads[i]);
		if (own === undefined) continue;
		for (let k = 0; k < own.length; k++) {
			const position = own[k];
			while (groups.length <= position) groups.push(undefined);
			const group = groups[position];
			if (group === undefined) groups[position] = [hwthreads[i]];
			else group.push(hwthreads[i]);
		}
	}
	return groups;
}

function namesOf(groups: readonly (number[] | undefined)[]): string[] {
	const names: string[] = [];
	for (let position = 0; position < groups.length; position++)
		if (groups[position] !== undefined) names.push(String(position));
	return names;
}

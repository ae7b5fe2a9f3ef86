import type { Topology } from "../schema/cluster.js";
import type { Job, Resource } from "../schema/job.js";
import { type HeldDevices, heldDevices } from "./topology.js";

/** A job's hosts, sorted by what the job holds of them. */
export interface HeldHosts {
	/** Most jobs hold the same of every host and have one kind. */
	kinds: readonly HeldKind[];
	/** Position in `kinds` of every host that is not of the first kind. */
	kindOfHost: ReadonlyMap<string, number>;
}

export interface HeldKind {
	held: HeldDevices;
	/** How many hosts are of this kind. */
	hosts: number;
}

/** The hosts of `job`. A host that several resources name holds what each of them names. */
export function heldHosts(
	{ resources }: Pick<Job, "resources">,
	topology: Topology,
): HeldHosts {
	const kinds: HeldKind[] = [];
	const positions = new Map<string, number>();
	const kindOfHost = new Map<string, number>();
	let previous: { resource: Resource; kind: number } | undefined;
	for (const resource of mergeByHost(resources)) {
		// Neighbours alike are the rule, and comparing two lists is cheaper than making a key of one.
		const kind =
			previous !== undefined && holdTheSame(previous.resource, resource)
				? previous.kind
				: kindOf(resource);
		kinds[kind].hosts++;
		if (kind > 0) kindOfHost.set(resource.hostname, kind);
		previous = { resource, kind };
	}
	return { kinds, kindOfHost };

	function kindOf(resource: Resource): number {
		const { hwthreads = [], accelerators = [] } = resource;
		const key = JSON.stringify([hwthreads, accelerators]);
		let kind = positions.get(key);
		if (kind === undefined) {
			const held = heldDevices(resource, topology);
			kind = kinds.push({ held, hosts: 0 }) - 1;
			positions.set(key, kind);
		}
		return kind;
	}
}

function mergeByHost(resources: readonly Resource[]): Iterable<Resource> {
	const byHost = new Map<string, Resource>();
	for (const resource of resources) {
		const known = byHost.get(resource.hostname);
		byHost.set(
			resource.hostname,
			known === undefined ? resource : merged(known, resource),
		);
	}
	return byHost.values();
}

function merged(a: Resource, b: Resource): Resource {
	const whole = !a.hwthreads?.length || !b.hwthreads?.length;
	return {
		hostname: a.hostname,
		hwthreads: whole ? undefined : union(a.hwthreads, b.hwthreads),
		accelerators: union(a.accelerators, b.accelerators),
	};
}

function union<T>(a: readonly T[] = [], b: readonly T[] = []): T[] {
	return [...new Set([...a, ...b])];
}

function holdTheSame(a: Resource, b: Resource): boolean {
	return (
		sameList(a.hwthreads, b.hwthreads) &&
		sameList(a.accelerators, b.accelerators)
	);
}

function sameList(
	a: readonly unknown[] = [],
	b: readonly unknown[] = [],
): boolean {
	return a.length === b.length && a.every((item, index) => item === b[index]);
}

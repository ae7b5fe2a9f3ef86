import { ArchiverError } from "../errors.js";
import type { MetricConfig } from "../schema/cluster.js";
import { formatJobKey, type Job } from "../schema/job.js";
import type { MetricScope } from "../schema/scope.js";
import type { Unit } from "../schema/unit.js";
import { type HeldHosts, heldHosts } from "./held-hosts.js";
import type { LoadRequest } from "./source.js";
import type { HeldDevices } from "./topology.js";

/** A column that a store is asked for: a series for each device of each host, in this order. */
export interface AskedColumn {
	metric: string;
	scope: MetricScope;
	unit: Unit;
	/** Seconds from one sample to the next. */
	timestep: number;
	/** Samples from the job's start to its end, both included. */
	samplesPerSeries: number;
	/** What becomes of samples that come closer together than the timestep. */
	merge: "mean" | "sum";
	hosts: readonly AskedHost[];
}

export interface AskedHost {
	hostname: string;
	/** Devices by their names in the topology; null: the host itself. Shared by hosts alike. */
	ids: readonly string[] | null;
}

/** A job's time, in Unix seconds; its end belongs to it. */
export interface JobInterval {
	startTime: number;
	endTime: number;
}

export function intervalOf({ startTime, duration }: Job): JobInterval {
	return { startTime, endTime: startTime + duration };
}

/** Finds what to ask for when `request` is loaded. Hosts and devices are listed once a scope, and shared between columns. */
export class ColumnPlanner {
	readonly #request: LoadRequest;
	readonly #hosts = new Map<MetricScope, AskedHost[]>();
	#hostnames: readonly string[] | undefined;
	#held: HeldHosts | undefined;

	constructor(request: LoadRequest) {
		this.#request = request;
	}

	/**
	 * Every metric at the scope it is measured at, with every device that the job holds.
	 *
	 * @throws ArchiverError CLUSTER_UNKNOWN for devices of a subcluster that is not configured
	 */
	native(): AskedColumn[] {
		return this.#request.metrics
			.map(({ config }) => this.column(config, config.scope))
			.filter(({ hosts }) => hosts.length > 0);
	}

	/**
	 * One metric at one scope. Hosts on which the job holds no such device are left out.
	 *
	 * @throws ArchiverError CLUSTER_UNKNOWN for devices of a subcluster that is not configured
	 */
	column(config: MetricConfig, scope: MetricScope): AskedColumn {
		const { name, unit, timestep } = config;
		const { duration } = this.#request.job;
		return {
			metric: name,
			scope,
			unit,
			timestep,
			samplesPerSeries: Math.floor(duration / timestep) + 1,
			// An amount of energy belongs to its timestep as a whole; anything else is a level or a rate.
			merge: config.energy === "energy" ? "sum" : "mean",
			hosts: this.#hostsAt(scope),
		};
	}

	#hostsAt(scope: MetricScope): AskedHost[] {
		let hosts = this.#hosts.get(scope);
		if (hosts === undefined) {
			hosts = this.#listHosts(scope);
			this.#hosts.set(scope, hosts);
		}
		return hosts;
	}

	#listHosts(scope: MetricScope): AskedHost[] {
		const { job, subCluster } = this.#request;
		this.#hostnames ??= [...new Set(job.resources.map((it) => it.hostname))];
		if (scope === "node")
			return this.#hostnames.map((hostname) => ({ hostname, ids: null }));
		if (subCluster === undefined)
			throw new ArchiverError(
				"CLUSTER_UNKNOWN",
				`subcluster ${job.subCluster} of cluster ${job.cluster} is not configured, so its hosts have no known devices`,
			);
		this.#held ??= heldHosts(job, subCluster.topology);
		const { kinds, kindOfHost } = this.#held;
		const idsOfKinds = kinds.map(({ held }) => deviceNames(held, scope));
		return this.#hostnames
			.map((hostname) => ({
				hostname,
				ids: idsOfKinds[kindOfHost.get(hostname) ?? 0],
			}))
			.filter(({ ids }) => ids.length > 0);
	}
}

/**
 * Cuts columns into pieces of at most `maxBytes` of samples, as many neighbours in a piece as fit. A column that is larger
 * alone is cut between hosts where that is allowed; the devices of a host stay together.
 */
export function cutColumns<C extends AskedColumn>(
	columns: readonly C[],
	maxBytes: number,
	splitColumns: boolean,
): C[][] {
	const pieces: C[][] = [];
	let pieceBytes = Number.POSITIVE_INFINITY;
	const parts = columns.flatMap((column) =>
		splitColumns && sampleBytes([column]) > maxBytes
			? cutBetweenHosts(column, maxBytes)
			: [column],
	);
	for (const part of parts) {
		const bytes = sampleBytes([part]);
		if (pieceBytes + bytes > maxBytes) {
			pieces.push([]);
			pieceBytes = 0;
		}
		pieces.at(-1)?.push(part);
		pieceBytes += bytes;
	}
	return pieces;
}

/** Samples of a column that is brought whole. */
export function sampleCount({ hosts, samplesPerSeries }: AskedColumn): number {
	const series = hosts.reduce((sum, { ids }) => sum + (ids?.length ?? 1), 0);
	return series * samplesPerSeries;
}

/** Bytes that the samples of columns take which are brought whole. */
export function sampleBytes(columns: readonly AskedColumn[]): number {
	const samples = columns.reduce((sum, it) => sum + sampleCount(it), 0);
	return samples * Float64Array.BYTES_PER_ELEMENT;
}

/** The error for a job that a source has nothing to ask for. */
export function nothingToAsk(job: Job): ArchiverError {
	return new ArchiverError(
		"NO_DATA",
		`job ${formatJobKey(job)} holds nothing that there is a metric for`,
	);
}

function cutBetweenHosts<C extends AskedColumn>(
	column: C,
	maxBytes: number,
): C[] {
	const parts: AskedHost[][] = [];
	let partBytes = Number.POSITIVE_INFINITY;
	for (const host of column.hosts) {
		const bytes = sampleBytes([{ ...column, hosts: [host] }]);
		if (partBytes + bytes > maxBytes) {
			parts.push([]);
			partBytes = 0;
		}
		parts.at(-1)?.push(host);
		partBytes += bytes;
	}
	return parts.map((hosts) => ({ ...column, hosts }));
}

function deviceNames(
	held: HeldDevices,
	scope: Exclude<MetricScope, "node">,
): readonly string[] {
	switch (scope) {
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

import { ArchiverError } from "../errors.js";
import type { SubCluster } from "../schema/cluster.js";
import { formatJobKey, type Job, type Resource } from "../schema/job.js";
import { throwIfAborted } from "./abort.js";
import type {
	LoadRequest,
	MetricSource,
	RequestedMetric,
	SyntheticChunk,
	SyntheticDevices,
	SyntheticHost,
	SyntheticMetric,
	SyntheticScope,
	SyntheticSpec,
} from "./source.js";
import { heldDevices } from "./topology.js";

/**
 * Seeded series, shaped by a job's hosts, devices and duration and by the cluster's metrics: for demos, benches and trials
 * of a set-up. Makes no samples itself: a chunk says what to make, and a worker makes it. The same seed and job give the
 * same samples, bit for bit, however the job is cut.
 *
 * Where columns may be split, a chunk holds all metrics of as many hosts as fit (of one host, if that alone does not fit,
 * as many metrics as fit). Else it holds all hosts of as many metrics as fit.
 *
 * @throws ArchiverError on loading: CLUSTER_UNKNOWN for a job whose subcluster is not configured, NO_DATA for one without
 *   resources or metrics, ABORTED.
 */
export class SyntheticSource implements MetricSource {
	readonly seed: number;

	/**
	 * @param seed - Any safe integer.
	 * @throws ArchiverError INVALID_INPUT
	 */
	constructor(seed: number) {
		if (!Number.isSafeInteger(seed))
			throw new ArchiverError(
				"INVALID_INPUT",
				`the seed of a synthetic source must be a whole number, not ${seed}`,
				{ field: "seed", received: seed },
			);
		this.seed = seed;
	}

	async *load(request: LoadRequest): AsyncGenerator<SyntheticChunk> {
		const { job, maxChunkBytes, splitColumns, signal } = request;
		throwIfAborted(signal);
		const hosts = syntheticHosts(job, requireSubCluster(request));
		const metrics = request.metrics.map((metric) =>
			syntheticMetric(metric, job, request.resolution),
		);
		const whole = { hosts, metrics };
		const pieces = splitColumns
			? cutByHosts(whole, maxChunkBytes)
			: cutByMetrics(whole, maxChunkBytes);
		const chunks = pieces.filter((piece) => bytesOf(piece) > 0);
		if (chunks.length === 0)
			throw new ArchiverError(
				"NO_DATA",
				`nothing to make series for: ${formatJobKey(job)} has ${hosts.length} hosts and ${metrics.length} metrics`,
			);
		for (const [index, piece] of chunks.entries()) {
			throwIfAborted(signal);
			yield {
				kind: "synthetic",
				spec: this.#spec(job, piece),
				decodedBytes: bytesOf(piece),
				last: index === chunks.length - 1,
			};
		}
	}

	#spec(job: Job, piece: Piece): SyntheticSpec {
		return {
			seed: this.seed,
			cluster: job.cluster,
			jobId: job.jobId,
			startTime: job.startTime,
			durationSeconds: job.duration,
			firstHost: job.resources[0]?.hostname ?? "",
			...piece,
		};
	}
}

/** A part of a job: these metrics of these hosts. */
interface Piece {
	hosts: readonly SyntheticHost[];
	metrics: readonly SyntheticMetric[];
}

function requireSubCluster({ job, subCluster }: LoadRequest): SubCluster {
	if (subCluster !== undefined) return subCluster;
	throw new ArchiverError(
		"CLUSTER_UNKNOWN",
		`subcluster ${job.subCluster} of cluster ${job.cluster} is not configured, so its hosts have no known devices`,
	);
}

/** Neighbours that hold the same devices share one object. */
function syntheticHosts(
	{ resources }: Job,
	{ topology }: SubCluster,
): SyntheticHost[] {
	const hosts: SyntheticHost[] = [];
	let previous: { resource: Resource; devices: SyntheticDevices } | undefined;
	for (const resource of resources) {
		if (previous === undefined || !holdTheSame(previous.resource, resource)) {
			const held = heldDevices(resource, topology);
			previous = {
				resource,
				devices: {
					socket: held.sockets,
					memoryDomain: held.memoryDomains,
					core: held.cores,
					accelerator: held.accelerators,
					hwthreadsPerCore: held.coreHwthreads.map(({ length }) => length),
					nodeShare: held.hwthreads.length / Math.max(1, topology.node.length),
				},
			};
		}
		hosts.push({ hostname: resource.hostname, devices: previous.devices });
	}
	return hosts;
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

function syntheticMetric(
	{ config, scopes }: RequestedMetric,
	{ duration }: Job,
	resolution: number,
): SyntheticMetric {
	const { name, unit, scope, aggregation, peak, normal } = config;
	const timestep = Math.max(config.timestep, resolution);
	return {
		config: { name, unit, scope, aggregation, peak, normal },
		timestep,
		samplesPerSeries: Math.floor(duration / timestep) + 1,
		scopes: scopes.filter(
			(scope): scope is SyntheticScope => scope !== "hwthread",
		),
	};
}

function cutByHosts({ hosts, metrics }: Piece, maxBytes: number): Piece[] {
	return groupWithin(hosts, maxBytes, (host) =>
		bytesOf({ hosts: [host], metrics }),
	).flatMap((group) => {
		const piece = { hosts: group, metrics };
		return bytesOf(piece) > maxBytes ? cutByMetrics(piece, maxBytes) : [piece];
	});
}

function cutByMetrics({ hosts, metrics }: Piece, maxBytes: number): Piece[] {
	return groupWithin(metrics, maxBytes, (metric) =>
		bytesOf({ hosts, metrics: [metric] }),
	).map((group) => ({ hosts, metrics: group }));
}

/** Neighbours together, as many as stay within `maxBytes`, and one at least. */
function groupWithin<T>(
	items: readonly T[],
	maxBytes: number,
	sizeOf: (item: T) => number,
): T[][] {
	const groups: T[][] = [];
	let groupBytes = Number.POSITIVE_INFINITY;
	for (const item of items) {
		const itemBytes = sizeOf(item);
		const group = groups.at(-1);
		if (group === undefined || groupBytes + itemBytes > maxBytes) {
			groups.push([item]);
			groupBytes = itemBytes;
		} else {
			group.push(item);
			groupBytes += itemBytes;
		}
	}
	return groups;
}

function bytesOf({ hosts, metrics }: Piece): number {
	let samples = 0;
	for (const { config, scopes, samplesPerSeries } of metrics) {
		for (const { devices } of hosts) {
			for (const scope of scopes)
				samples += samplesPerSeries * seriesAt(scope, config.scope, devices);
		}
	}
	return samples * Float64Array.BYTES_PER_ELEMENT;
}

/** Series that a host has at a scope of a metric that is measured at `native`. */
function seriesAt(
	scope: SyntheticScope,
	native: RequestedMetric["config"]["scope"],
	devices: SyntheticDevices,
): number {
	if (scope !== "node") return devices[scope].length;
	return native === "accelerator" && devices.accelerator.length === 0 ? 0 : 1;
}

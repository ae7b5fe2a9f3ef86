import type { ColumnHeader, DataEncoding } from "../codec/column.js";
import type { Cluster, MetricConfig, SubCluster } from "../schema/cluster.js";
import type { Job } from "../schema/job.js";
import type { MetricScope } from "../schema/scope.js";
import type { MetricStoreAnswers } from "./cc-metric-store/answers.js";
import type { PrometheusAnswers } from "./prometheus/answers.js";

/** One metric that the archive wants, with the scopes it wants it at (coarse to fine, never finer than the native one). */
export interface RequestedMetric {
	config: MetricConfig;
	scopes: readonly MetricScope[];
}

/** What a source is asked for when a job is archived. */
export interface LoadRequest {
	job: Job;
	cluster: Cluster;
	/** Absent when the job's subcluster is not configured; only replaying sources are asked then. */
	subCluster?: SubCluster;
	metrics: readonly RequestedMetric[];
	/** Seconds between samples; 0: as recorded. */
	resolution: number;
	/** A chunk is to hold no more bytes of decoded samples than this, unless the smallest piece it can be cut into is larger. */
	maxChunkBytes: number;
	/**
	 * Whether a column may come in several chunks, each holding further series of it, in order. Columnar archives take
	 * that; ClusterCockpit's JSON wants every column whole, and all scopes of a metric adjacent.
	 */
	splitColumns: boolean;
	/**
	 * Hands out a buffer of exactly `byteLength` bytes with arbitrary content, recycled from earlier chunks where one fits.
	 * Give it away with the chunk.
	 */
	allocate(byteLength: number): ArrayBuffer;
	/** Aborts when the job is cancelled or its time is over: stop reading, free what is held. */
	signal: AbortSignal;
}

interface ChunkBase {
	/** True on the last chunk of a job: lets a job of one chunk be finished in one task. */
	last?: boolean;
	/**
	 * True: columns are at the scope their metric is measured at, and a worker brings them to the requested scopes. All
	 * devices of a host that the job holds are in the same chunk then, with ids as the topology counts them: hwthreads,
	 * sockets and memory domains by number, cores by their position in `topology.core`, accelerators by name.
	 * Absent: columns are at the scopes they are archived at.
	 */
	native?: boolean;
}

/** Decoded samples. `buffer` holds the columns' samples back to back, in order, and is the chunk's own: it will be transferred. */
export interface SamplesChunk extends ChunkBase {
	kind: "samples";
	columns: readonly ColumnHeader[];
	buffer: ArrayBuffer;
}

/** A job's data as it lies in an archive. `bytes` is the chunk's own and will be transferred. */
export interface ArchivedChunk extends ChunkBase {
	kind: "archived";
	encoding: DataEncoding;
	bytes: ArrayBuffer;
	/** File or key that the bytes come from, for messages. */
	path: string;
	/** Bytes that the decoded samples will take in the worker; a fair estimate will do. */
	decodedBytes: number;
}

/** A seed and a job's shape, from which a worker makes series. */
export interface SyntheticChunk extends ChunkBase {
	kind: "synthetic";
	spec: SyntheticSpec;
	decodedBytes: number;
}

/** What a metric store answered, for a worker to read. */
export interface MetricStoreChunk extends ChunkBase, MetricStoreAnswers {
	kind: "metric-store";
	decodedBytes: number;
}

/** What Prometheus answered, for a worker to read. */
export interface PrometheusChunk extends ChunkBase, PrometheusAnswers {
	kind: "prometheus";
	decodedBytes: number;
}

export type MetricChunk =
	| SamplesChunk
	| ArchivedChunk
	| SyntheticChunk
	| MetricStoreChunk
	| PrometheusChunk;

/**
 * Everything that decides the samples of a synthetic chunk: the same spec gives the same samples, bit for bit.
 * Hosts and metrics may be any part of the job's: a series comes out the same whatever chunk it is made in.
 */
export interface SyntheticSpec {
	seed: number;
	cluster: string;
	jobId: number;
	/** Unix seconds. */
	startTime: number;
	durationSeconds: number;
	/** The job's first host, in this chunk or not. It always reports, so that no job is without samples. */
	firstHost: string;
	hosts: readonly SyntheticHost[];
	metrics: readonly SyntheticMetric[];
}

export interface SyntheticHost {
	hostname: string;
	/** Shared by reference between hosts alike, which keeps a large job's spec small even when it is cloned. */
	devices: SyntheticDevices;
}

/** What a job holds of a host: the ids that series carry, by scope. */
export interface SyntheticDevices {
	socket: readonly string[];
	memoryDomain: readonly string[];
	core: readonly string[];
	accelerator: readonly string[];
	/** How many hwthreads of each core the job holds. */
	hwthreadsPerCore: readonly number[];
	/** The job's part of the host's hwthreads, 0 to 1. */
	nodeShare: number;
}

export interface SyntheticMetric {
	config: Pick<
		MetricConfig,
		"name" | "unit" | "scope" | "aggregation" | "peak" | "normal"
	>;
	/** Seconds from one sample to the next. */
	timestep: number;
	samplesPerSeries: number;
	/** Coarse to fine. Only scopes that a synthetic host has devices for. */
	scopes: readonly SyntheticScope[];
}

/** Cores are the finest devices that synthetic series are made for. */
export type SyntheticScope = Exclude<MetricScope, "hwthread">;

/**
 * Where a job's series come from.
 *
 * `load` yields a job's columns in chunks, in the same order each time it is asked, every series exactly once.
 * The dispatcher pulls the next chunk only once memory for it is granted, so a source holds at most one chunk.
 * A replaying source yields every metric and scope that it holds, configured or not.
 *
 * `flops_any` and `mem_bw` get the node scope that they lack from the coarsest scope that there is, where a chunk shows
 * that it is not to come: one that is the whole job (the first and the `last`), or native.
 *
 * @throws ArchiverError SOURCE_UNAVAILABLE, SOURCE_DATA_INVALID or NO_DATA.
 */
export interface MetricSource {
	/** True: series come as they were recorded elsewhere, so the job's subcluster need not be configured. */
	readonly replays?: boolean;
	load(request: LoadRequest): AsyncIterable<MetricChunk>;
	close?(): Promise<void>;
}

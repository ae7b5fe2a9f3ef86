import type { Archive } from "../archive/archive.js";
import { type ArchiverOptions, optionsForCluster } from "../config.js";
import { ArchiverError } from "../errors.js";
import type { Cluster, MetricConfig } from "../schema/cluster.js";
import { findSubCluster, metricsOf } from "../schema/cluster-lookup.js";
import type { Job } from "../schema/job.js";
import {
	type ExpectedSeries,
	expectSeries,
	samplesPerSeries,
} from "../source/expected-series.js";
import { heldHosts } from "../source/held-hosts.js";
import { type PlannedScopes, planScopes } from "../source/scope-plan.js";
import { requestMetrics } from "../source/scopes.js";
import type {
	LoadRequest,
	MetricSource,
	RequestedMetric,
} from "../source/source.js";
import type { BufferRecycler } from "./buffers.js";
import type { ClusterCatalog } from "./clusters.js";
import type { Preparation } from "./messages.js";

/** What is settled about a job before its first sample is loaded. */
export interface JobPlan {
	/** Without the signal of the stream that sends it. */
	request: Omit<LoadRequest, "signal">;
	/** The metrics of the job's subcluster. */
	metrics: readonly MetricConfig[];
	preparation: Preparation;
	/** For native columns; made when it is asked for, and undefined when no topology is known for the job. */
	scopes(): PlannedScopes | undefined;
	expected: ExpectedSeries;
	/** Most bytes that the job's samples should take; infinity: nobody can tell beforehand. */
	expectedBytes: number;
}

export interface PlanContext {
	archive: Archive;
	source: MetricSource;
	clusters: ClusterCatalog;
	buffers: BufferRecycler;
	options: Readonly<ArchiverOptions>;
	/** Largest chunk asked of a source. */
	chunkBytes: number;
}

/** @throws ArchiverError CLUSTER_UNKNOWN, or why the cluster's configuration cannot be read. */
export async function planJob(
	job: Job,
	{ archive, source, clusters, buffers, options, chunkBytes }: PlanContext,
): Promise<JobPlan> {
	const replayed = source.replays ?? false;
	const cluster = await clusters.find(job.cluster);
	const subCluster = findSubCluster(cluster, job);
	if (subCluster === undefined && !replayed)
		throw subClusterUnknown(cluster, job);
	const { resolutionSeconds, ...scopeOptions } = optionsForCluster(
		options,
		job.cluster,
	);
	const metrics = metricsOf(cluster, subCluster?.name ?? job.subCluster);
	const requested = requestMetrics(metrics, job, scopeOptions);
	const held = subCluster && heldHosts(job, subCluster.topology);
	const expected = expectSeries(job, { metrics: requested, held, replayed });
	return {
		request: {
			job,
			cluster,
			subCluster,
			metrics: requested,
			resolution: resolutionSeconds,
			maxChunkBytes: chunkBytes,
			splitColumns: archive.format === "columnar",
			allocate: (byteLength) => buffers.take(byteLength),
		},
		metrics,
		preparation: prepare(metrics, resolutionSeconds),
		scopes: once(() =>
			held && subCluster
				? planScopes(requested, held, subCluster.topology)
				: undefined,
		),
		expected,
		expectedBytes: bytesOf(requested, expected),
	};
}

/** Series at the scopes asked for, and at the native one that they may be made of. */
function bytesOf(
	requested: readonly RequestedMetric[],
	expected: ExpectedSeries,
): number {
	const { devices, replayed } = expected;
	if (devices === undefined || replayed) return Number.POSITIVE_INFINITY;
	let samples = 0;
	for (const { config, scopes } of requested) {
		const perSeries = samplesPerSeries(expected, config.timestep) + 1;
		for (const scope of new Set([config.scope, ...scopes]))
			samples += perSeries * devices[scope];
	}
	return samples * Float64Array.BYTES_PER_ELEMENT;
}

function once<T>(make: () => T): () => T {
	let made: { value: T } | undefined;
	return () => {
		made ??= { value: make() };
		return made.value;
	};
}

const preparations = new WeakMap<readonly MetricConfig[], Preparation>();

/** The same object for the jobs of a subcluster: several of them in one message to a worker are sent one. */
function prepare(
	metrics: readonly MetricConfig[],
	resolutionSeconds: number,
): Preparation {
	let preparation = preparations.get(metrics);
	if (preparation?.resolutionSeconds !== resolutionSeconds) {
		preparation = makePreparation(metrics, resolutionSeconds);
		preparations.set(metrics, preparation);
	}
	return preparation;
}

function makePreparation(
	metrics: readonly MetricConfig[],
	resolutionSeconds: number,
): Preparation {
	return {
		aggregations: new Map(
			metrics.map(({ name, aggregation }) => [name, aggregation]),
		),
		amounts: new Set(
			metrics
				.filter(({ energy }) => energy === "energy")
				.map(({ name }) => name),
		),
		resolutionSeconds,
	};
}

function subClusterUnknown(
	{ name }: Cluster,
	{ subCluster }: Job,
): ArchiverError {
	return new ArchiverError(
		"CLUSTER_UNKNOWN",
		`cluster ${name} has no subcluster ${JSON.stringify(subCluster)}`,
		{ field: "subCluster", received: subCluster },
	);
}

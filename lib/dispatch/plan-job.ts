import type { Archive } from "../archive/archive.js";
import { type ArchiverOptions, optionsForCluster } from "../config.js";
import { ArchiverError } from "../errors.js";
import type { Cluster, MetricConfig } from "../schema/cluster.js";
import { findSubCluster, metricsOf } from "../schema/cluster-lookup.js";
import type { Job } from "../schema/job.js";
import {
	type ExpectedSeries,
	expectSeries,
} from "../source/expected-series.js";
import { heldHosts } from "../source/held-hosts.js";
import { type PlannedScopes, planScopes } from "../source/scope-plan.js";
import { requestMetrics } from "../source/scopes.js";
import type { LoadRequest, MetricSource } from "../source/source.js";
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
	/** For native columns; absent when no topology is known for the job. */
	scopes?: PlannedScopes;
	expected: ExpectedSeries;
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
		scopes: held && planScopes(requested, held, subCluster.topology),
		expected: expectSeries(job, { metrics: requested, held, replayed }),
	};
}

function prepare(
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

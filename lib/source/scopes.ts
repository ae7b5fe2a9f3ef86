import type { MetricConfig } from "../schema/cluster.js";
import type { Job } from "../schema/job.js";
import { METRIC_SCOPES, type MetricScope } from "../schema/scope.js";
import type { RequestedMetric } from "./source.js";

export interface ScopeOptions {
	/** Jobs of more nodes than this are archived without core scope. */
	coreScopeMaxNodes: number;
}

/**
 * What to ask a source for when `job` is archived: each of the metrics that exist on its subcluster, at its scopes.
 * Metrics that the job has no scope for (those of accelerators, in a job without) are left out.
 */
export function requestMetrics(
	metrics: readonly MetricConfig[],
	job: Job,
	options: ScopeOptions,
): RequestedMetric[] {
	return metrics
		.map((config) => ({ config, scopes: requestScopes(config, job, options) }))
		.filter(({ scopes }) => scopes.length > 0);
}

/**
 * Scopes at which `job` keeps a metric, coarse to fine. Node always; core in small jobs; accelerator where the job holds
 * accelerators. A metric that is measured more coarsely than asked comes at the scope it is measured at, and a metric of
 * accelerators comes at node and accelerator, or not at all in a job without accelerators.
 */
export function requestScopes(
	config: MetricConfig,
	job: Job,
	{ coreScopeMaxNodes }: ScopeOptions,
): MetricScope[] {
	if (config.scope === "accelerator")
		return acceleratorsOf(job) > 0 ? ["node", "accelerator"] : [];
	if (config.scope === "node" || job.numNodes > coreScopeMaxNodes)
		return ["node"];
	return ["node", coarser(config.scope, "core")];
}

/** `numAcc` counts; where it is absent, the accelerators that the resources name. */
function acceleratorsOf(job: Job): number {
	return (
		job.numAcc ??
		job.resources.reduce(
			(total, { accelerators }) => total + (accelerators?.length ?? 0),
			0,
		)
	);
}

function coarser(a: MetricScope, b: MetricScope): MetricScope {
	return METRIC_SCOPES.indexOf(a) < METRIC_SCOPES.indexOf(b) ? a : b;
}

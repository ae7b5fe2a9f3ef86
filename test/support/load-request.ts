import type { Cluster } from "../../lib/schema/cluster.js";
import { findSubCluster, metricsOf } from "../../lib/schema/cluster-lookup.js";
import type { Job } from "../../lib/schema/job.js";
import { requestMetrics } from "../../lib/source/scopes.js";
import type { LoadRequest } from "../../lib/source/source.js";
import { testCluster } from "./jobs.js";

/** What a dispatcher would ask a source for `job`, by default in chunks that nothing exceeds. */
export function loadRequest(
	job: Job,
	options: Partial<LoadRequest> & { coreScopeMaxNodes?: number } = {},
	cluster: Cluster = testCluster(),
): LoadRequest {
	const { coreScopeMaxNodes = 8, ...overrides } = options;
	return {
		job,
		cluster,
		subCluster: findSubCluster(cluster, job),
		metrics: requestMetrics(metricsOf(cluster, job.subCluster), job, {
			coreScopeMaxNodes,
		}),
		resolution: 0,
		maxChunkBytes: Number.MAX_SAFE_INTEGER,
		splitColumns: true,
		allocate: (byteLength) => new ArrayBuffer(byteLength),
		signal: new AbortController().signal,
		...overrides,
	};
}

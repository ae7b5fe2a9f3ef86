import {
	type Cluster,
	type Column,
	type Job,
	SyntheticSource,
} from "../../lib/index.js";
import { findSubCluster, metricsOf } from "../../lib/schema/cluster-lookup.js";
import { requestMetrics } from "../../lib/source/scopes.js";
import { synthesize } from "../../workers/synthesize.js";

/** Jobs of up to so many nodes come at core scope too, as the archiver does it unless told otherwise. */
const CORE_SCOPE_MAX_NODES = 8;

/** The series that a {@link SyntheticSource} has for a job, made on the calling thread. */
export async function syntheticColumns(
	seed: number,
	job: Job,
	cluster: Cluster,
): Promise<Column[]> {
	const subCluster = findSubCluster(cluster, job);
	if (subCluster === undefined)
		throw new Error(`no subcluster ${job.subCluster}`);
	const columns: Column[] = [];
	const chunks = new SyntheticSource(seed).load({
		job,
		cluster,
		subCluster,
		metrics: requestMetrics(metricsOf(cluster, subCluster.name), job, {
			coreScopeMaxNodes: CORE_SCOPE_MAX_NODES,
		}),
		resolution: 0,
		maxChunkBytes: Number.POSITIVE_INFINITY,
		splitColumns: false,
		allocate: (byteLength) => new ArrayBuffer(byteLength),
		signal: new AbortController().signal,
	});
	for await (const { spec } of chunks) columns.push(...synthesize(spec));
	return columns;
}

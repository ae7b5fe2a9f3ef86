import type { Cluster, MetricConfig, SubCluster } from "./cluster.js";
import type { Job } from "./job.js";
import { type NodeList, parseNodeList } from "./nodelist.js";

const nodeLists = new WeakMap<SubCluster, NodeList>();

/**
 * The subcluster a job ran on: the one it names, or, when it names none, the one that its first host belongs to.
 * Undefined when the cluster has no such subcluster.
 *
 * @throws ArchiverError INVALID_INPUT when a node list that is looked at is malformed
 */
export function findSubCluster(
	cluster: Cluster,
	job: Pick<Job, "subCluster" | "resources">,
): SubCluster | undefined {
	if (job.subCluster !== "")
		return cluster.subClusters.find(({ name }) => name === job.subCluster);
	const host = job.resources[0]?.hostname;
	if (host === undefined) return undefined;
	return cluster.subClusters.find((it) => nodesOf(it).contains(host));
}

/** The hosts of a subcluster. Parsed once for each subcluster object, which must not change its `nodes` afterwards. */
export function nodesOf(subCluster: SubCluster): NodeList {
	let nodes = nodeLists.get(subCluster);
	if (nodes === undefined) {
		nodes = parseNodeList(subCluster.nodes);
		nodeLists.set(subCluster, nodes);
	}
	return nodes;
}

/**
 * The metrics of a subcluster: the cluster's, less those that the subcluster removes, with the subcluster's own settings
 * in place of the cluster's. A subcluster that is not mentioned gets the cluster's settings.
 */
export function metricsOf(
	cluster: Cluster,
	subClusterName: string,
): MetricConfig[] {
	return cluster.metricConfig.flatMap(({ subClusters, ...metric }) => {
		const own = subClusters?.find(({ name }) => name === subClusterName);
		if (own?.remove) return [];
		return [
			{
				...metric,
				footprint: own?.footprint ?? metric.footprint,
				energy: own?.energy ?? metric.energy,
				peak: own?.peak ?? metric.peak,
				normal: own?.normal ?? metric.normal,
				caution: own?.caution ?? metric.caution,
				alert: own?.alert ?? metric.alert,
			},
		];
	});
}

import type {
	Cluster,
	MetricConfig,
	SubCluster,
	SubClusterMetricOverride,
} from "./cluster.js";
import type { Job } from "./job.js";
import { type NodeList, parseNodeList } from "./nodelist.js";

const OVERRIDABLE = [
	"footprint",
	"energy",
	"peak",
	"normal",
	"caution",
	"alert",
] as const satisfies (keyof SubClusterMetricOverride)[];

const nodeLists = new WeakMap<SubCluster, NodeList>();
const metricLists = new WeakMap<
	Cluster,
	Map<string, readonly MetricConfig[]>
>();

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
 * in place of the cluster's. A subcluster that a metric does not mention gets the cluster's settings.
 *
 * One list for each name and cluster object, which must not change its metrics afterwards.
 */
export function metricsOf(
	cluster: Cluster,
	subClusterName: string,
): readonly MetricConfig[] {
	let lists = metricLists.get(cluster);
	if (lists === undefined) {
		lists = new Map();
		metricLists.set(cluster, lists);
	}
	let metrics = lists.get(subClusterName);
	if (metrics === undefined) {
		metrics = mergeMetrics(cluster, subClusterName);
		lists.set(subClusterName, metrics);
	}
	return metrics;
}

function mergeMetrics(
	cluster: Cluster,
	subClusterName: string,
): MetricConfig[] {
	return cluster.metricConfig.flatMap(({ subClusters, ...metric }) => {
		const own = subClusters?.find(({ name }) => name === subClusterName);
		if (own?.remove) return [];
		return [own === undefined ? metric : { ...metric, ...settingsOf(own) }];
	});
}

function settingsOf(own: SubClusterMetricOverride): Partial<MetricConfig> {
	const set = OVERRIDABLE.filter((key) => own[key] !== undefined);
	return Object.fromEntries(set.map((key) => [key, own[key]]));
}

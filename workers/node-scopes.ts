import type { Column } from "../lib/codec/column.js";
import type { Aggregation } from "../lib/schema/cluster.js";
import { METRIC_SCOPES } from "../lib/schema/scope.js";
import { aggregate } from "./aggregate.js";

/** Metrics that every job is to have at node scope. */
const WANTED_AT_NODE: ReadonlySet<string> = new Set(["flops_any", "mem_bw"]);

/**
 * Adds node scope to `flops_any` and `mem_bw` where they lack it, made from the coarsest scope that they have. Only for
 * columns that hold everything there is of their metrics.
 *
 * @param aggregations - How metrics are aggregated; those that are not configured are summed.
 */
export function addNodeScopes(
	columns: readonly Column[],
	aggregations: ReadonlyMap<string, Aggregation>,
): Column[] {
	const coarsest = new Map<string, Column>();
	for (const column of columns) {
		const known = coarsest.get(column.metric);
		if (known === undefined || rank(column) < rank(known))
			coarsest.set(column.metric, column);
	}
	const derived = new Map<string, Column>();
	for (const [metric, column] of coarsest) {
		if (column.scope !== "node" && WANTED_AT_NODE.has(metric))
			derived.set(metric, atNode(column, aggregations.get(metric) ?? "sum"));
	}
	if (derived.size === 0) return [...columns];
	// Scopes of a metric stay together, coarse to fine.
	return columns.flatMap((column) => {
		const node = derived.get(column.metric);
		derived.delete(column.metric);
		return node === undefined ? [column] : [node, column];
	});
}

function rank({ scope }: Column): number {
	return METRIC_SCOPES.indexOf(scope);
}

function atNode(column: Column, aggregation: Aggregation): Column {
	const hosts = new Map<string, number>();
	const groupOf = Int32Array.from(column.hostnames, (hostname) => {
		const host = hosts.get(hostname) ?? hosts.size;
		hosts.set(hostname, host);
		return host;
	});
	const hostnames = [...hosts.keys()];
	return aggregate(
		column,
		{ scope: "node", hostnames, ids: null, groupOf },
		aggregation,
	);
}

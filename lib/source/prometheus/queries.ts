import { isMetricScope, type MetricScope } from "../../schema/scope.js";
import { unusableOptions } from "../http/options.js";
import type { RequestedMetric } from "../source.js";
import { HOSTS } from "./promql.js";

/** How a metric is asked for at one scope. */
export interface PrometheusQuery {
	/**
	 * PromQL in which `$hosts` stands for a regular expression that matches the hosts, to be written in quotes:
	 * `node_load1{instance=~"$hosts"}`. A plain selector gets each timestep's last sample. Any other expression is evaluated
	 * at the end of each timestep, with `$window` for its length. Values have to come in the metric's configured unit.
	 */
	query: string;
	/** Label that tells the host, with or without a port behind it (`instance`). */
	hostLabel?: string;
	/** Label that tells the device, as the topology counts it. Needed at every scope but node. */
	idLabel?: string;
}

/** By metric and scope. Where there is a query for the scope that a metric is measured at, no other is needed. */
export type PrometheusQueries = Readonly<
	Record<
		string,
		Readonly<Partial<Record<MetricScope, PrometheusQuery | string>>>
	>
>;

/** A query that was checked, and where it is asked. */
export interface ScopedQuery {
	scope: MetricScope;
	query: string;
	hostLabel: string;
	/** null at node scope. */
	idLabel: string | null;
}

/** Knows how each metric is asked for. */
export class QueryMap {
	readonly #byMetric = new Map<string, Map<MetricScope, ScopedQuery>>();

	/** @throws ArchiverError INVALID_OPTION listing every problem */
	constructor(queries: PrometheusQueries) {
		const problems: string[] = [];
		for (const [metric, byScope] of Object.entries(queries)) {
			const scoped = new Map<MetricScope, ScopedQuery>();
			this.#byMetric.set(metric, scoped);
			for (const [scope, given] of Object.entries(byScope)) {
				const query = scopedQuery(scope, given);
				if (typeof query === "string")
					problems.push(`queries.${metric}.${scope}: ${query}`);
				else scoped.set(query.scope, query);
			}
		}
		if (problems.length > 0) throw unusableOptions(problems);
	}

	/**
	 * Which queries to ask for a metric: the one at the scope it is measured at, from which a worker makes all others; or
	 * else those at the scopes it is wanted at.
	 */
	find({ config, scopes }: RequestedMetric): ScopedQuery[] {
		const byScope = this.#byMetric.get(config.name);
		if (byScope === undefined) return [];
		const native = byScope.get(config.scope);
		if (native !== undefined) return [native];
		return scopes.flatMap((scope) => byScope.get(scope) ?? []);
	}
}

/** The query, or what is wrong with it. */
function scopedQuery(
	scope: string,
	given: PrometheusQuery | string,
): ScopedQuery | string {
	if (!isMetricScope(scope)) return "there is no such scope";
	const {
		query,
		hostLabel = "instance",
		idLabel,
	} = typeof given === "string" ? { query: given } : given;
	if (!query.includes(HOSTS)) return `the query must say where ${HOSTS} go`;
	if (scope === "node") return { scope, query, hostLabel, idLabel: null };
	if (idLabel === undefined)
		return "idLabel must say which label tells the device";
	return { scope, query, hostLabel, idLabel };
}

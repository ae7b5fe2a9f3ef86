import { record } from "../record.js";
import type { MetricScope } from "../scope.js";
import { fileSystems } from "./file-systems.js";
import {
	below,
	both,
	type Deviation,
	Deviations,
	each,
	expected,
	integer,
	isList,
	isObject,
	keys,
	listOf,
	object,
	type Rule,
	text,
} from "./rules.js";
import { unit } from "./units.js";

const PERCENTILES = [10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90].map(String);
/** Values over the series need this many. */
const LEAST_VALUES = 3;

/** Scopes at which a metric has a shape. Of metrics with several, one at least is wanted. */
const FROM_NODE_DOWN = ["node", "socket", "memoryDomain", "core", "hwthread"];
const SEVERAL_SCOPES: Record<string, readonly string[]> = {
	clock: FROM_NODE_DOWN,
	cpu_user: FROM_NODE_DOWN,
	flops_any: FROM_NODE_DOWN,
	flops_dp: FROM_NODE_DOWN,
	flops_sp: FROM_NODE_DOWN,
	ipc: FROM_NODE_DOWN,
	vectorization_ratio: FROM_NODE_DOWN,
	mem_bw: ["node", "socket", "memoryDomain"],
	cpu_power: ["node", "socket"],
	mem_power: ["node", "socket"],
};
const NODE_SCOPE_ONLY = [
	"cpu_load",
	"eth_read_bw",
	"eth_write_bw",
	"ic_rcv_packets",
	"ic_read_bw",
	"ic_send_packets",
	"ic_write_bw",
];
const ACCELERATOR_SCOPE_ONLY = ["acc_mem_used", "acc_power", "acc_utilization"];
/** As those of {@link NODE_SCOPE_ONLY}, and the schema says of these that they are objects. */
const OBJECTS_AT_NODE_SCOPE = ["mem_used", "net_bw"];
const WANTED_METRICS = [
	"cpu_load",
	"cpu_user",
	"filesystems",
	"flops_any",
	"mem_bw",
	"mem_used",
	"net_bw",
];

/** Null, as JSON has it, and NaN, as columns have it, stand for no value. */
function isGap(value: unknown): boolean {
	return value === null || Number.isNaN(value);
}

/** A number from 0 on; where there is none, that goes beyond the schema as real data do. */
const present: Rule = (value, at, found) => {
	if (isGap(value)) found.add("beyond", at, "has no value");
	else if (typeof value !== "number") expected("a number", value, at, found);
	else if (value < 0) found.add("beyond", at, "should not be less than 0");
};

const valuesOverSeries: Rule = (value, at, found) => {
	if (value === null) found.add("beyond", at, "has no values");
	else listOf(present, { least: LEAST_VALUES })(value, at, found);
};

const statisticsSeries = object({
	properties: {
		...each(["min", "max", "mean", "median"], valuesOverSeries),
		percentiles: object({ properties: each(PERCENTILES, valuesOverSeries) }),
	},
});

const seriesStatistics: Rule = (value, at, found) => {
	if (value === null) found.add("beyond", at, "are missing");
	else
		object({
			properties: each(["avg", "min", "max"], present),
			wanted: ["avg", "min", "max"],
		})(value, at, found);
};

const samples: Rule = (value, at, found) => {
	if (!isList(value)) return expected("a list", value, at, found);
	for (let i = 0; i < value.length; i++) {
		const sample = value[i];
		if (typeof sample === "number" && sample >= 0) return;
	}
	found.add("beyond", at, "should have a sample that is 0 or more");
};

const metricData = object({
	properties: {
		unit,
		timestep: integer(),
		statisticsSeries,
		series: listOf(
			object({
				properties: {
					hostname: text,
					id: text,
					statistics: seriesStatistics,
					data: samples,
				},
				required: ["hostname", "data"],
				wanted: ["statistics"],
			}),
		),
	},
	required: ["unit", "timestep", "series"],
});

const atNodeScope = { properties: { node: metricData }, wanted: ["node"] };

const data = object({
	properties: {
		...each(OBJECTS_AT_NODE_SCOPE, object(atNodeScope)),
		...each(NODE_SCOPE_ONLY, keys(atNodeScope)),
		...each(
			ACCELERATOR_SCOPE_ONLY,
			keys({
				properties: { accelerator: metricData },
				wanted: ["accelerator"],
			}),
		),
		...Object.fromEntries(
			Object.entries(SEVERAL_SCOPES).map(([metric, scopes]) => [
				metric,
				both(notEmpty, keys({ properties: each(scopes, metricData) })),
			]),
		),
		filesystems: fileSystems(keys(atNodeScope)),
	},
	wanted: WANTED_METRICS,
});

/**
 * How a job's data, parsed or as columns, depart from the schema that ClusterCockpit publishes for them. Empty: they do
 * not. The schema says nothing of metrics that it does not name.
 *
 * @param value - metric -> scope -> data, with lists or `Float64Array`s of samples.
 */
export function publishedDataDeviations(value: unknown): Deviation[] {
	const found = new Deviations();
	data(value, "", found);
	return found.list();
}

/** As {@link publishedDataDeviations}, of some columns of a job: nothing about which metrics and scopes there are. */
export function publishedColumnDeviations(value: unknown): Deviation[] {
	return publishedDataDeviations(value).filter(isInsideColumn);
}

/** As {@link publishedDataDeviations}, only about which metrics and scopes there are. */
export function publishedScopeDeviations(
	columns: readonly { metric: string; scope: MetricScope }[],
): Deviation[] {
	const scopes = record<Record<string, object>>();
	for (const { metric, scope } of columns) {
		scopes[metric] ??= record<object>();
		scopes[metric][scope] = {};
	}
	return publishedDataDeviations(scopes).filter((it) => !isInsideColumn(it));
}

/** Below `metric.scope`; no metric that the schema names has a dot in it. */
function isInsideColumn({ at }: Deviation): boolean {
	return at.split(".").length > 2;
}

function notEmpty(...[value, at, found]: Parameters<Rule>): void {
	if (isObject(value) && Object.keys(value).length === 0)
		found.add("beyond", below(at, "*"), "should be at one scope at least");
}

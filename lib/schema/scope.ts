/** Where a metric is measured, from coarse to fine; `accelerator` stands apart. */
export type MetricScope =
	| "node"
	| "socket"
	| "memoryDomain"
	| "core"
	| "hwthread"
	| "accelerator";

/** Coarse to fine. `accelerator` is finer than `node` and not comparable with the others. */
export const METRIC_SCOPES: readonly MetricScope[] = [
	"node",
	"socket",
	"memoryDomain",
	"core",
	"hwthread",
	"accelerator",
];

export function isMetricScope(value: unknown): value is MetricScope {
	return METRIC_SCOPES.includes(value as MetricScope);
}

import type { ColumnTally } from "../lib/dispatch/messages.js";
import type {
	Completeness,
	MetricCompleteness,
	Presence,
} from "../lib/schema/completeness.js";
import { record } from "../lib/schema/record.js";
import { METRIC_SCOPES, type MetricScope } from "../lib/schema/scope.js";
import {
	type ExpectedMetric,
	type ExpectedSeries,
	samplesPerSeries,
} from "../lib/source/expected-series.js";

/** What a share of four decimals, 0.57 say, may come short of after the multiplication. */
const ROUNDING_ERROR = 1e-9;

/**
 * Compares what a source brought of a job with what was expected of it.
 *
 * A series is expected for every device that the job holds, at the finest scope that the source brought the metric at.
 * A source may bring more series than the topology tells; all of them are expected then.
 */
export function completenessOf(
	expected: ExpectedSeries,
	tallies: readonly ColumnTally[],
): Completeness {
	const byMetric = groupByMetric(tallies);
	if (!expected.replayed)
		for (const { name } of expected.metrics)
			if (!byMetric.has(name)) byMetric.set(name, []);
	const configs = new Map(expected.metrics.map((it) => [it.name, it]));
	const metrics = record<MetricCompleteness>();
	for (const [name, brought] of byMetric)
		metrics[name] = compareMetric(expected, configs.get(name), brought);
	return { ...totalOf(expected, Object.values(metrics), tallies), metrics };
}

function groupByMetric(
	tallies: readonly ColumnTally[],
): Map<string, ColumnTally[]> {
	const byMetric = new Map<string, ColumnTally[]>();
	for (const tally of tallies) {
		const known = byMetric.get(tally.metric);
		if (known === undefined) byMetric.set(tally.metric, [tally]);
		else known.push(tally);
	}
	return byMetric;
}

function compareMetric(
	expected: ExpectedSeries,
	config: ExpectedMetric | undefined,
	brought: readonly ColumnTally[],
): MetricCompleteness {
	const scope = finestScope(brought) ?? config?.native ?? "node";
	const finest = brought.filter((tally) => tally.scope === scope);
	const hosts = hostsWithSamples(brought);
	const { series: expectedSeries, hosts: expectedHosts } = placesOf(
		expected,
		scope,
		config,
	);
	const broughtSeries = sum(finest, (it) => it.series);
	const missingSeries = Math.max(0, expectedSeries - broughtSeries);
	const timestep = finest[0]?.timestep ?? config?.timestep ?? 0;
	const samples =
		sum(finest, (it) => it.expectedSamples) +
		missingSeries * samplesPerSeries(expected, timestep);
	return {
		hosts: [hosts.size, Math.max(expectedHosts, hosts.size)],
		series: [
			sum(finest, (it) => it.presentSeries),
			broughtSeries + missingSeries,
		],
		samples: [sum(finest, (it) => it.presentSamples), samples],
	};
}

/** How many series a metric should have at `scope`, on how many hosts. */
function placesOf(
	{ hosts, devices }: ExpectedSeries,
	scope: MetricScope,
	config: ExpectedMetric | undefined,
): { series: number; hosts: number } {
	if (devices === undefined)
		return { series: scope === "node" ? hosts : 0, hosts };
	const isOfAccelerators =
		scope === "accelerator" || config?.native === "accelerator";
	if (!isOfAccelerators) return { series: devices[scope], hosts };
	const { accelerator, acceleratorHosts } = devices;
	return {
		series: scope === "node" ? acceleratorHosts : accelerator,
		hosts: acceleratorHosts,
	};
}

function finestScope(brought: readonly ColumnTally[]): MetricScope | undefined {
	const ranks = brought.map(({ scope }) => METRIC_SCOPES.indexOf(scope));
	return METRIC_SCOPES[Math.max(...ranks)];
}

function totalOf(
	expected: ExpectedSeries,
	metrics: readonly MetricCompleteness[],
	tallies: readonly ColumnTally[],
): Omit<Completeness, "metrics"> {
	const hosts = hostsWithSamples(tallies).size;
	const total = (part: "series" | "samples"): Presence => [
		sum(metrics, (metric) => metric[part][0]),
		sum(metrics, (metric) => metric[part][1]),
	];
	const shares = metrics.map(({ samples }) => shareOf(samples));
	return {
		share: roundDown(
			shares.length === 0 ? 0 : sum(shares, (share) => share) / shares.length,
		),
		hosts: [hosts, Math.max(expected.hosts, hosts)],
		series: total("series"),
		samples: total("samples"),
	};
}

/** Nothing expected is nothing missing. */
function shareOf([present, expected]: Presence): number {
	return expected === 0 ? 1 : present / expected;
}

/** To four decimals, so that next to nothing missing does not read as nothing missing. */
function roundDown(share: number): number {
	return Math.floor(share * 10_000 + ROUNDING_ERROR) / 10_000;
}

function hostsWithSamples(tallies: readonly ColumnTally[]): Set<string> {
	const hosts = new Set<string>();
	for (const tally of tallies) for (const host of tally.hosts) hosts.add(host);
	return hosts;
}

function sum<T>(items: readonly T[], numberOf: (item: T) => number): number {
	return items.reduce((total, item) => total + numberOf(item), 0);
}

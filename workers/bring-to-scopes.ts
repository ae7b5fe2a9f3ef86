import type { Column } from "../lib/codec/column.js";
import type { MetricScope } from "../lib/schema/scope.js";
import type {
	DeviceGroups,
	MetricPlan,
	ScopePlan,
} from "../lib/source/scope-plan.js";
import { aggregate, type SeriesGroups } from "./aggregate.js";

/**
 * Columns at the scopes a job is archived at, from columns at the scopes they were measured at: by the metric's
 * aggregation, over the devices that the job holds. The scopes of a metric follow each other, coarse to fine.
 *
 * A host without series gets none. A column that is wanted as it is comes back as it is, and so does one that the plan
 * does not know: of another metric, or of another scope than the metric's.
 */
export function bringToScopes(
	columns: readonly Column[],
	plan: ScopePlan,
): Column[] {
	return columns.flatMap((column) => {
		const metric = plan.metrics.get(column.metric);
		if (metric === undefined || metric.native !== column.scope) return [column];
		return metric.scopes
			.map((scope) => bringToScope(column, scope, metric, plan))
			.filter(({ lengths }) => lengths.length > 0);
	});
}

function bringToScope(
	column: Column,
	scope: MetricScope,
	metric: MetricPlan,
	plan: ScopePlan,
): Column {
	const groups = groupSeries(column, metric, scope, plan);
	const asItIs =
		scope === metric.native &&
		groups.groupOf.every((group, series) => group === series);
	return asItIs ? column : aggregate(column, groups, metric.aggregation);
}

/** A host of a column with the devices that its series feed. */
interface FedHost {
	devices: DeviceGroups;
	/** By position among the devices fed: the group, or -1 while none feeds it. */
	groups: Int32Array;
}

/** Puts each series where its device belongs. Groups follow the order of the hosts, and of the devices on each. */
function groupSeries(
	{ hostnames, ids }: Column,
	{ native }: MetricPlan,
	scope: MetricScope,
	plan: ScopePlan,
): SeriesGroups {
	const hosts = new Map<string, FedHost>();
	const groupOf = Int32Array.from(hostnames, (hostname, series) => {
		let host = hosts.get(hostname);
		if (host === undefined) {
			host = unfedHost(devicesOf(hostname, native, scope, plan));
			hosts.set(hostname, host);
		}
		const position = host.devices.feeds.get(ids?.[series] ?? null) ?? -1;
		if (position >= 0) host.groups[position] = 0;
		return position;
	});
	const groups = numberGroups(hosts);
	for (let series = 0; series < groupOf.length; series++) {
		const position = groupOf[series];
		if (position >= 0)
			groupOf[series] = hosts.get(hostnames[series])?.groups[position] ?? -1;
	}
	return {
		scope,
		hostnames: groups.hostnames,
		ids: scope === "node" ? null : groups.ids,
		groupOf,
	};
}

const NO_DEVICES: DeviceGroups = { targets: [], feeds: new Map() };

function devicesOf(
	hostname: string,
	native: MetricScope,
	scope: MetricScope,
	{ hostKinds, kindOfHost }: ScopePlan,
): DeviceGroups {
	const kind = hostKinds[kindOfHost.get(hostname) ?? 0];
	return kind?.get(native)?.get(scope) ?? NO_DEVICES;
}

function unfedHost(devices: DeviceGroups): FedHost {
	return { devices, groups: new Int32Array(devices.targets.length).fill(-1) };
}

/** Gives every device that is fed its number. */
function numberGroups(hosts: ReadonlyMap<string, FedHost>): {
	hostnames: string[];
	ids: (string | null)[];
} {
	const hostnames: string[] = [];
	const ids: (string | null)[] = [];
	for (const [hostname, { devices, groups }] of hosts) {
		devices.targets.forEach((id, position) => {
			if (groups[position] < 0) return;
			groups[position] = hostnames.push(hostname) - 1;
			ids.push(id);
		});
	}
	return { hostnames, ids };
}

import type { SyntheticHost, SyntheticScope } from "../lib/source/source.js";

/** Host and device of each series of a column. */
export interface SeriesLabels {
	hostnames: readonly string[];
	ids: readonly string[] | null;
}

/** Labels of a metric's column at `scope`, where the metric is measured at `native`. */
export type LabelsAt = (scope: SyntheticScope, native: string) => SeriesLabels;

/** Labels for these hosts, made once a scope: columns share them. A host without accelerators has no series of theirs. */
export function hostLabels(hosts: readonly SyntheticHost[]): LabelsAt {
	const node = nodeLabels(hosts);
	const nodeWithAccelerators = nodeLabels(
		hosts.filter(({ devices }) => devices.accelerator.length > 0),
	);
	const devices = new Map<SyntheticScope, SeriesLabels>();
	return (scope, native) => {
		if (scope === "node")
			return native === "accelerator" ? nodeWithAccelerators : node;
		const known = devices.get(scope);
		if (known !== undefined) return known;
		const labels = deviceLabels(hosts, scope);
		devices.set(scope, labels);
		return labels;
	};
}

function nodeLabels(hosts: readonly SyntheticHost[]): SeriesLabels {
	return { hostnames: hosts.map(({ hostname }) => hostname), ids: null };
}

function deviceLabels(
	hosts: readonly SyntheticHost[],
	scope: Exclude<SyntheticScope, "node">,
): SeriesLabels {
	return {
		hostnames: hosts.flatMap(({ hostname, devices }) =>
			devices[scope].map(() => hostname),
		),
		ids: hosts.flatMap(({ devices }) => devices[scope]),
	};
}

import type { Column, ColumnHeader } from "../lib/codec/column.js";
import type { ColumnTally } from "../lib/dispatch/messages.js";

/** @param counts - Samples that each series of the column has. */
export function tallyColumn(
	{ metric, scope, timestep, hostnames, lengths }: ColumnHeader,
	counts: Uint32Array,
): ColumnTally {
	let presentSeries = 0;
	let presentSamples = 0;
	let longestSeries = 0;
	const hosts = new Set<string>();
	for (let series = 0; series < counts.length; series++) {
		longestSeries = Math.max(longestSeries, lengths[series]);
		if (counts[series] === 0) continue;
		presentSeries++;
		presentSamples += counts[series];
		hosts.add(hostnames[series]);
	}
	return {
		metric,
		scope,
		timestep,
		// The list that the column has anyway costs nothing on its way to another thread.
		hosts: hosts.size === hostnames.length ? hostnames : [...hosts],
		series: counts.length,
		presentSeries,
		presentSamples,
		longestSeries,
	};
}

/** Samples that are there, of each series of a column. */
export function countSamples({ lengths, samples }: Column): Uint32Array {
	let start = 0;
	return lengths.map((length) => {
		const end = start + length;
		let count = 0;
		for (let i = start; i < end; i++) if (!Number.isNaN(samples[i])) count++;
		start = end;
		return count;
	});
}

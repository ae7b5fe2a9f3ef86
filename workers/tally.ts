import type { Column, ColumnHeader } from "../lib/codec/column.js";
import type { ColumnTally } from "../lib/dispatch/messages.js";
import {
	type ExpectedSeries,
	samplesPerSeries,
} from "../lib/source/expected-series.js";

/**
 * A series is expected to have as many samples as its timestep fits into the job; one that has more is complete.
 *
 * @param counts - Samples that each series of the column has.
 */
export function tallyColumn(
	{ metric, scope, timestep, hostnames }: ColumnHeader,
	counts: Uint32Array,
	expected: ExpectedSeries,
): ColumnTally {
	const atLeast = samplesPerSeries(expected, timestep);
	let presentSeries = 0;
	let presentSamples = 0;
	let expectedSamples = 0;
	const hosts = new Set<string>();
	for (let series = 0; series < counts.length; series++) {
		const count = counts[series];
		expectedSamples += Math.max(atLeast, count);
		if (count === 0) continue;
		presentSeries++;
		presentSamples += count;
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
		expectedSamples,
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

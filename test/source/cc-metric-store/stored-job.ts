import type { MetricScope } from "../../../lib/schema/scope.js";
import type { LoadRequest } from "../../../lib/source/source.js";
import { heldDevices } from "../../../lib/source/topology.js";
import {
	type SeriesPlace,
	StoredData,
	type StoredSeries,
} from "../../servers/cc-metric-store.js";
import { seededRandom } from "../../support/random.js";

/** A series of a job in a store, with the key that a test looks it up by. */
export interface JobSeries {
	/** `metric/scope/host` or `metric/scope/host/id`. */
	key: string;
	place: SeriesPlace;
	series: StoredSeries;
}

/** Seeded series of everything that is measured of a job: one sample a timestep from its start to its end, some missing. */
export function seriesOfJob(
	{ job, metrics, subCluster }: LoadRequest,
	seed: number,
): JobSeries[] {
	const random = seededRandom(seed);
	const { cluster, startTime, duration } = job;
	return metrics.flatMap(({ config: { name: metric, scope, timestep } }) =>
		job.resources.flatMap((resource) => {
			const { hostname: host } = resource;
			const held = heldDevices(resource, subCluster?.topology ?? { node: [] });
			const ids: Record<MetricScope, readonly (string | null)[]> = {
				node: [null],
				socket: held.sockets,
				memoryDomain: held.memoryDomains,
				core: held.cores,
				hwthread: held.hwthreads.map(String),
				accelerator: held.accelerators,
			};
			return ids[scope].map((id): JobSeries => {
				const samples = Float64Array.from(
					{ length: Math.floor(duration / timestep) + 1 },
					// The last one is there, since a series does not count a last timestep without a sample.
					(_, i) =>
						random() < 0.05 && (i + 1) * timestep <= duration
							? Number.NaN
							: random() * 1000,
				);
				return {
					key: [metric, scope, host, ...(id === null ? [] : [id])].join("/"),
					place: {
						cluster,
						host,
						metric,
						...(id !== null && { type: scope, id }),
					},
					series: { from: startTime, frequency: timestep, samples },
				};
			});
		}),
	);
}

/** A store that holds these series. */
export function storeOf(series: readonly JobSeries[]): StoredData {
	const data = new StoredData();
	for (const { place, series: stored } of series) data.put(place, stored);
	return data;
}

import {
	type Job,
	MemoryMetricStore,
	type MemoryMetricStoreOptions,
} from "../../lib/index.js";
import { TEST_START_TIME, testCluster, testJob } from "./jobs.js";
import { loadRequest } from "./load-request.js";
import { load, seriesOf } from "./loaded-columns.js";

/** A store of the test cluster, whose clock stands a week after the start of the test jobs. */
export function testStore(
	options: Partial<MemoryMetricStoreOptions> = {},
): MemoryMetricStore {
	return new MemoryMetricStore({
		clusters: [testCluster()],
		clock: () => TEST_START_TIME + 7 * 86_400,
		...options,
	});
}

/** Writes `values` a timestep apart from `startTime` on; NaN leaves a gap. */
export function writeSeries(
	store: MemoryMetricStore,
	[hostname, metric, device]: readonly [string, string, string?],
	values: Iterable<number>,
	{ startTime = TEST_START_TIME, timestep = 60 } = {},
): void {
	const series = store.series("testcluster", hostname, metric, device);
	let time = startTime;
	for (const value of values) {
		if (!Number.isNaN(value)) series.write(time, value);
		time += timestep;
	}
}

/** What the store hands out for a job: `metric/scope/host` or `metric/scope/host/id` -> samples. */
export async function takeOut(
	store: MemoryMetricStore,
	job: Job,
): Promise<Map<string, Float64Array>> {
	return seriesOf(await load(store, loadRequest(job)));
}

/** The samples of one node's metric, or undefined when the store leaves it out. */
export async function takeSeries(
	store: MemoryMetricStore,
	metric: string,
	{
		startTime = TEST_START_TIME,
		duration,
	}: { startTime?: number; duration: number },
	hostname = "n001",
): Promise<number[] | undefined> {
	const job = testJob({ startTime, duration, resources: [{ hostname }] });
	const series = (await takeOut(store, job)).get(`${metric}/node/${hostname}`);
	return series && [...series];
}

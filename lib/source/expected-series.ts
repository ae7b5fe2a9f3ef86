import type { MetricConfig } from "../schema/cluster.js";
import type { Job } from "../schema/job.js";
import type { MetricScope } from "../schema/scope.js";
import type { HeldHosts } from "./held-hosts.js";
import type { RequestedMetric } from "./source.js";
import type { HeldDevices } from "./topology.js";

/** What a job's data should hold, to compare with what a source brings. Plain data that goes to a worker. */
export interface ExpectedSeries {
	durationSeconds: number;
	hosts: number;
	/**
	 * Devices that the job holds over all its hosts; absent where no topology tells. Hosts that hold no accelerator have
	 * no series of accelerator metrics, so those that do are counted on their own.
	 */
	devices?: Record<MetricScope, number> & { acceleratorHosts: number };
	metrics: readonly ExpectedMetric[];
	/** True: the source says itself which metrics there are, so one that it does not bring is not missed. */
	replayed: boolean;
}

export interface ExpectedMetric {
	name: string;
	/** Scope at which it is measured. */
	native: MetricScope;
	/** Seconds. */
	timestep: number;
}

export interface Expectation {
	metrics: readonly RequestedMetric[];
	/** Absent when no topology is known for the job. */
	held?: HeldHosts;
	replayed: boolean;
}

export function expectSeries(
	{ duration, resources }: Pick<Job, "duration" | "resources">,
	{ metrics, held, replayed }: Expectation,
): ExpectedSeries {
	return {
		durationSeconds: duration,
		hosts: new Set(resources.map(({ hostname }) => hostname)).size,
		...(held && { devices: countDevices(held) }),
		metrics: metrics.map(({ config }) => expectedMetric(config)),
		replayed,
	};
}

const expectedMetrics = new WeakMap<MetricConfig, ExpectedMetric>();

/** The same object whichever job it is for, as long as the configuration is: several in one message are sent once. */
function expectedMetric(config: MetricConfig): ExpectedMetric {
	let metric = expectedMetrics.get(config);
	if (metric === undefined) {
		const { name, scope, timestep } = config;
		metric = { name, native: scope, timestep };
		expectedMetrics.set(config, metric);
	}
	return metric;
}

/**
 * How many samples a series of the job has at least, when none is missing. It depends on when a node is measured whether
 * there is one more.
 */
export function samplesPerSeries(
	{ durationSeconds }: Pick<ExpectedSeries, "durationSeconds">,
	timestep: number,
): number {
	return timestep > 0 ? Math.floor(durationSeconds / timestep) : 0;
}

function countDevices({ kinds }: HeldHosts): ExpectedSeries["devices"] {
	const count = (devicesOf: (held: HeldDevices) => number) =>
		kinds.reduce((sum, { held, hosts }) => sum + hosts * devicesOf(held), 0);
	return {
		node: count(() => 1),
		socket: count(({ sockets }) => sockets.length),
		memoryDomain: count(({ memoryDomains }) => memoryDomains.length),
		core: count(({ cores }) => cores.length),
		hwthread: count(({ hwthreads }) => hwthreads.length),
		accelerator: count(({ accelerators }) => accelerators.length),
		acceleratorHosts: count(({ accelerators }) =>
			accelerators.length > 0 ? 1 : 0,
		),
	};
}

import type { Column } from "../../lib/codec/column.js";
import type {
	Cluster,
	MetricConfig,
	Topology,
} from "../../lib/schema/cluster.js";
import type { Job } from "../../lib/schema/job.js";
import { seededRandom } from "./random.js";

/** Start of the jobs made here, unless a test says otherwise. */
export const TEST_START_TIME = 1_700_000_000;

/**
 * A made-up cluster, a fresh copy each time. Subcluster `cpu` (n001-n128): two sockets of eight cores, core `c` holding
 * hwthreads c and c + 16, and four memory domains. Subcluster `gpu` (g01-g16): two sockets of eight cores without SMT,
 * two memory domains and four accelerators.
 */
export function testCluster(): Cluster {
	return {
		name: "testcluster",
		metricConfig: testMetrics(),
		subClusters: [
			{ name: "cpu", nodes: "n[001-128]", topology: cpuTopology() },
			{ name: "gpu", nodes: "g[01-16]", topology: gpuTopology() },
		],
	};
}

/** What {@link testJob} builds from; other fields of a job are taken over as they are. */
export interface TestJobOptions extends Partial<Job> {
	subCluster?: "cpu" | "gpu";
	/** First host's number. */
	firstHost?: number;
}

/**
 * A finished job of the test cluster on `numNodes` (1) whole hosts. On `gpu` it holds all four accelerators of each host.
 * Job ids differ only where the test gives them.
 */
export function testJob(options: TestJobOptions = {}): Job {
	const { firstHost = 1, ...overrides } = options;
	const subCluster = overrides.subCluster ?? "cpu";
	const numNodes = overrides.resources?.length ?? overrides.numNodes ?? 1;
	const accelerators = acceleratorIds();
	const resources = Array.from({ length: numNodes }, (_, index) =>
		subCluster === "cpu"
			? { hostname: hostName("n", firstHost + index, 3) }
			: { hostname: hostName("g", firstHost + index, 2), accelerators },
	);
	const job: Job = {
		cluster: "testcluster",
		subCluster,
		jobId: 1001,
		startTime: TEST_START_TIME,
		duration: 3600,
		user: "hpcuser",
		project: "hpcproject",
		numNodes,
		numHwthreads: numNodes * (subCluster === "cpu" ? 32 : 16),
		shared: "none",
		jobState: "completed",
		monitoringStatus: 1,
		resources,
		tags: [],
		metaData: { jobName: "test job" },
	};
	if (subCluster === "gpu") job.numAcc = numNodes * accelerators.length;
	return { ...job, ...overrides, numNodes };
}

/**
 * `count` finished jobs of all kinds that the test cluster runs: one to twelve nodes, a minute to four hours, with and
 * without accelerators, some sharing a node with others. Job ids and start times ascend. The same seed gives the same jobs.
 */
export function seededJobs(seed: number, count: number): Job[] {
	const random = seededRandom(seed);
	const integer = (from: number, to: number) =>
		from + Math.floor(random() * (to - from + 1));
	return Array.from({ length: count }, (_, index) => {
		const subCluster = random() < 0.4 ? "gpu" : "cpu";
		const numNodes = random() < 0.5 ? 1 : integer(2, 12);
		const job = testJob({
			subCluster,
			numNodes,
			firstHost: integer(1, 4),
			jobId: 1001 + index,
			startTime: TEST_START_TIME + index * 60,
			duration: integer(60, 4 * 3600),
			user: `user${integer(1, 5)}`,
			project: `project${integer(1, 3)}`,
		});
		if (numNodes === 1 && random() < 0.3) shareNode(job);
		return job;
	});
}

/** What {@link testColumn} builds from. */
export interface TestColumnOptions extends Partial<Omit<Column, "samples">> {
	seed?: number;
	/** Series in the column (2). With a `scope` other than node each host has two of them. */
	series?: number;
	/** Samples in each series (60). */
	samplesPerSeries?: number;
	/** Share of samples that are missing (0.05). */
	gaps?: number;
}

/** A seeded column: values with two decimals that wander around a level, with gaps. */
export function testColumn(options: TestColumnOptions = {}): Column {
	const {
		seed = 1,
		series = 2,
		samplesPerSeries = 60,
		gaps = 0.05,
		...header
	} = options;
	const scope = header.scope ?? "node";
	const devicesPerHost = scope === "node" ? 1 : 2;
	const lengths =
		header.lengths ?? new Uint32Array(series).fill(samplesPerSeries);
	return {
		metric: "flops_any",
		unit: { base: "Flops/s", prefix: "G" },
		timestep: 60,
		hostnames: Array.from({ length: series }, (_, index) =>
			hostName("n", 1 + Math.floor(index / devicesPerHost), 3),
		),
		ids:
			scope === "node"
				? null
				: Array.from({ length: series }, (_, index) =>
						String(index % devicesPerHost),
					),
		...header,
		scope,
		lengths,
		samples: wanderingSamples(seed, lengths, gaps),
	};
}

/** The bits of samples as text, so that a comparison tells NaN from NaN and 0 from -0. */
export function bitsOf(samples: Float64Array): string {
	return Buffer.from(
		samples.buffer,
		samples.byteOffset,
		samples.byteLength,
	).toString("hex");
}

function testMetrics(): MetricConfig[] {
	const onlyOnGpu = [{ name: "cpu", remove: true }];
	return [
		{
			...metric("cpu_load", "node", "avg", [32, 32, 16, 8]),
			footprint: "avg",
			subClusters: [{ name: "gpu", footprint: "max", peak: 16, normal: 16 }],
		},
		metric("cpu_user", "hwthread", "avg", [100, 50, 20, 10]),
		{
			...metric("mem_used", "node", "sum", [256, 128, 200, 240]),
			unit: { base: "B", prefix: "G" },
			footprint: "max",
		},
		{
			...metric("flops_any", "hwthread", "sum", [1600, 400, 100, 20]),
			unit: { base: "Flops/s", prefix: "G" },
			footprint: "avg",
		},
		{
			...metric("mem_bw", "socket", "sum", [350, 100, 50, 10]),
			unit: { base: "B/s", prefix: "G" },
			footprint: "avg",
		},
		{
			...metric("numa_bw", "memoryDomain", "sum", [350, 100, 50, 10]),
			unit: { base: "B/s", prefix: "G" },
		},
		{
			...metric("clock", "hwthread", "avg", [3000, 2400, 1800, 1200]),
			unit: { base: "Hz", prefix: "M" },
			subClusters: [{ name: "gpu", remove: true }],
		},
		{
			...metric("ipc", "hwthread", "avg", [4, 2, 1, 0.5]),
			unit: { base: "IPC" },
		},
		{
			...metric("cpu_power", "socket", "sum", [500, 250, 100, 50]),
			unit: { base: "W" },
			energy: "power",
		},
		{
			...metric("ib_recv", "node", "sum", [1250000, 600000, 200, 1]),
			unit: { base: "B/s" },
			timestep: 30,
		},
		{
			...metric("acc_utilization", "accelerator", "avg", [100, 80, 50, 20]),
			footprint: "avg",
			subClusters: onlyOnGpu,
		},
		{
			...metric("acc_mem_used", "accelerator", "sum", [40, 20, 10, 5]),
			unit: { base: "B", prefix: "G" },
			footprint: "max",
			subClusters: onlyOnGpu,
		},
		{
			...metric("acc_power", "accelerator", "sum", [400, 200, 50, 20]),
			unit: { base: "W" },
			energy: "power",
			subClusters: onlyOnGpu,
		},
	];
}

function metric(
	name: string,
	scope: MetricConfig["scope"],
	aggregation: MetricConfig["aggregation"],
	[peak, normal, caution, alert]: readonly [number, number, number, number],
): MetricConfig {
	return {
		name,
		unit: { base: "" },
		scope,
		aggregation,
		timestep: 60,
		peak,
		normal,
		caution,
		alert,
	};
}

function cpuTopology(): Topology {
	const smt = (from: number, to: number) => [
		...range(from, to),
		...range(from + 16, to + 16),
	];
	return {
		node: range(0, 32),
		socket: [smt(0, 8), smt(8, 16)],
		memoryDomain: [smt(0, 4), smt(4, 8), smt(8, 12), smt(12, 16)],
		core: range(0, 16).map((core) => [core, core + 16]),
	};
}

function gpuTopology(): Topology {
	return {
		node: range(0, 16),
		socket: [range(0, 8), range(8, 16)],
		memoryDomain: [range(0, 8), range(8, 16)],
		core: range(0, 16).map((core) => [core]),
		accelerators: acceleratorIds().map((id) => ({
			id,
			type: "Test GPU",
			model: "T100",
		})),
	};
}

function acceleratorIds(): string[] {
	return ["01", "41", "81", "C1"].map((bus) => `00000000:${bus}:00.0`);
}

/** Narrows a job of one whole node to some of its hwthreads and accelerators. */
function shareNode(job: Job): void {
	const [resource] = job.resources;
	if (resource === undefined) return;
	job.shared = "multi_user";
	if (job.subCluster === "cpu") {
		resource.hwthreads = [...range(4, 8), ...range(20, 24)];
	} else {
		resource.hwthreads = range(4, 8);
		resource.accelerators = acceleratorIds().slice(1, 2);
		job.numAcc = 1;
	}
	job.numHwthreads = resource.hwthreads.length;
}

function wanderingSamples(
	seed: number,
	lengths: Uint32Array,
	gaps: number,
): Float64Array {
	const random = seededRandom(seed);
	const samples = new Float64Array(
		lengths.reduce((total, length) => total + length, 0),
	);
	let level = 100 + random() * 900;
	for (let index = 0; index < samples.length; index++) {
		level = Math.abs(level + (random() - 0.5) * 20);
		samples[index] =
			random() < gaps ? Number.NaN : Math.round(level * 100) / 100;
	}
	return samples;
}

function hostName(prefix: string, number: number, digits: number): string {
	return `${prefix}${String(number).padStart(digits, "0")}`;
}

function range(from: number, to: number): number[] {
	return Array.from({ length: to - from }, (_, index) => from + index);
}

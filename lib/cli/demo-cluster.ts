import type { Cluster, MetricConfig, Topology } from "../schema/cluster.js";
import type { MetricScope } from "../schema/scope.js";
import type { Unit } from "../schema/unit.js";

export const DEMO_CLUSTER = "demo";
/** Two sockets of so many cores each, in every node. */
const CORES_PER_SOCKET = 16;
const SOCKETS = 2;
const CORES = SOCKETS * CORES_PER_SOCKET;
export const DEMO_ACCELERATORS = ["01", "41", "81", "c1"].map(
	(bus) => `00000000:${bus}:00.0`,
);

/** Subclusters and how many nodes each has: `cpu001`, `gpu01`. */
export const DEMO_NODES = { cpu: 64, gpu: 16 } as const;
export const DEMO_CPU_HWTHREADS = 2 * CORES;
export const DEMO_GPU_HWTHREADS = CORES;

/** A made-up cluster: 64 nodes with SMT, and 16 without it that have four accelerators each. */
export function demoCluster(): Cluster {
	return {
		name: DEMO_CLUSTER,
		metricConfig: metrics(),
		subClusters: [
			{ name: "cpu", nodes: "cpu[001-064]", topology: cpuTopology() },
			{ name: "gpu", nodes: "gpu[01-16]", topology: gpuTopology() },
		],
	};
}

function metrics(): MetricConfig[] {
	return [
		{ ...metric("cpu_load", "node", { base: "" }, 64), footprint: "avg" },
		metric("cpu_user", "hwthread", { base: "%" }, 100),
		{
			...total("mem_used", "node", { base: "B", prefix: "G" }, 256),
			footprint: "max",
		},
		{
			...total("flops_any", "hwthread", { base: "Flops/s", prefix: "G" }, 2400),
			footprint: "avg",
		},
		{
			...total("mem_bw", "socket", { base: "B/s", prefix: "G" }, 400),
			footprint: "avg",
		},
		metric("clock", "hwthread", { base: "Hz", prefix: "M" }, 3200),
		metric("ipc", "hwthread", { base: "IPC" }, 4),
		{
			...total("cpu_power", "socket", { base: "W" }, 500),
			energy: "power",
		},
		total("ib_recv", "node", { base: "B/s", prefix: "M" }, 12_500),
		{
			...metric("acc_utilization", "accelerator", { base: "%" }, 100),
			footprint: "avg",
			subClusters: GPU_ONLY,
		},
		{
			...total("acc_mem_used", "accelerator", { base: "B", prefix: "G" }, 40),
			footprint: "max",
			subClusters: GPU_ONLY,
		},
		{
			...total("acc_power", "accelerator", { base: "W" }, 400),
			energy: "power",
			subClusters: GPU_ONLY,
		},
	];
}

const GPU_ONLY = [{ name: "cpu", remove: true }];

/** Over several devices such a metric is averaged. */
function metric(
	name: string,
	scope: MetricScope,
	unit: Unit,
	peak: number,
): MetricConfig {
	return {
		name,
		unit,
		scope,
		aggregation: "avg",
		timestep: 60,
		peak,
		normal: peak / 2,
		caution: peak / 4,
		alert: peak / 10,
	};
}

/** Over several devices such a metric is added up. */
function total(...args: Parameters<typeof metric>): MetricConfig {
	return { ...metric(...args), aggregation: "sum" };
}

/** Core `c` has hwthreads `c` and `c + CORES`. */
function cpuTopology(): Topology {
	const hwthreads = (cores: number[]) => [
		...cores,
		...cores.map((core) => core + CORES),
	];
	return {
		node: range(0, 2 * CORES),
		socket: sockets().map(hwthreads),
		memoryDomain: sockets().map(hwthreads),
		core: range(0, CORES).map((core) => [core, core + CORES]),
	};
}

function gpuTopology(): Topology {
	return {
		node: range(0, CORES),
		socket: sockets(),
		memoryDomain: sockets(),
		core: range(0, CORES).map((core) => [core]),
		accelerators: DEMO_ACCELERATORS.map((id) => ({
			id,
			type: "Demo GPU",
			model: "D100",
		})),
	};
}

function sockets(): number[][] {
	return range(0, SOCKETS).map((socket) =>
		range(socket * CORES_PER_SOCKET, (socket + 1) * CORES_PER_SOCKET),
	);
}

function range(from: number, to: number): number[] {
	return Array.from({ length: to - from }, (_, i) => from + i);
}

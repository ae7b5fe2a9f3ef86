import type { Column } from "../lib/codec/column.js";
import type {
	SyntheticDevices,
	SyntheticHost,
	SyntheticMetric,
	SyntheticScope,
	SyntheticSpec,
} from "../lib/source/source.js";
import {
	type JobCourse,
	jobCourse,
	seriesCourse,
	ticksPerUnitOf,
} from "./synthetic-course.js";
import { cutGaps, type HostGaps, hostGaps } from "./synthetic-gaps.js";
import { hostLabels, type LabelsAt } from "./synthetic-labels.js";
import { type Parts, partsOf } from "./synthetic-parts.js";
import { hashOf } from "./synthetic-random.js";
import {
	addTicks,
	multiplyTicks,
	splitTicks,
	traceTicks,
	writeTicks,
} from "./synthetic-ticks.js";

/**
 * Makes the series that a spec asks for: metric by metric, coarse scopes first, hosts in order. A series depends on the
 * seed, the job, the metric and its host and device alone, so any division of a job into specs gives the same samples.
 *
 * A metric of hwthreads, cores, sockets or memory domains is made for the node first and then split over the devices that
 * the job holds, which costs nothing where only node scope is asked. A metric of accelerators is made for each of them,
 * and their sum or mean is the node's. Either way the node is the sum or mean of its devices, by the metric's
 * aggregation, up to the last bits of floating point. A column that would have no series is left out.
 *
 * @returns Columns that own their samples, a whole `ArrayBuffer` each. Labels are shared between columns.
 */
export function synthesize(spec: SyntheticSpec): Column[] {
	const job = jobCourse(spec);
	const hosts = spec.hosts.map((host) => ({
		...host,
		gaps: hostGaps(job, spec.firstHost, host.hostname),
	}));
	const labelsAt = hostLabels(spec.hosts);
	return spec.metrics.flatMap((metric) => {
		const columns = openColumns(metric, labelsAt);
		const addHost =
			metric.config.scope === "accelerator" ? addAccelerators : addNode;
		for (const host of hosts) addHost(columns, host, metric, job);
		return columns.map(({ column }) => column);
	});
}

interface HostWithGaps extends SyntheticHost {
	gaps: HostGaps;
}

/** A column on its way, and where its next series begins. */
interface OpenColumn {
	scope: SyntheticScope;
	column: Column;
	end: number;
}

function openColumns(
	{ config, timestep, samplesPerSeries, scopes }: SyntheticMetric,
	labelsAt: LabelsAt,
): OpenColumn[] {
	return scopes.flatMap((scope) => {
		const { hostnames, ids } = labelsAt(scope, config.scope);
		const series = hostnames.length;
		if (series === 0) return [];
		const column: Column = {
			metric: config.name,
			scope,
			unit: config.unit,
			timestep,
			hostnames,
			ids,
			lengths: new Uint32Array(series).fill(samplesPerSeries),
			samples: new Float64Array(series * samplesPerSeries),
		};
		return [{ scope, column, end: 0 }];
	});
}

function addAccelerators(
	columns: readonly OpenColumn[],
	{ hostname, devices, gaps }: HostWithGaps,
	metric: SyntheticMetric,
	job: JobCourse,
): void {
	const { config, timestep, samplesPerSeries: length } = metric;
	const ids = devices.accelerator;
	if (ids.length === 0) return;
	const ticksPerUnit = ticksPerUnitOf(config);
	const { ticks, totals } = scratch(length);
	totals.fill(0, 0, length);
	for (const id of ids) {
		const hash = hashOf(job.hash, config.name, hostname, id);
		const course = seriesCourse(job, config, 1, hash);
		traceTicks(ticks, length, timestep, course, ticksPerUnit, hash);
		addTicks(totals, ticks, length);
		for (const open of columns) {
			if (open.scope !== "accelerator") continue;
			writeTicks(open.column.samples, open.end, ticks, length, ticksPerUnit);
			endSeries(open, metric, gaps);
		}
	}
	for (const open of columns) {
		if (open.scope !== "node") continue;
		const divisor =
			config.aggregation === "avg" ? ticksPerUnit * ids.length : ticksPerUnit;
		writeTicks(open.column.samples, open.end, totals, length, divisor);
		endSeries(open, metric, gaps);
	}
}

function addNode(
	columns: readonly OpenColumn[],
	{ hostname, devices, gaps }: HostWithGaps,
	metric: SyntheticMetric,
	job: JobCourse,
): void {
	const { config, timestep, samplesPerSeries: length } = metric;
	const hash = hashOf(job.hash, config.name, hostname);
	const share = shareOf(config, devices);
	const course = seriesCourse(job, config, share, hash);
	const ticksPerUnit = ticksPerUnitOf(config);
	const { ticks } = scratch(length);
	traceTicks(ticks, length, timestep, course, ticksPerUnit, hash);
	for (const open of columns) {
		if (open.scope === "node") {
			writeTicks(open.column.samples, open.end, ticks, length, ticksPerUnit);
			endSeries(open, metric, gaps);
		} else {
			const weights = weightsOf(open.scope, config, devices);
			const partsHash = hashOf(hash, open.scope);
			const parts = partsOf(weights, course.imbalance, partsHash);
			addParts(open, devices[open.scope], parts, metric, gaps, partsHash);
		}
	}
}

/** Splits the node's series, which lies in the scratch, over devices. */
function addParts(
	open: OpenColumn,
	ids: readonly string[],
	{ boundaries, jitter }: Parts,
	metric: SyntheticMetric,
	gaps: HostGaps,
	hash: number,
): void {
	const { config, samplesPerSeries: length } = metric;
	const ticksPerUnit = ticksPerUnitOf(config);
	const { ticks, totals, before } = scratch(length);
	const factor = config.aggregation === "avg" ? ids.length : 1;
	multiplyTicks(totals, ticks, factor, length);
	before.fill(0, 0, length);
	for (const [index, id] of ids.entries()) {
		splitTicks(
			open.column.samples,
			open.end,
			totals,
			before,
			length,
			boundaries[index],
			index === ids.length - 1 ? 0 : jitter,
			ticksPerUnit,
			hashOf(hash, id),
		);
		endSeries(open, metric, gaps);
	}
}

/** A core with one of its two hwthreads held has half the flops, but not half the clock. */
function weightsOf(
	scope: Exclude<SyntheticScope, "node">,
	{ aggregation }: SyntheticMetric["config"],
	devices: SyntheticDevices,
): readonly number[] {
	return scope === "core" && aggregation === "sum"
		? devices.hwthreadsPerCore
		: devices[scope].map(() => 1);
}

/** What is summed over hwthreads, cores or sockets is the less, the fewer hwthreads of the host the job holds. */
function shareOf(
	{ scope, aggregation }: SyntheticMetric["config"],
	{ nodeShare }: SyntheticDevices,
): number {
	return aggregation === "sum" && scope !== "node" ? nodeShare : 1;
}

function endSeries(
	open: OpenColumn,
	{ timestep, samplesPerSeries }: SyntheticMetric,
	gaps: HostGaps,
): void {
	cutGaps(open.column.samples, open.end, samplesPerSeries, timestep, gaps);
	open.end += samplesPerSeries;
}

let scratchArrays = newScratch(0);

/** Arrays of at least `length`, the same ones each time: nothing awaits between filling and reading them. */
function scratch(length: number): ReturnType<typeof newScratch> {
	if (scratchArrays.ticks.length < length) scratchArrays = newScratch(length);
	return scratchArrays;
}

function newScratch(length: number) {
	return {
		ticks: new Float64Array(length),
		totals: new Float64Array(length),
		before: new Float64Array(length),
	};
}

import type { ColumnHeader } from "../../codec/column.js";
import { throwIfAborted } from "../abort.js";
import { type AskedHost, ColumnPlanner } from "../asked-columns.js";
import type { LoadRequest, SamplesChunk } from "../source.js";
import { Breather } from "./breather.js";
import type { Ring } from "./ring.js";
import type { Measurement, StoredMetric } from "./series.js";

/** A metric's measurement on a host, on the grid of the metric as it is configured now; undefined when there is none. */
export type FindMeasurement = (
	hostname: string,
	metric: string,
) => Measurement | undefined;

/** A job's series of one metric on one host. */
interface Strip {
	metric: StoredMetric;
	hostname: string;
	/** Empty for the node. */
	devices: readonly string[];
	/** One a device. A ring stays as it is when its series moves to another grid. */
	rings: readonly Ring[];
	firstSlot: number;
	samplesPerSeries: number;
}

/**
 * Takes a job out: the samples of its interval, of the devices that it holds, at the scopes they are measured at, NaN where
 * none came. A series without any sample in the interval is left out, so that it counts as missing; a ring is not made for
 * what was never measured.
 *
 * Where columns may be split, a chunk holds all metrics of as many hosts as fit; of a host that alone does not fit, as many
 * metrics as fit. Else it holds all hosts of as many metrics as fit.
 *
 * @throws ArchiverError ABORTED, CLUSTER_UNKNOWN
 */
export async function* takeOut(
	request: LoadRequest,
	find: FindMeasurement,
): AsyncGenerator<SamplesChunk> {
	const { maxChunkBytes, splitColumns } = request;
	const groups = splitColumns
		? stripsByHost(request, find)
		: stripsByMetric(request, find);
	let piece: Strip[] | undefined;
	for await (const next of cutPieces(groups, maxChunkBytes, splitColumns)) {
		if (piece !== undefined) yield await copyOut(piece, false, request);
		piece = next;
	}
	if (piece !== undefined) yield await copyOut(piece, true, request);
}

async function* stripsByHost(
	request: LoadRequest,
	find: FindMeasurement,
): AsyncGenerator<Strip[]> {
	const columns = new ColumnPlanner(request).native();
	// Columns of one scope share their list of hosts.
	const idsOfScopes = new Map<readonly AskedHost[], Map<string, AskedHost>>();
	for (const { hosts } of columns)
		if (!idsOfScopes.has(hosts))
			idsOfScopes.set(hosts, new Map(hosts.map((it) => [it.hostname, it])));
	for (const hostname of hostnamesOf(request)) {
		const strips: Strip[] = [];
		for (const column of columns) {
			const host = idsOfScopes.get(column.hosts)?.get(hostname);
			const strip = host && stripOf(host, column, request, find);
			if (strip !== undefined) strips.push(strip);
		}
		yield strips;
	}
}

async function* stripsByMetric(
	request: LoadRequest,
	find: FindMeasurement,
): AsyncGenerator<Strip[]> {
	const breather = new Breather();
	for (const column of new ColumnPlanner(request).native()) {
		const strips: Strip[] = [];
		for (const host of column.hosts) {
			const strip = stripOf(host, column, request, find);
			if (strip !== undefined) strips.push(strip);
			if (breather.isDue) await breather.pause();
		}
		yield strips;
	}
}

function hostnamesOf({ job }: LoadRequest): Set<string> {
	return new Set(job.resources.map(({ hostname }) => hostname));
}

/** The series of a metric on a host that have a sample in the job's interval; undefined when none has. */
function stripOf(
	{ hostname, ids }: AskedHost,
	{ metric: name, scope }: Pick<ColumnHeader, "metric" | "scope">,
	{ job }: LoadRequest,
	find: FindMeasurement,
): Strip | undefined {
	const measurement = find(hostname, name);
	if (measurement === undefined || measurement.metric.scope !== scope)
		return undefined;
	const { metric } = measurement;
	const samplesPerSeries = measurement.slotsIn(job.duration);
	const firstSlot = measurement.firstSlotOf(job.startTime, job.duration);
	const devices: string[] = [];
	const rings: Ring[] = [];
	for (const device of ids ?? [""]) {
		const ring = measurement.devices.get(device)?.ring;
		if (ring?.hasSamples(firstSlot, samplesPerSeries)) {
			devices.push(device);
			rings.push(ring);
		}
	}
	return rings.length === 0
		? undefined
		: { metric, hostname, devices, rings, firstSlot, samplesPerSeries };
}

/**
 * Gathers groups of strips into pieces of at most `maxBytes`.
 *
 * @param mayCut - A group that is larger alone is cut between its strips.
 */
async function* cutPieces(
	groups: AsyncIterable<Strip[]>,
	maxBytes: number,
	mayCut: boolean,
): AsyncGenerator<Strip[]> {
	const breather = new Breather();
	let piece: Strip[] = [];
	let pieceBytes = 0;
	for await (const group of groups) {
		const isCut = mayCut && bytesOf(group) > maxBytes;
		for (const part of isCut ? group.map((strip) => [strip]) : [group]) {
			const partBytes = bytesOf(part);
			if (piece.length > 0 && pieceBytes + partBytes > maxBytes) {
				yield piece;
				piece = [];
				pieceBytes = 0;
			}
			piece.push(...part);
			pieceBytes += partBytes;
		}
		if (breather.isDue) await breather.pause();
	}
	if (piece.length > 0) yield piece;
}

function bytesOf(strips: readonly Strip[]): number {
	let samples = 0;
	for (const { rings, samplesPerSeries } of strips)
		samples += rings.length * samplesPerSeries;
	return samples * Float64Array.BYTES_PER_ELEMENT;
}

/** Copies strips into a chunk, metric by metric in the order in which they first come. */
async function copyOut(
	strips: readonly Strip[],
	last: boolean,
	{ allocate, signal }: LoadRequest,
): Promise<SamplesChunk> {
	throwIfAborted(signal);
	const bytes = bytesOf(strips);
	const buffer = allocate(bytes);
	const samples = new Float64Array(
		buffer,
		0,
		bytes / Float64Array.BYTES_PER_ELEMENT,
	);
	const stripsOfColumns = new Map<string, Strip[]>();
	for (const strip of strips) {
		const { name, timestep } = strip.metric;
		const column = `${timestep} ${name}`;
		const alike = stripsOfColumns.get(column);
		if (alike === undefined) stripsOfColumns.set(column, [strip]);
		else alike.push(strip);
	}
	const labels = new SharedLabels();
	const columns: ColumnHeader[] = [];
	const breather = new Breather();
	let at = 0;
	for (const alike of stripsOfColumns.values()) {
		columns.push(headerOf(alike, labels));
		for (const { rings, firstSlot, samplesPerSeries } of alike) {
			for (const ring of rings) {
				ring.copy(firstSlot, samplesPerSeries, samples, at);
				at += samplesPerSeries;
			}
			if (breather.isDue) await breather.pause();
		}
	}
	return { kind: "samples", native: true, columns, buffer, last };
}

function headerOf(
	strips: readonly Strip[],
	labels: SharedLabels,
): ColumnHeader {
	const [{ metric, samplesPerSeries }] = strips;
	const { name, scope, unit, timestep } = metric;
	const hostnames: string[] = [];
	const ids: string[] = [];
	for (const { hostname, devices } of strips) {
		for (const device of devices) {
			hostnames.push(hostname);
			ids.push(device);
		}
	}
	return {
		metric: name,
		scope,
		unit,
		timestep,
		hostnames: labels.share(hostnames),
		ids: scope === "node" ? null : labels.share(ids),
		lengths: new Uint32Array(hostnames.length).fill(samplesPerSeries),
	};
}

/** Lists of labels, equal ones by the same reference: they are then cloned once when they cross threads. */
class SharedLabels {
	readonly #lists: string[][] = [];

	share(list: string[]): string[] {
		const known = this.#lists.find(
			(it) =>
				it.length === list.length && it.every((label, i) => label === list[i]),
		);
		if (known === undefined) this.#lists.push(list);
		return known ?? list;
	}
}

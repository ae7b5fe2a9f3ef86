import type { ColumnHeader } from "../../codec/column.js";
import { ArchiverError } from "../../errors.js";
import { throwIfAborted } from "../abort.js";
import { ColumnPlanner } from "../asked-columns.js";
import type { LoadRequest, SamplesChunk } from "../source.js";
import { Breather } from "./breather.js";
import type { Ring } from "./ring.js";
import type { Host, StoredMetric } from "./series.js";

/** What a job is taken out of. */
export interface TakeOutContext {
	/** The host, on the grids of the metrics as they are configured now; undefined when nothing is known of it. */
	host(hostname: string): Host | undefined;
	/** The metric as it is configured now. */
	metric(name: string): StoredMetric | undefined;
}

/** A metric of the job. */
interface TakenColumn {
	metric: StoredMetric;
	/** By host: the devices that the job holds; null stands for the node. Shared between columns of a scope. */
	idsOfHosts: ReadonlyMap<string, readonly string[] | null>;
	samplesPerSeries: number;
}

/** A job's series of one metric on one host. */
interface Strip {
	/** Position of the metric among the job's columns. */
	column: number;
	hostname: string;
	/** The devices, and a ring for each. A ring stays as it is when its series moves to another grid. */
	devices: readonly string[];
	rings: readonly Ring[];
	firstSlot: number;
	byteLength: number;
}

/** Strips that belong together; undefined where there is more to come and time for a pause. */
type Strips = Generator<Strip[] | undefined>;

/** The device of a series at node scope. */
const NODE = [""];
/** Copied between two looks at the clock. */
const SLICE_BYTES = 2 ** 20;

/**
 * Takes a job out: the samples of its interval, of the devices that it holds, at the scopes they are measured at, NaN where
 * none came. A series without any sample in the interval is left out, so that it counts as missing.
 *
 * Where columns may be split, a chunk holds all metrics of as many hosts as fit; of a host that alone does not fit, as many
 * metrics as fit. Else it holds all hosts of as many metrics as fit.
 *
 * @throws ArchiverError ABORTED, CLUSTER_UNKNOWN, SOURCE_UNAVAILABLE when a metric gets another timestep meanwhile.
 */
export async function* takeOut(
	request: LoadRequest,
	context: TakeOutContext,
): AsyncGenerator<SamplesChunk> {
	const { maxChunkBytes, splitColumns } = request;
	const columns = takenColumns(request, context);
	const strips = splitColumns
		? stripsByHost(request, columns, context)
		: stripsByMetric(request, columns, context);
	let piece: Strip[] | undefined;
	for await (const next of cutPieces(strips, maxChunkBytes, splitColumns)) {
		if (piece !== undefined)
			yield await copyOut(piece, columns, false, request);
		piece = next;
	}
	if (piece !== undefined) yield await copyOut(piece, columns, true, request);
}

/** The job's metrics that the store has at the scope they are asked for. */
function takenColumns(
	request: LoadRequest,
	context: TakeOutContext,
): TakenColumn[] {
	// Columns of one scope share their list of hosts.
	const maps = new Map<unknown, TakenColumn["idsOfHosts"]>();
	return new ColumnPlanner(request).native().flatMap((asked) => {
		const metric = context.metric(asked.metric);
		if (metric?.scope !== asked.scope) return [];
		const idsOfHosts =
			maps.get(asked.hosts) ??
			new Map(asked.hosts.map(({ hostname, ids }) => [hostname, ids]));
		maps.set(asked.hosts, idsOfHosts);
		const samplesPerSeries =
			Math.floor(request.job.duration / metric.timestep) + 1;
		return [{ metric, idsOfHosts, samplesPerSeries }];
	});
}

function* stripsByHost(
	request: LoadRequest,
	columns: readonly TakenColumn[],
	context: TakeOutContext,
): Strips {
	for (const hostname of hostnamesOf(request)) {
		const host = context.host(hostname);
		if (host === undefined) continue;
		const strips: Strip[] = [];
		for (let column = 0; column < columns.length; column++) {
			const strip = stripOf(host, column, columns[column], request);
			if (strip !== undefined) strips.push(strip);
		}
		yield strips;
	}
}

function* stripsByMetric(
	request: LoadRequest,
	columns: readonly TakenColumn[],
	context: TakeOutContext,
): Strips {
	const hostnames = hostnamesOf(request);
	for (let column = 0; column < columns.length; column++) {
		const strips: Strip[] = [];
		for (const hostname of hostnames) {
			const host = context.host(hostname);
			const strip = host && stripOf(host, column, columns[column], request);
			if (strip !== undefined) strips.push(strip);
			yield undefined;
		}
		yield strips;
	}
}

function hostnamesOf({ job }: LoadRequest): Set<string> {
	return new Set(job.resources.map(({ hostname }) => hostname));
}

/** The series of a metric on a host that have a sample in the job's interval; undefined when none has. */
function stripOf(
	host: Host,
	column: number,
	{ metric, idsOfHosts, samplesPerSeries }: TakenColumn,
	{ job }: LoadRequest,
): Strip | undefined {
	const measurement = host.measurements.get(metric.name);
	const ids = idsOfHosts.get(host.hostname);
	if (measurement === undefined || ids === undefined) return undefined;
	if (measurement.metric.timestep !== metric.timestep)
		throw configuredAnew(metric);
	const firstSlot = measurement.firstSlotOf(job.startTime, job.duration);
	const devices: string[] = [];
	const rings: Ring[] = [];
	for (const device of ids ?? NODE) {
		const ring = measurement.devices.get(device)?.ring;
		if (ring?.hasSamples(firstSlot, samplesPerSeries)) {
			devices.push(device);
			rings.push(ring);
		}
	}
	if (rings.length === 0) return undefined;
	const byteLength =
		rings.length * samplesPerSeries * Float64Array.BYTES_PER_ELEMENT;
	const { hostname } = host;
	return { column, hostname, devices, rings, firstSlot, byteLength };
}

/** Job and store would speak of different samples. */
function configuredAnew({ name }: StoredMetric): ArchiverError {
	return new ArchiverError(
		"SOURCE_UNAVAILABLE",
		`metric ${name} got another timestep while the job was loaded`,
	);
}

/**
 * Gathers strips into pieces of at most `maxBytes`.
 *
 * @param mayCut - Strips that belong together are cut apart where they are larger than that.
 */
async function* cutPieces(
	groups: Strips,
	maxBytes: number,
	mayCut: boolean,
): AsyncGenerator<Strip[]> {
	const breather = new Breather();
	let piece: Strip[] = [];
	let pieceBytes = 0;
	for (const group of groups) {
		if (breather.isDue) await breather.pause();
		if (group === undefined || group.length === 0) continue;
		const isCut = mayCut && bytesOf(group) > maxBytes;
		for (const part of isCut ? group.map((strip) => [strip]) : [group]) {
			const partBytes = bytesOf(part);
			if (piece.length > 0 && pieceBytes + partBytes > maxBytes) {
				yield piece;
				piece = [];
				pieceBytes = 0;
			}
			for (const strip of part) piece.push(strip);
			pieceBytes += partBytes;
		}
	}
	if (piece.length > 0) yield piece;
}

function bytesOf(strips: readonly Strip[]): number {
	let bytes = 0;
	for (const { byteLength } of strips) bytes += byteLength;
	return bytes;
}

/** Copies strips into a chunk, column by column. */
async function copyOut(
	strips: readonly Strip[],
	columns: readonly TakenColumn[],
	last: boolean,
	{ allocate, signal }: LoadRequest,
): Promise<SamplesChunk> {
	throwIfAborted(signal);
	const buffer = allocate(bytesOf(strips));
	const samples = new Float64Array(buffer);
	const stripsOfColumns = columns.map((): Strip[] => []);
	for (const strip of strips) stripsOfColumns[strip.column].push(strip);
	const labels = new SharedLabels();
	const headers: ColumnHeader[] = [];
	const breather = new Breather();
	let at = 0;
	for (const [column, alike] of stripsOfColumns.entries()) {
		if (alike.length === 0) continue;
		headers.push(headerOf(columns[column], alike, labels));
		const { samplesPerSeries } = columns[column];
		for (let from = 0, to = 0; from < alike.length; from = to) {
			for (let bytes = 0; bytes < SLICE_BYTES && to < alike.length; to++)
				bytes += alike[to].byteLength;
			at = copyStrips(alike.slice(from, to), samplesPerSeries, samples, at);
			if (breather.isDue) await breather.pause();
		}
	}
	return { kind: "samples", native: true, columns: headers, buffer, last };
}

/** Apart from what awaits, so that it is compiled well. @returns where the next strip begins. */
function copyStrips(
	strips: readonly Strip[],
	samplesPerSeries: number,
	target: Float64Array,
	start: number,
): number {
	let at = start;
	for (const { rings, firstSlot } of strips) {
		for (const ring of rings) {
			ring.copy(firstSlot, samplesPerSeries, target, at);
			at += samplesPerSeries;
		}
	}
	return at;
}

function headerOf(
	{ metric, samplesPerSeries }: TakenColumn,
	strips: readonly Strip[],
	labels: SharedLabels,
): ColumnHeader {
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

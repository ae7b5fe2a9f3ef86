import { METRIC_SCOPES, type MetricScope } from "../../schema/scope.js";
import type { Unit } from "../../schema/unit.js";
import type { SeriesStatistics } from "../column.js";
import {
	type BlockPlace,
	type Placed,
	placeFrames,
	readBlock,
} from "./index-blocks.js";
import {
	asArray,
	asInteger,
	asLength,
	asNumber,
	asText,
	pick,
} from "./index-values.js";
import { corrupt, HEADER_BYTES, type Trailer } from "./layout.js";
import type { Limits } from "./limits.js";
import { type MsgpackValue, readMsgpack } from "./msgpack.js";
import { readStatistics } from "./statistics-table.js";
import type { Block, GapFrame } from "./summary.js";
import { zstdDecompress } from "./zstd.js";

/** Which host and device each series of a column belongs to. */
export interface Axis {
	hostnames: string[];
	ids: (string | null)[] | null;
}

/** Series that one part holds of a column: its samples, or statistics over its series that a source brought. */
export interface Segment {
	part: IndexedPart;
	/** Position in the part. */
	position: number;
	/** `metric/scope`, for errors. */
	column: string;
	lengths: Uint32Array;
	/** Samples with those that are missing, and without. */
	samples: number;
	present: number;
	block: Block & Placed;
}

export interface DataSegment extends Segment {
	axis: Axis;
	statistics: SeriesStatistics;
}

export interface StatisticsSegment extends Segment {
	roles: string[];
}

export interface IndexedPart {
	segments: Segment[];
	/** Positions of segments that others are told from. */
	referenced: Set<number>;
	gaps?: GapFrame & Placed;
}

export interface IndexedColumn {
	metric: string;
	scope: MetricScope;
	unit: Unit;
	timestep: number;
	segments: DataSegment[];
	statisticsSeries?: StatisticsSegment;
}

export interface JobIndex {
	info: Record<string, string | number>;
	columns: IndexedColumn[];
	parts: IndexedPart[];
}

/**
 * Reads an index whose checksum holds. What it says is believed only as far as it agrees with itself and the file.
 *
 * @throws ArchiverError DATA_CORRUPT, FORMAT_UNSUPPORTED
 */
export function readIndex(
	stored: Uint8Array,
	trailer: Trailer,
	{ maxIndexBytes }: Readonly<Limits>,
): JobIndex {
	const { indexOffset, rawBytes } = trailer;
	let bytes = stored;
	if (rawBytes !== stored.length) {
		bytes = new Uint8Array(rawBytes);
		const problem = zstdDecompress(bytes, stored);
		if (problem !== undefined) throw corrupt(`index: ${problem}`, indexOffset);
	}
	try {
		return new IndexParser(indexOffset, maxIndexBytes).parse(
			readMsgpack(bytes),
		);
	} catch (error) {
		if (error instanceof RangeError)
			throw corrupt(`index: ${error.message}`, indexOffset);
		throw error;
	}
}

/** Walks the index's arrays; `RangeError`s say what does not fit. */
class IndexParser {
	readonly #place: BlockPlace;
	readonly #maxTableBytes: number;
	#labels: string[] = [];
	#axes: Axis[] = [];
	#columns: IndexedColumn[] = [];

	constructor(indexOffset: number, maxTableBytes: number) {
		this.#place = { next: HEADER_BYTES, end: indexOffset };
		this.#maxTableBytes = maxTableBytes;
	}

	parse(value: MsgpackValue): JobIndex {
		const [info, labels, axes, columns, parts] = asArray(value, "index", 5);
		this.#labels = asArray(labels, "labels").map((label) =>
			asText(label, "label"),
		);
		this.#axes = asArray(axes, "axes").map((axis) => this.#axis(axis));
		this.#columns = asArray(columns, "columns").map(readColumn);
		const job = {
			info: readInfo(info),
			columns: this.#columns,
			parts: asArray(parts, "parts").map((part) => this.#part(part)),
		};
		const { next, end } = this.#place;
		if (next !== end)
			throw new RangeError(
				`it accounts for ${next} of the ${end} bytes before it`,
			);
		return job;
	}

	#axis(value: MsgpackValue): Axis {
		const [hosts, devices] = asArray(value, "axis", 2);
		const hostnames = sums(hosts, "hosts").map((label) => this.#label(label));
		if (devices === null) return { hostnames, ids: null };
		const ids = sums(devices, "devices").map((label) =>
			label === 0 ? null : this.#label(label - 1),
		);
		if (ids.length !== hostnames.length)
			throw new RangeError("an axis has not as many devices as hosts");
		return { hostnames, ids };
	}

	#label(number: number): string {
		return pick(this.#labels, number, "label");
	}

	#part(value: MsgpackValue): IndexedPart {
		const [gaps, ...segments] = asArray(value, "part");
		const part: IndexedPart = { segments: [], referenced: new Set() };
		for (const segment of segments) this.#segment(segment, part);
		checkReferences(part);
		if (gaps !== null) part.gaps = this.#gaps(gaps);
		return part;
	}

	#segment(value: MsgpackValue, part: IndexedPart): void {
		const [column, axisOrRoles, lengthList, statisticsOrPresent, ...block] =
			asArray(value, "segment");
		const owner = pick(this.#columns, column, "column");
		const common = {
			part,
			position: part.segments.length,
			column: `${owner.metric}/${owner.scope}`,
		};
		if (Array.isArray(axisOrRoles)) {
			const roles = axisOrRoles.map((role) => asText(role, "role"));
			const lengths = readLengths(lengthList, roles.length);
			const samples = total(lengths);
			const present = asInteger(statisticsOrPresent, "samples");
			if (present > samples) throw new RangeError("more samples than places");
			const segment: StatisticsSegment = {
				...common,
				roles,
				lengths,
				samples,
				present,
				block: readBlock(block, present, this.#place),
			};
			part.segments.push(segment);
			owner.statisticsSeries ??= segment;
			return;
		}
		const axis = pick(this.#axes, axisOrRoles, "axis");
		const series = axis.hostnames.length;
		// A series takes a byte of statistics at least, which bounds what is allocated for an index.
		if (
			!(statisticsOrPresent instanceof Uint8Array) ||
			statisticsOrPresent.length < series
		)
			throw new RangeError(`statistics are not those of ${series} series`);
		const lengths = readLengths(lengthList, series);
		const statistics = readStatistics(statisticsOrPresent, lengths);
		const present = total(statistics.count);
		const segment: DataSegment = {
			...common,
			axis,
			statistics,
			lengths,
			samples: total(lengths),
			present,
			block: readBlock(block, present, this.#place),
		};
		part.segments.push(segment);
		owner.segments.push(segment);
	}

	#gaps(value: MsgpackValue): GapFrame & Placed {
		const [stored, raw, bytes] = asArray(value, "gaps", 3);
		const storedBytes = asInteger(stored, "frame size");
		const rawBytes = asInteger(raw, "frame size");
		if (rawBytes > this.#maxTableBytes || rawBytes < storedBytes)
			throw new RangeError(
				`a table of missing samples of ${rawBytes} bytes in ${storedBytes}`,
			);
		return {
			storedBytes,
			rawBytes,
			...placeFrames(storedBytes, bytes, this.#place),
		};
	}
}

/** What a column is told from must be in the same part, have as many samples, and stand by itself. */
function checkReferences({ segments, referenced }: IndexedPart): void {
	for (const { position, present, block } of segments) {
		const reference = referenceOf(block);
		if (reference === undefined) continue;
		const other = pick(segments, reference, "reference");
		if (
			other.position === position ||
			other.present !== present ||
			referenceOf(other.block) !== undefined ||
			codingOf(other.block) === undefined
		)
			throw new RangeError(
				`segment ${position} cannot be told from ${reference}`,
			);
		referenced.add(reference);
	}
}

/** Position of the segment that a block is told from. */
export function referenceOf(block: Block): number | undefined {
	const coding = codingOf(block);
	return coding !== undefined && "reference" in coding
		? coding.reference
		: undefined;
}

function codingOf({ encoding }: Block) {
	return "coding" in encoding ? encoding.coding : undefined;
}

function readColumn(value: MsgpackValue): IndexedColumn {
	const [metric, scope, timestep, base, prefix] = asArray(value, "column");
	const unit: Unit = { base: asText(base, "unit") };
	if (prefix !== undefined) unit.prefix = asText(prefix, "prefix");
	return {
		metric: asText(metric, "metric"),
		scope: pick(METRIC_SCOPES, scope, "scope"),
		timestep: asNumber(timestep, "timestep"),
		unit,
		segments: [],
	};
}

function readInfo(value: MsgpackValue): Record<string, string | number> {
	const info = Object.create(null) as Record<string, string | number>;
	if (value === null) return info;
	if (
		typeof value !== "object" ||
		Array.isArray(value) ||
		value instanceof Uint8Array
	)
		throw new RangeError("info is not a map");
	for (const [key, fact] of Object.entries(value))
		if (typeof fact === "string" || typeof fact === "number") info[key] = fact;
	return info;
}

function readLengths(value: MsgpackValue, series: number): Uint32Array {
	if (!Array.isArray(value))
		return new Uint32Array(series).fill(asLength(value));
	if (value.length !== series)
		throw new RangeError(`${value.length} lengths for ${series} series`);
	return Uint32Array.from(value, asLength);
}

function total(lengths: Uint32Array): number {
	let sum = 0;
	for (const length of lengths) sum += length;
	return sum;
}

function sums(value: MsgpackValue, what: string): number[] {
	let sum = 0;
	return asArray(value, what).map((step) => {
		sum += asNumber(step, what);
		return sum;
	});
}

import { ArchiverError } from "../../errors.js";
import { METRIC_SCOPES, type MetricScope } from "../../schema/scope.js";
import type { Unit } from "../../schema/unit.js";
import type { SeriesStatistics } from "../column.js";
import { emptyStatistics } from "../statistics.js";
import { ENCODING_NUMBERS } from "./index-table.js";
import { corrupt, HEADER_BYTES, type Trailer } from "./layout.js";
import { type MsgpackValue, readMsgpack } from "./msgpack.js";
import { RAW_PLANES } from "./raw-planes.js";
import type { Block } from "./summary.js";
import { zstdDecompress } from "./zstd.js";

/** Which host and device each series of a column belongs to. */
export interface Axis {
	hostnames: string[];
	ids: (string | null)[] | null;
}

/** A block with its place in the file. */
export interface PlacedBlock extends Block {
	byteOffset: number;
	byteLength: number;
}

/** The series of a column that one part holds. */
export interface Segment {
	axis: Axis;
	lengths: Uint32Array;
	statistics: SeriesStatistics;
	block: PlacedBlock;
	sampleCount: number;
}

export interface StatisticsSeriesSegment {
	roles: string[];
	lengths: Uint32Array;
	block: PlacedBlock;
	sampleCount: number;
}

export interface IndexedColumn {
	metric: string;
	scope: MetricScope;
	unit: Unit;
	timestep: number;
	segments: Segment[];
	statisticsSeries?: StatisticsSeriesSegment;
}

export interface JobIndex {
	info: Record<string, string | number>;
	columns: IndexedColumn[];
}

/**
 * Reads an index whose checksum holds. What it says is believed only as far as it agrees with itself and the file.
 *
 * @throws ArchiverError DATA_CORRUPT, FORMAT_UNSUPPORTED
 */
export function readIndex(stored: Uint8Array, trailer: Trailer): JobIndex {
	const { indexOffset, rawBytes } = trailer;
	let bytes = stored;
	if (rawBytes !== stored.length) {
		bytes = new Uint8Array(rawBytes);
		const problem = zstdDecompress(bytes, stored);
		if (problem !== undefined) throw corrupt(`index: ${problem}`, indexOffset);
	}
	try {
		return new IndexParser(indexOffset).parse(readMsgpack(bytes));
	} catch (error) {
		if (error instanceof RangeError) throw corrupt(error.message, indexOffset);
		throw error;
	}
}

/** Walks the index's arrays; `RangeError`s say what does not fit. */
class IndexParser {
	readonly #indexOffset: number;
	#byteOffset = HEADER_BYTES;
	#labels: string[] = [];
	#axes: Axis[] = [];
	#columns: IndexedColumn[] = [];

	constructor(indexOffset: number) {
		this.#indexOffset = indexOffset;
	}

	parse(value: MsgpackValue): JobIndex {
		const [info, labels, axes, columns, parts] = asArray(value, "index", 5);
		this.#labels = asArray(labels, "labels").map((label) =>
			asText(label, "label"),
		);
		this.#axes = asArray(axes, "axes").map((axis) => this.#axis(axis));
		this.#columns = asArray(columns, "columns").map(readColumn);
		for (const part of asArray(parts, "parts"))
			for (const segment of asArray(part, "part")) this.#segment(segment);
		if (this.#byteOffset !== this.#indexOffset)
			throw new RangeError(
				`the index accounts for ${this.#byteOffset} bytes before it, the file has ${this.#indexOffset}`,
			);
		return { info: readInfo(info), columns: this.#columns };
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

	#segment(value: MsgpackValue): void {
		const fields = asArray(value, "segment");
		const column = pick(this.#columns, fields[0], "column");
		const axisOrRoles = fields[1];
		if (Array.isArray(axisOrRoles)) {
			const roles = axisOrRoles.map((role) => asText(role, "role"));
			const lengths = readLengths(fields[2], roles.length);
			const segment = {
				roles,
				lengths,
				sampleCount: total(lengths),
				block: this.#block(fields),
			};
			column.statisticsSeries ??= segment;
			return;
		}
		const axis = pick(this.#axes, axisOrRoles, "axis");
		const lengths = readLengths(fields[2], axis.hostnames.length);
		column.segments.push({
			axis,
			lengths,
			sampleCount: total(lengths),
			statistics: readStatistics(fields[3], lengths.length),
			block: this.#block(fields),
		});
	}

	#block(fields: MsgpackValue[]): PlacedBlock {
		const number = asInteger(fields[4], "encoding");
		const byteOffset = this.#byteOffset;
		switch (number) {
			case ENCODING_NUMBERS.constant:
				return {
					encoding: { kind: "constant", value: asNumber(fields[5], "value") },
					frameBytes: [],
					checksum: 0,
					byteOffset,
					byteLength: 0,
				};
			case ENCODING_NUMBERS.raw: {
				const frameBytes = asArray(fields[5], "frames", RAW_PLANES).map(
					(bytes) => asInteger(bytes, "frame size"),
				);
				const byteLength = frameBytes.reduce((a, b) => a + b, 0);
				if (byteLength > this.#indexOffset - byteOffset)
					throw new RangeError("frames reach beyond the file");
				this.#byteOffset += byteLength;
				const checksum = asInteger(fields[6], "checksum");
				return {
					encoding: { kind: "raw" },
					frameBytes,
					checksum,
					byteOffset,
					byteLength,
				};
			}
			default:
				throw new ArchiverError(
					"FORMAT_UNSUPPORTED",
					`encoding ${number} is not known to this release`,
					{ offset: this.#indexOffset },
				);
		}
	}
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

function readStatistics(value: MsgpackValue, series: number): SeriesStatistics {
	if (!(value instanceof Uint8Array) || value.length !== series * 28)
		throw new RangeError(`statistics are not those of ${series} series`);
	const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
	const statistics = emptyStatistics(series);
	for (let i = 0; i < series; i++) {
		statistics.count[i] = view.getUint32(i * 4, true);
		statistics.avg[i] = view.getFloat64(series * 4 + i * 8, true);
		statistics.min[i] = view.getFloat64(series * 12 + i * 8, true);
		statistics.max[i] = view.getFloat64(series * 20 + i * 8, true);
	}
	return statistics;
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

function pick<T>(
	list: readonly T[],
	position: MsgpackValue | undefined,
	what: string,
): T {
	const i = asInteger(position, what);
	if (i >= list.length) throw new RangeError(`${what} ${i} does not exist`);
	return list[i];
}

function asArray(
	value: MsgpackValue | undefined,
	what: string,
	length?: number,
): MsgpackValue[] {
	if (!Array.isArray(value)) throw new RangeError(`${what} is not an array`);
	if (length !== undefined && value.length !== length)
		throw new RangeError(`${what} has ${value.length} entries, not ${length}`);
	return value;
}

function asText(value: MsgpackValue | undefined, what: string): string {
	if (typeof value !== "string") throw new RangeError(`${what} is not a text`);
	return value;
}

function asNumber(value: MsgpackValue | undefined, what: string): number {
	if (typeof value !== "number")
		throw new RangeError(`${what} is not a number`);
	return value;
}

function asInteger(value: MsgpackValue | undefined, what: string): number {
	const number = asNumber(value, what);
	if (!Number.isSafeInteger(number) || number < 0)
		throw new RangeError(`${what} is ${number}, not a count`);
	return number;
}

function asLength(value: MsgpackValue): number {
	const length = asInteger(value, "length");
	if (length >= 2 ** 32) throw new RangeError(`a series of ${length} samples`);
	return length;
}

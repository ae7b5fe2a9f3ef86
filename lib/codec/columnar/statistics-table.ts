import type { SeriesStatistics } from "../column.js";
import { emptyStatistics } from "../statistics.js";
import { VarintReader, VarintWriter } from "./varint.js";

/** Statistics are stored as doubles, not as integers at a scale. */
const NO_SCALE = 0;
/** Averages that are further from what sum and count give than this many steps between doubles go as doubles. */
const MAX_STEPS = 2 ** 40;

const writer = new VarintWriter();
const pair = new Float64Array(2);
const words = new Uint32Array(pair.buffer);

/**
 * Statistics of a column's series, as the index holds them: how many samples each series misses, then minimum, maximum
 * and average of those that have any, as integers at `scale` where that is exact, else as doubles.
 */
export function writeStatistics(
	statistics: SeriesStatistics,
	lengths: Uint32Array,
	scale: number,
): Uint8Array {
	return (
		(scale > 0 ? write(statistics, lengths, scale) : undefined) ??
		(write(statistics, lengths, NO_SCALE) as Uint8Array)
	);
}

/**
 * The inverse of {@link writeStatistics}.
 *
 * @throws RangeError when the bytes are not such statistics.
 */
export function readStatistics(
	bytes: Uint8Array,
	lengths: Uint32Array,
): SeriesStatistics {
	const reader = new VarintReader(bytes);
	const series = lengths.length;
	const statistics = emptyStatistics(series);
	const { avg, min, max, count } = statistics;
	for (let i = 0; i < series; i++) {
		const missing = reader.read();
		if (missing > lengths[i])
			throw new RangeError("a series misses more samples than it has");
		count[i] = lengths[i] - missing;
		if (count[i] === 0) avg[i] = min[i] = max[i] = Number.NaN;
	}
	const scale = reader.read();
	if (scale === NO_SCALE) {
		for (const values of [min, max, avg])
			for (let i = 0; i < series; i++)
				if (count[i] > 0) values[i] = readDouble(reader);
	} else {
		let previous = 0;
		for (let i = 0; i < series; i++) {
			if (count[i] === 0) continue;
			previous += reader.readSigned();
			min[i] = previous / scale;
			max[i] = (previous + reader.read()) / scale;
			const sum = previous * count[i] + reader.readSigned();
			avg[i] = stepBy(sum / scale / count[i], reader.readSigned());
		}
	}
	reader.end();
	return statistics;
}

/** @returns undefined when the statistics are no integers at `scale`. */
function write(
	{ avg, min, max, count }: SeriesStatistics,
	lengths: Uint32Array,
	scale: number,
): Uint8Array | undefined {
	writer.reset();
	for (let i = 0; i < count.length; i++) writer.write(lengths[i] - count[i]);
	writer.write(scale);
	if (scale === NO_SCALE) {
		for (const values of [min, max, avg])
			for (let i = 0; i < count.length; i++)
				if (count[i] > 0) writeDouble(values[i]);
		return writer.written().slice();
	}
	let previous = 0;
	for (let i = 0; i < count.length; i++) {
		if (count[i] === 0) continue;
		const low = integerAt(min[i], scale);
		const high = integerAt(max[i], scale);
		const sum = Math.round(avg[i] * scale * count[i]);
		const steps = stepsBetween(sum / scale / count[i], avg[i]);
		if (
			low === undefined ||
			high === undefined ||
			!Number.isSafeInteger(sum) ||
			!Number.isSafeInteger(low * count[i]) ||
			Math.abs(sum - low * count[i]) >= 2 ** 52 ||
			steps === undefined
		)
			return undefined;
		writer.writeSigned(low - previous);
		writer.write(high - low);
		writer.writeSigned(sum - low * count[i]);
		writer.writeSigned(steps);
		previous = low;
	}
	return writer.written().slice();
}

/** The integer that `value` is at `scale`, if it is one and small enough for its differences to be exact. */
function integerAt(value: number, scale: number): number | undefined {
	const integer = Math.round(value * scale);
	return integer / scale === value &&
		Math.abs(integer) < 2 ** 51 &&
		!Object.is(value, -0)
		? integer + 0
		: undefined;
}

/** How many doubles `to` lies behind `from`, counting away from zero; undefined when it is many or their signs differ. */
function stepsBetween(from: number, to: number): number | undefined {
	pair[0] = from;
	pair[1] = to;
	if ((words[1] ^ words[3]) >>> 31 !== 0) return undefined;
	const steps = (words[3] - words[1]) * 2 ** 32 + (words[2] - words[0]);
	return Math.abs(steps) < MAX_STEPS ? steps : undefined;
}

function stepBy(from: number, steps: number): number {
	pair[0] = from;
	const low = words[0] + steps;
	words[1] += Math.floor(low / 2 ** 32);
	words[0] = low - Math.floor(low / 2 ** 32) * 2 ** 32;
	return pair[0];
}

const double = new Uint8Array(8);
const doubleView = new DataView(double.buffer);

function writeDouble(value: number): void {
	doubleView.setFloat64(0, value, true);
	writer.writeBytes(double);
}

function readDouble(reader: VarintReader): number {
	double.set(reader.readBytes(8));
	return doubleView.getFloat64(0, true);
}

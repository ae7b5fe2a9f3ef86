import { BitReader, BitWriter } from "./bits.js";
import {
	type Buckets,
	bucketStarts,
	bucketTable,
	divideIntoBuckets,
	MAX_TABLE_BINS,
} from "./buckets.js";
import {
	CODED_BUCKETS,
	CONTEXT_CLASSES,
	decodeBuckets,
	encodeBuckets,
} from "./context-coder.js";
import { Scratch } from "./scratch.js";
import { VarintReader, VarintWriter } from "./varint.js";

/** Columns whose integers lie further apart are not coded this way. */
const MAX_RANGE = 2 ** 30;

const numberScratch = new Scratch(Uint32Array);
const levelScratch = new Scratch(Uint32Array);
const bucketScratch = new Scratch(Uint8Array);
const offsetScratch = new Scratch(Uint8Array);
const codedTable = new Uint8Array(MAX_TABLE_BINS);
const classTable = new Uint8Array(MAX_TABLE_BINS);
const head = new VarintWriter();

/** The three frames of a column that is coded by context. Views, valid until the next call. */
export interface ContextualFrames {
	/** Bases and buckets. */
	head: Uint8Array;
	/** Buckets of all samples, arithmetically coded. */
	code: Uint8Array;
	/** Places within the buckets, as bits. */
	offsets: Uint8Array;
}

interface Range {
	base: number;
	span: number;
}

/** A column's levels, divided into classes. */
export interface ClassedLevels {
	range: Range;
	buckets: Buckets;
	/** One a sample. */
	classes: Uint8Array;
}

/**
 * Codes a column by context: each sample's level, or step from the sample before, falls into one of 32 buckets of about
 * equal population; the bucket is predicted from the samples before and from another column, the place within it is not.
 *
 * @param own what {@link classifyLevels} found, if that is known already.
 * @param maxBytes what the frames may take to be of use.
 * @returns undefined when they would probably take more, or the integers lie too far apart.
 */
export function encodeContextual(
	integers: Int32Array,
	byDelta: boolean,
	own: ClassedLevels | undefined,
	otherClasses: Uint8Array | null,
	maxBytes: number,
): ContextualFrames | undefined {
	const range = own?.range ?? rangeOf(integers);
	if (range === undefined) return undefined;
	const count = integers.length;
	const levels = levelsOf(integers, range.base);
	head.reset();
	head.writeSigned(range.base);

	let numbers = levels;
	let highest = range.span;
	let levelClasses: Uint8Array | null = null;
	if (byDelta) {
		const { buckets, classes } = own ?? classify(levels, range);
		levelClasses = classes;
		writeBuckets(buckets);
		numbers = numberScratch.take(count);
		const steps = stepsAbove(levels, numbers);
		head.writeSigned(steps.base);
		highest = steps.span;
	}
	const divided = divideIntoBuckets(numbers, highest, CODED_BUCKETS);
	writeBuckets(divided);
	const buckets = bucketScratch.take(count);
	const offsets = splitNumbers(numbers, divided, buckets);
	const code = encodeBuckets(
		buckets,
		{ classOfBucket: classOfBucket(divided), levelClasses, otherClasses },
		maxBytes - head.written().length - offsets.length,
	);
	return code && { head: head.written(), code, offsets };
}

/** Divides a column's levels into classes. undefined: they lie too far apart. */
export function classifyLevels(
	integers: Int32Array,
): ClassedLevels | undefined {
	const range = rangeOf(integers);
	return range && classify(levelsOf(integers, range.base), range);
}

/**
 * The inverse of {@link encodeContextual}.
 *
 * @throws RangeError when the frames contradict themselves.
 */
export function decodeContextual(
	frames: ContextualFrames,
	byDelta: boolean,
	otherClasses: Uint8Array | null,
	integers: Int32Array,
): void {
	const reader = new VarintReader(frames.head);
	const base = reader.readSigned();
	const levelBuckets = byDelta
		? readBuckets(reader, CONTEXT_CLASSES)
		: undefined;
	const stepBase = byDelta ? reader.readSigned() : 0;
	const divided = readBuckets(reader, CODED_BUCKETS);
	reader.end();
	const starts = bucketStarts(divided);
	const widths = divided.widthLogs.map((log) => log + divided.binShift);
	const offsets = new BitReader(frames.offsets);
	const buckets = bucketScratch.take(integers.length);
	const neighbourhood = { classOfBucket: classOfBucket(divided), otherClasses };
	if (levelBuckets === undefined) {
		decodeBuckets(frames.code, buckets, neighbourhood, null);
		for (let i = 0; i < integers.length; i++) {
			const bucket = checkedBucket(buckets[i]);
			integers[i] = base + starts[bucket] + offsets.read(widths[bucket]);
		}
		return;
	}
	const classes = bucketTable(levelBuckets, classTable);
	let level = 0;
	decodeBuckets(frames.code, buckets, neighbourhood, (i, coded) => {
		const bucket = checkedBucket(coded);
		level += stepBase + starts[bucket] + offsets.read(widths[bucket]);
		integers[i] = base + level;
		return classes[level >>> levelBuckets.binShift] ?? 0;
	});

	function checkedBucket(bucket: number): number {
		if (bucket >= starts.length)
			throw new RangeError(`bucket ${bucket} does not exist`);
		return bucket;
	}
}

function rangeOf(integers: Int32Array): Range | undefined {
	let min = integers[0] ?? 0;
	let max = min;
	for (let i = 1; i < integers.length; i++) {
		const integer = integers[i];
		if (integer < min) min = integer;
		if (integer > max) max = integer;
	}
	return max - min < MAX_RANGE ? { base: min, span: max - min } : undefined;
}

function levelsOf(integers: Int32Array, base: number): Uint32Array {
	const levels = levelScratch.take(integers.length);
	for (let i = 0; i < integers.length; i++) levels[i] = integers[i] - base;
	return levels;
}

/** Steps from level to level, the first from 0, above the smallest of them. */
function stepsAbove(levels: Uint32Array, numbers: Uint32Array): Range {
	let min = 0;
	let max = 0;
	let previous = 0;
	for (let i = 0; i < levels.length; i++) {
		const step = levels[i] - previous;
		if (step < min) min = step;
		if (step > max) max = step;
		previous = levels[i];
	}
	previous = 0;
	for (let i = 0; i < levels.length; i++) {
		numbers[i] = levels[i] - previous - min;
		previous = levels[i];
	}
	return { base: min, span: max - min };
}

function classify(levels: Uint32Array, range: Range): ClassedLevels {
	const buckets = divideIntoBuckets(levels, range.span, CONTEXT_CLASSES);
	const { binShift } = buckets;
	const table = bucketTable(buckets, classTable);
	const classes = new Uint8Array(levels.length);
	for (let i = 0; i < levels.length; i++)
		classes[i] = table[levels[i] >>> binShift];
	return { range, buckets, classes };
}

/** Tells the bucket that each number falls in. @returns the places within them, packed: a view. */
function splitNumbers(
	numbers: Uint32Array,
	divided: Buckets,
	buckets: Uint8Array,
): Uint8Array {
	const table = bucketTable(divided, codedTable);
	const starts = bucketStarts(divided);
	const widths = Uint8Array.from(
		divided.widthLogs,
		(log) => log + divided.binShift,
	);
	const { binShift } = divided;
	const writer = new BitWriter(offsetScratch.take(4 * numbers.length + 8));
	for (let i = 0; i < numbers.length; i++) {
		const bucket = table[numbers[i] >>> binShift];
		buckets[i] = bucket;
		writer.write(numbers[i] - starts[bucket], widths[bucket]);
	}
	return writer.finish();
}

function classOfBucket({ widthLogs }: Buckets): Uint8Array {
	const shift = widthLogs.length > CONTEXT_CLASSES ? 1 : 0;
	return Uint8Array.from({ length: CODED_BUCKETS }, (_, bucket) =>
		Math.min(bucket >> shift, CONTEXT_CLASSES - 1),
	);
}

function writeBuckets({ binShift, widthLogs }: Buckets): void {
	head.write(binShift);
	head.write(widthLogs.length);
	for (const log of widthLogs) head.write(log);
}

function readBuckets(reader: VarintReader, maxBuckets: number): Buckets {
	const binShift = reader.read();
	const count = reader.read();
	if (binShift > 15 || count > maxBuckets)
		throw new RangeError("there are no such buckets");
	const widthLogs: number[] = [];
	let bins = 0;
	for (let i = 0; i < count; i++) {
		const log = reader.read();
		bins += 2 ** log;
		if (bins > MAX_TABLE_BINS) throw new RangeError("buckets are too wide");
		widthLogs.push(log);
	}
	return { binShift, widthLogs };
}

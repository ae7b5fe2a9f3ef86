import { Scratch } from "./scratch.js";

/** Buckets that a sample can fall into, and binary decisions that tell which. */
export const CODED_BUCKETS = 32;
const DECISIONS = 5;
/** Classes of neighbouring samples that make up a context. */
export const CONTEXT_CLASSES = 16;
const CONTEXTS = CONTEXT_CLASSES * CONTEXT_CLASSES;

/** A chance of one half that nothing is known of yet. Chances have 16 bits, below them lies an 8-bit count. */
const UNKNOWN = 0x8000 << 8;
const WEIGHT_ONE = 2 ** 16;
/** Both models count for a little more than half at first. */
const FIRST_WEIGHT = 0.65 * WEIGHT_ONE;
/** Logits run from -8 to 8, in steps of 1/256. */
const LOGIT_LIMIT = 2047;

/** Logit of a chance, by its upper 12 bits. */
const LOGITS = Int16Array.from({ length: 4096 }, (_, upper) => {
	const chance = (upper + 0.5) / 4096;
	const logit = Math.round(256 * Math.log(chance / (1 - chance)));
	return Math.max(-LOGIT_LIMIT, Math.min(LOGIT_LIMIT, logit));
});
/** Chance of a logit, the inverse, at `logit + LOGIT_LIMIT`. */
const CHANCES = Uint16Array.from({ length: 2 * LOGIT_LIMIT + 1 }, (_, i) =>
	Math.round(65_536 / (1 + Math.exp((LOGIT_LIMIT - i) / 256))),
);
/** By how much a chance moves towards what happened, of 32,768, when that happened `count` times before. */
const STEPS = Int32Array.from({ length: 256 }, (_, count) =>
	Math.floor(32_768 / (count + 1.5)),
);

const chancesA = new Int32Array(CONTEXTS * CODED_BUCKETS);
const chancesB = new Int32Array(CONTEXTS * CODED_BUCKETS);
const weights = new Int32Array(2 * CODED_BUCKETS);
const codeScratch = new Scratch(Uint8Array);

/**
 * What the buckets of a column are told from: the classes of the sample before and the one before that, the level of
 * the sample before, and the class of another column's sample at the same place.
 */
export interface Neighbourhood {
	/** Class of each bucket. */
	classOfBucket: Uint8Array;
	/** Class of each sample's level, when levels are not what the buckets hold; read one sample behind. */
	levelClasses: Uint8Array | null;
	/** Class of the other column's samples. */
	otherClasses: Uint8Array | null;
}

/**
 * Codes one bucket a sample. Each takes five binary decisions, the high bit first; the chance of each is mixed from two
 * adaptive chances with different contexts, and coded arithmetically: an interval of 32-bit numbers is divided in
 * proportion to the chances, and the bytes that its ends share are put out. A chance adapts as a plain average does for
 * its first 250 bits; weights learn by 1/2^14 of error times logit.
 *
 * @param maxBytes what the code may take to be of use.
 * @returns the code: a view, valid until the next call. undefined: after a quarter of the samples it was on the way to
 * take more than `maxBytes`, judged by the second eighth, when most is learnt.
 */
export function encodeBuckets(
	buckets: Uint8Array,
	{ classOfBucket, levelClasses, otherClasses }: Neighbourhood,
	maxBytes = Number.POSITIVE_INFINITY,
): Uint8Array | undefined {
	const code = codeScratch.take(2 * DECISIONS * buckets.length + 8);
	resetModel();
	let length = 0;
	let low = 0;
	let high = -1;
	let before = 0;
	let secondBefore = 0;
	const quarter = buckets.length >> 2;
	const eighth = quarter >> 1;
	let bytesAtEighth = 0;
	for (let i = 0; i < buckets.length; i++) {
		if (i === eighth) bytesAtEighth = length;
		else if (i === quarter && length + 6 * (length - bytesAtEighth) > maxBytes)
			return undefined;
		const bucket = buckets[i];
		const level = levelClasses === null ? before : i && levelClasses[i - 1];
		const other = otherClasses === null ? 0 : otherClasses[i];
		const contextA = (level * 16 + other) * 32;
		const contextB = (before * 16 + secondBefore) * 32;
		let node = 1;
		for (let decision = 4; decision >= 0; decision--) {
			const bit = (bucket >> decision) & 1;
			const stateA = chancesA[contextA + node];
			const stateB = chancesB[contextB + node];
			const logitA = LOGITS[stateA >> 12];
			const logitB = LOGITS[stateB >> 12];
			const weightA = weights[node];
			const weightB = weights[32 + node];
			let mixed =
				(Math.imul(logitA, weightA) + Math.imul(logitB, weightB)) >> 16;
			if (mixed > 2047) mixed = 2047;
			else if (mixed < -2047) mixed = -2047;
			const chance = CHANCES[mixed + 2047];

			const range = (high - low) | 0;
			const middle =
				(low +
					Math.imul(range >>> 16, chance) +
					(Math.imul(range & 0xffff, chance) >>> 16)) |
				0;
			// Bits are hard to foresee, for branches too.
			const one = -bit;
			high = (middle & one) | (high & ~one);
			low = (low & one) | ((middle + 1) & ~one);
			while (((low ^ high) & 0xff000000) === 0) {
				code[length++] = high >>> 24;
				low <<= 8;
				high = (high << 8) | 0xff;
			}

			const target = bit << 16;
			const error = target - chance;
			weights[node] = weightA + ((Math.imul(error, logitA) + 8192) >> 14);
			weights[32 + node] = weightB + ((Math.imul(error, logitB) + 8192) >> 14);
			const countA = stateA & 0xff;
			const countB = stateB & 0xff;
			const chanceA = stateA >> 8;
			const chanceB = stateB >> 8;
			chancesA[contextA + node] =
				((chanceA + (Math.imul(target - chanceA, STEPS[countA]) >> 15)) << 8) |
				(countA < 250 ? countA + 1 : countA);
			chancesB[contextB + node] =
				((chanceB + (Math.imul(target - chanceB, STEPS[countB]) >> 15)) << 8) |
				(countB < 250 ? countB + 1 : countB);
			node = (node << 1) | bit;
		}
		secondBefore = before;
		before = classOfBucket[bucket];
	}
	// Decoders read zeros behind the end: one byte is enough to fall between the interval's ends.
	code[length++] = (low >>> 24) + 1;
	return code.subarray(0, length);
}

/**
 * The inverse of {@link encodeBuckets}. A code that is cut short or forged gives some buckets, never an error.
 *
 * @param levelClassAfter is told each bucket as it is decoded and returns the class of the sample's level, where levels
 * are not what the buckets hold.
 */
export function decodeBuckets(
	code: Uint8Array,
	buckets: Uint8Array,
	{
		classOfBucket,
		otherClasses,
	}: Pick<Neighbourhood, "classOfBucket" | "otherClasses">,
	levelClassAfter: ((i: number, bucket: number) => number) | null,
): void {
	resetModel();
	let position = 0;
	let value = 0;
	for (; position < 4; position++)
		value = (value << 8) | (position < code.length ? code[position] : 0);
	let low = 0;
	let high = -1;
	let before = 0;
	let secondBefore = 0;
	let level = 0;
	for (let i = 0; i < buckets.length; i++) {
		const other = otherClasses === null ? 0 : otherClasses[i];
		const contextA = (level * 16 + other) * 32;
		const contextB = (before * 16 + secondBefore) * 32;
		let node = 1;
		while (node < CODED_BUCKETS) {
			const stateA = chancesA[contextA + node];
			const stateB = chancesB[contextB + node];
			const logitA = LOGITS[stateA >> 12];
			const logitB = LOGITS[stateB >> 12];
			const weightA = weights[node];
			const weightB = weights[32 + node];
			let mixed =
				(Math.imul(logitA, weightA) + Math.imul(logitB, weightB)) >> 16;
			if (mixed > 2047) mixed = 2047;
			else if (mixed < -2047) mixed = -2047;
			const chance = CHANCES[mixed + 2047];

			const range = (high - low) | 0;
			const part =
				(Math.imul(range >>> 16, chance) +
					(Math.imul(range & 0xffff, chance) >>> 16)) |
				0;
			const bit = (value - low) >>> 0 <= part >>> 0 ? 1 : 0;
			const one = -bit;
			high = ((low + part) & one) | (high & ~one);
			low = (low & one) | ((low + part + 1) & ~one);
			while (((low ^ high) & 0xff000000) === 0) {
				low <<= 8;
				high = (high << 8) | 0xff;
				value = (value << 8) | (position < code.length ? code[position] : 0);
				position++;
			}

			const target = bit << 16;
			const error = target - chance;
			weights[node] = weightA + ((Math.imul(error, logitA) + 8192) >> 14);
			weights[32 + node] = weightB + ((Math.imul(error, logitB) + 8192) >> 14);
			const countA = stateA & 0xff;
			const countB = stateB & 0xff;
			const chanceA = stateA >> 8;
			const chanceB = stateB >> 8;
			chancesA[contextA + node] =
				((chanceA + (Math.imul(target - chanceA, STEPS[countA]) >> 15)) << 8) |
				(countA < 250 ? countA + 1 : countA);
			chancesB[contextB + node] =
				((chanceB + (Math.imul(target - chanceB, STEPS[countB]) >> 15)) << 8) |
				(countB < 250 ? countB + 1 : countB);
			node = (node << 1) | bit;
		}
		const bucket = node - CODED_BUCKETS;
		buckets[i] = bucket;
		secondBefore = before;
		before = classOfBucket[bucket];
		level = levelClassAfter === null ? before : levelClassAfter(i, bucket);
	}
}

/**
 * Makes the model know nothing. The loops above are each other's mirror, call no helpers and spell numbers out: with
 * helpers and named numbers, which compiled code looks up each time, they would take half as long again.
 */
function resetModel(): void {
	chancesA.fill(UNKNOWN);
	chancesB.fill(UNKNOWN);
	weights.fill(FIRST_WEIGHT);
}

// The fast kernels of lib/codec/columnar, written as plainly as possible and one step at a time. They are the oracle:
// both must give the same bytes.

/** Integers at a scale, by the definition: the integer whose quotient is the sample, bit for bit. */
export function referenceIntegers(
	samples: readonly number[],
	scale: number,
): { integers: number[]; exceptions: [position: number, value: number][] } {
	const integers: number[] = [];
	const exceptions: [number, number][] = [];
	for (const value of samples.filter((sample) => !Number.isNaN(sample))) {
		const integer = Math.round(value * scale) + 0;
		const fits =
			Object.is(integer / scale, value) &&
			integer >= -(2 ** 31) &&
			integer < 2 ** 31;
		if (!fits) exceptions.push([integers.length, value]);
		integers.push(fits ? integer : (integers.at(-1) ?? 0));
	}
	return { integers, exceptions };
}

/** Sum, minimum and maximum. */
export type Tally = [sum: number, min: number, max: number];

/** The integers at a scale, and what they add to a tally, up to the first sample that is none. */
export function referenceTaken(
	samples: readonly number[],
	scale: number,
	tally: Tally,
): number[] {
	const { integers, exceptions } = referenceIntegers(
		samples.map((value) => (Number.isNaN(value) ? -0 : value)),
		scale,
	);
	const end = exceptions.length > 0 ? exceptions[0][0] : samples.length;
	referenceSums(samples.slice(0, end), tally);
	return integers.slice(0, end);
}

/** Adds samples to a tally, up to the first one that is missing. @returns how many. */
export function referenceSums(
	samples: readonly number[],
	tally: Tally,
): number {
	let taken = 0;
	for (const value of samples) {
		if (Number.isNaN(value)) break;
		tally[0] += value;
		if (value < tally[1]) tally[1] = value;
		if (value > tally[2]) tally[2] = value;
		taken++;
	}
	return taken;
}

/** Places of the samples that differ from the one before in that they are missing, or there. */
export function referenceEdges(
	samples: readonly number[],
	missing: boolean,
): number[] {
	return [...samples.keys()].filter((i) => {
		const before = i === 0 ? missing : Number.isNaN(samples[i - 1]);
		return Number.isNaN(samples[i]) !== before;
	});
}

/** Distinct values, ascending, with -0 before 0; undefined when there are too many, or when they seldom come back. */
export function referenceDictionary(
	samples: readonly number[],
): number[] | undefined {
	const count = samples.length;
	if (count > 256) {
		const step = Math.floor(count / 256);
		const probed = new Set(
			Array.from({ length: 256 }, (_, i) => samples[i * step]),
		);
		if (probed.size > 128) return undefined;
	}
	const values: number[] = [];
	for (const value of samples)
		if (!values.some((known) => Object.is(known, value))) values.push(value);
	if (values.length > count * (count <= 256 ? 3 / 4 : 1 / 4)) return undefined;
	return [...Float64Array.from(values).sort()];
}

/** The transform and width of the lowest plane by which a few windows of a column take the fewest bits. */
export function referenceChoice(integers: Int32Array): {
	transform: string;
	lowBits: number;
	bits: number;
} {
	const window = windowsOf(integers);
	const least = Math.min(...window);
	const levels = window.map((integer) => integer - least);
	const deltas = window
		.slice(1)
		.map((integer, i) => fold(wrap(integer - window[i])));
	return [
		{ transform: "level", numbers: levels },
		{ transform: "delta", numbers: deltas },
	]
		.flatMap(({ transform, numbers }) =>
			[8, 6].map((lowBits) => ({
				transform,
				lowBits,
				bits: planeBits(numbers, lowBits),
			})),
		)
		.reduce((best, choice) => (choice.bits < best.bits ? choice : best));
}

/** Bits a sample that the distances to another column take; infinitely many when few samples are the same. */
export function referenceDifferenceBits(
	integers: Int32Array,
	reference: Int32Array,
): number {
	const step = Math.max(1, Math.floor(integers.length / 32));
	const probed = [...integers.keys()].filter((i) => i % step === 0);
	const same = probed.filter((i) => integers[i] === reference[i]);
	if (same.length < probed.length / 4) return Number.POSITIVE_INFINITY;
	const others = windowsOf(reference);
	return planeBits(
		windowsOf(integers).map((integer, i) => fold(wrap(integer - others[i]))),
		8,
	);
}

/** Four windows of 256, or all when there are no more than that. */
function windowsOf(integers: Int32Array): number[] {
	if (integers.length <= 1024) return [...integers];
	const stride = Math.floor((integers.length - 256) / 3);
	return [0, 1, 2, 3].flatMap((window) => [
		...integers.subarray(window * stride, window * stride + 256),
	]);
}

/** Miller and Madow's estimate for each plane. */
function planeBits(numbers: readonly number[], lowBits: number): number {
	const count = numbers.length;
	if (count === 0) return 0;
	let all = 0;
	for (const plane of referencePlanes(numbers, lowBits)) {
		const times = new Array(256).fill(0);
		for (const value of plane) times[value]++;
		// In this order, so that roundings are the same.
		let bits = count * Math.log2(count);
		for (const n of times) if (n > 0) bits -= n * Math.log2(n);
		const distinct = times.filter((n) => n > 0).length;
		all += bits + (distinct - 1) / (2 * Math.LN2);
	}
	return all / count;
}

export function referenceLevels(integers: readonly number[]): number[] {
	const base = Math.min(...integers);
	return integers.map((integer) => integer - base);
}

export function referenceDeltas(integers: readonly number[]): number[] {
	return integers.map((integer, i) =>
		fold(wrap(integer - (i === 0 ? 0 : integers[i - 1]))),
	);
}

export function referenceDifferences(
	integers: readonly number[],
	reference: readonly number[],
): number[] {
	return integers.map((integer, i) => fold(wrap(integer - reference[i])));
}

/** 0, -1, 1, -2 become 0, 1, 2, 3. */
function fold(signed: number): number {
	return signed < 0 ? -2 * signed - 1 : 2 * signed;
}

/** To 32 bits, signed. */
function wrap(integer: number): number {
	return Number(BigInt.asIntN(32, BigInt(integer)));
}

/** Planes of unsigned numbers of any size: the lowest of `lowBits` bits, those above of eight. */
export function referencePlanes(
	numbers: readonly number[],
	lowBits: number,
): Uint8Array[] {
	const planes: Uint8Array[] = [];
	let rest = numbers.map(BigInt);
	let width = BigInt(lowBits);
	while (rest.some((number) => number > 0n)) {
		planes.push(
			Uint8Array.from(rest, (n) => Number(BigInt.asUintN(Number(width), n))),
		);
		rest = rest.map((number) => number >> width);
		width = 8n;
	}
	return planes;
}

/** Byte planes of doubles, lowest byte first. */
export function referenceRawPlanes(samples: readonly number[]): Uint8Array[] {
	return Array.from({ length: 8 }, (_, plane) =>
		Uint8Array.from(samples, (value) => {
			const view = new DataView(new ArrayBuffer(8));
			view.setFloat64(0, value, true);
			return view.getUint8(plane);
		}),
	);
}

/** The model of context coding as format.md describes it, a bit at a time. */
class ReferenceModel {
	#a = new Map<number, { chance: number; count: number }>();
	#b = new Map<number, { chance: number; count: number }>();
	#weights = new Map<number, [number, number]>();

	/** The chance of a 1, and how to tell the model what came. */
	at(contextA: number, contextB: number, node: number) {
		const a = entry(this.#a, contextA * 32 + node);
		const b = entry(this.#b, contextB * 32 + node);
		const weights = this.#weights.get(node) ?? [42598, 42598];
		const [logitA, logitB] = [logit(a.chance), logit(b.chance)];
		const mixed = clamp((logitA * weights[0] + logitB * weights[1]) >> 16);
		const chance = Math.round(65536 / (1 + Math.exp(-mixed / 256)));
		const learn = (bit: number) => {
			const error = bit * 65536 - chance;
			this.#weights.set(node, [
				weights[0] + ((error * logitA + 8192) >> 14),
				weights[1] + ((error * logitB + 8192) >> 14),
			]);
			for (const state of [a, b]) {
				const step = Math.floor(32768 / (state.count + 1.5));
				state.chance += Math.floor(
					((bit * 65536 - state.chance) * step) / 32768,
				);
				if (state.count < 250) state.count++;
			}
		};
		return { chance, learn };
	}
}

function entry(
	states: Map<number, { chance: number; count: number }>,
	key: number,
) {
	let state = states.get(key);
	if (state === undefined) {
		state = { chance: 32768, count: 0 };
		states.set(key, state);
	}
	return state;
}

function logit(chance: number): number {
	const middle = (Math.floor(chance / 16) + 0.5) / 4096;
	return clamp(Math.round(256 * Math.log(middle / (1 - middle))));
}

function clamp(value: number): number {
	return Math.max(-2047, Math.min(2047, value));
}

/** Codes buckets with exact integers of any size instead of 32-bit arithmetic. */
export function referenceCode(
	buckets: readonly number[],
	classOfBucket: readonly number[],
	levelClasses: readonly number[] | null,
	otherClasses: readonly number[] | null,
): Uint8Array {
	const model = new ReferenceModel();
	const code: number[] = [];
	let low = 0n;
	let high = 0xffffffffn;
	let before = 0;
	let secondBefore = 0;
	buckets.forEach((bucket, i) => {
		const level =
			levelClasses === null ? before : i === 0 ? 0 : levelClasses[i - 1];
		const contextA = level * 16 + (otherClasses === null ? 0 : otherClasses[i]);
		const contextB = before * 16 + secondBefore;
		let node = 1;
		for (const bit of bucket
			.toString(2)
			.padStart(5, "0")
			.split("")
			.map(Number)) {
			const { chance, learn } = model.at(contextA, contextB, node);
			const range = high - low;
			const middle =
				low +
				(range >> 16n) * BigInt(chance) +
				(((range & 0xffffn) * BigInt(chance)) >> 16n);
			if (bit === 1) high = middle;
			else low = middle + 1n;
			while (low >> 24n === high >> 24n) {
				code.push(Number(high >> 24n));
				low = (low << 8n) & 0xffffffffn;
				high = ((high << 8n) & 0xffffffffn) | 0xffn;
			}
			learn(bit);
			node = 2 * node + bit;
		}
		secondBefore = before;
		before = classOfBucket[bucket];
	});
	code.push(Number(low >> 24n) + 1);
	return Uint8Array.from(code);
}

/** Packs numbers bit by bit, lowest first. */
export function referenceBits(
	numbers: readonly [value: number, width: number][],
): Uint8Array {
	const bits = numbers.flatMap(([value, width]) =>
		Array.from({ length: width }, (_, i) => Math.floor(value / 2 ** i) % 2),
	);
	const bytes = new Uint8Array(Math.ceil(bits.length / 8));
	bits.forEach((bit, i) => {
		bytes[i >> 3] |= bit << (i & 7);
	});
	return bytes;
}

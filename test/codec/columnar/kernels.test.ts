import { expect } from "chai";
import fc from "fast-check";
import { BitReader, BitWriter } from "../../../lib/codec/columnar/bits.js";
import {
	chooseTransform,
	differenceBits,
} from "../../../lib/codec/columnar/choice.js";
import {
	decodeBuckets,
	encodeBuckets,
} from "../../../lib/codec/columnar/context-coder.js";
import {
	buildDictionary,
	dictionaryRoom,
} from "../../../lib/codec/columnar/dictionary.js";
import { GapTable } from "../../../lib/codec/columnar/gaps.js";
import {
	MAX_PLANES,
	planesOfDeltas,
	planesOfDifferences,
	planesOfLevels,
} from "../../../lib/codec/columnar/integer-planes.js";
import { divideBy } from "../../../lib/codec/columnar/integer-samples.js";
import { kernels } from "../../../lib/codec/columnar/kernels.js";
import {
	gatherSamples,
	placementIn,
	placementOf,
	placeSamples,
	spread,
} from "../../../lib/codec/columnar/placement.js";
import {
	integersFromDeltas,
	integersFromDifferences,
	integersFromLevels,
	type Planes,
} from "../../../lib/codec/columnar/plane-integers.js";
import { findPresence } from "../../../lib/codec/columnar/presence.js";
import { reciprocalOf } from "../../../lib/codec/columnar/quotients.js";
import { joinRaw, splitRaw } from "../../../lib/codec/columnar/raw-planes.js";
import {
	exceptionsFound,
	scanPlain,
	scanScaled,
} from "../../../lib/codec/columnar/scan.js";
import {
	fromWideDeltas,
	joinWide,
	splitWide,
	toWideDeltas,
} from "../../../lib/codec/columnar/wide-integers.js";
import {
	BLOCK_SAMPLES,
	takeRoom,
	workspace,
} from "../../../lib/codec/columnar/workspace.js";
import {
	emptyStatistics,
	measureColumn,
} from "../../../lib/codec/statistics.js";
import { nodeColumn } from "../../support/columnar-files.js";
import {
	referenceBits,
	referenceChoice,
	referenceCode,
	referenceDeltas,
	referenceDictionary,
	referenceDifferenceBits,
	referenceDifferences,
	referenceEdges,
	referenceIntegers,
	referenceLevels,
	referencePlanes,
	referenceRawPlanes,
	referenceSums,
	referenceTaken,
	type Tally,
} from "./reference-kernels.js";

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const integers = fc.oneof(
	fc.array(fc.oneof(int32, fc.integer({ min: -300, max: 300 })), {
		minLength: 1,
		maxLength: 70,
	}),
	fc.array(fc.integer({ min: -300, max: 300 }), {
		minLength: 1,
		maxLength: 70,
	}),
);
const lowBits = fc.integer({ min: 1, max: 8 });

/** Samples most of which are integers at `scale`: one that is not is mostly far from the first. */
const scaled = fc
	.constantFrom(1, 10, 100, 1000, 60, 1024, 1e6)
	.chain((scale) =>
		fc.record({
			scale: fc.constant(scale),
			samples: fc.array(
				fc.oneof(
					{ weight: 12, arbitrary: fc.integer({ min: -1e5, max: 1e5 }) },
					{ weight: 6, arbitrary: int32 },
					{ weight: 6, arbitrary: fc.constant(0) },
					{
						weight: 1,
						arbitrary: fc.oneof(
							fc.double(),
							fc.integer({ min: -3, max: 3 }).map((i) => 2 ** 31 + i),
							fc.integer({ min: -3, max: 3 }).map((i) => i - 2 ** 31),
							fc.integer({ min: -3, max: 3 }).map((i) => 2 ** 32 + i),
							fc.integer({ min: -3, max: 3 }).map((i) => 2 ** 51 + i),
							fc.integer().map((i) => i + 0.5),
							fc.integer().map((i) => i * (1 + Number.EPSILON)),
							fc.constantFrom(-0, Number.NaN, 5e-324, -5e-324, 2 ** 53),
							fc.constantFrom(Number.POSITIVE_INFINITY, -Infinity, 1e300),
						),
					},
				),
				{ maxLength: 70 },
			),
		}),
	)
	.map(({ scale, samples }) => ({
		scale,
		samples: samples.map((sample) => sample / scale),
	}));

/** The workspace's tally, and one for the plain version. */
function tallies(sum: number): [Float64Array, Tally] {
	const { tally } = workspace;
	const tallied: Tally = [
		sum,
		Number.POSITIVE_INFINITY,
		Number.NEGATIVE_INFINITY,
	];
	tally.set(tallied);
	return [tally, tallied];
}

/** Planes that a fast kernel puts into the workspace. */
function planesOf(
	split: (planes: Uint8Array) => number,
	planes: Uint8Array,
): Uint8Array[] {
	const count = planes.length / MAX_PLANES;
	return Array.from({ length: split(planes) }, (_, plane) =>
		planes.slice(plane * count, (plane + 1) * count),
	);
}

function sameBits(samples: Float64Array, expected: readonly number[]): boolean {
	return (
		samples.length === expected.length &&
		samples.every((value, i) => Object.is(value, expected[i]))
	);
}

describe("columnar kernels give the bytes of their plain versions", () => {
	it("integers of a scale, exceptions and statistics, in one pass", () => {
		const value = fc.oneof(
			fc.double(),
			fc.integer({ min: -1e6, max: 1e6 }).map((i) => i / 100),
			fc.constantFrom(-0, Number.NaN, 2 ** 31, 2 ** 31 / 100, 0.005, 1e300),
		);
		fc.assert(
			fc.property(
				fc.array(fc.array(value, { maxLength: 9 }), {
					minLength: 1,
					maxLength: 4,
				}),
				fc.constantFrom(1, 10, 100, 1000, 60, 1024, 1e6),
				fc.constantFrom(0, BLOCK_SAMPLES - 5),
				(series, scale, more) => {
					const filler = new Array(16 * 40 + more).fill(7);
					const column = nodeColumn("m", [...series, filler, ...series]);
					const expected = referenceIntegers([...column.samples], scale);
					const present = expected.integers.length;
					const { integers } = takeRoom({ integers: column.samples.length });
					const statistics = emptyStatistics(column.lengths.length);
					const presence = findPresence(
						column.samples,
						column.lengths,
						new GapTable(),
					);
					const result = scanScaled(
						column.samples,
						presence,
						scale,
						integers,
						statistics,
					);
					const limit = Math.ceil(column.samples.length / 16);
					if (expected.exceptions.length > limit) {
						expect(result).to.equal("exceptional");
						return;
					}
					expect(result).to.equal("fits");
					expect([...integers.subarray(0, present)]).to.deep.equal(
						expected.integers,
					);
					const { count, positions, values } = exceptionsFound();
					expect([...positions.subarray(0, count)]).to.deep.equal(
						expected.exceptions.map(([position]) => position),
					);
					expect([...values.subarray(0, count)]).to.deep.equal(
						expected.exceptions.map(([, value]) => value),
					);
					expect(statistics).to.deep.equal(measureColumn(column));
					const plain = emptyStatistics(column.lengths.length);
					expect(scanPlain(column.samples, presence, plain)).to.equal("fits");
					expect(plain).to.deep.equal(statistics);
				},
			),
			{ numRuns: 500 },
		);
	});

	it("integers and their tally, up to the first sample that is none", () => {
		fc.assert(
			fc.property(
				scaled,
				fc.nat(3),
				fc.constantFrom(0, 1.5, -0, 1e9),
				({ scale, samples }, start, sum) => {
					const [tally, expected] = tallies(sum);
					const plain = referenceTaken(samples, scale, expected);
					workspace.values.set(samples, start);
					const { integers } = takeRoom({ integers: samples.length });
					integers.fill(-1);
					const { high, low } = reciprocalOf(scale);
					const taken = kernels.takeIntegers(
						workspace.values.byteOffset + 8 * start,
						samples.length,
						scale,
						high,
						low,
						integers.byteOffset,
						tally.byteOffset,
					);
					expect([...integers.subarray(0, taken)]).to.deep.equal(plain);
					expect(sameBits(tally, expected)).to.equal(true);
				},
			),
			{ numRuns: 3000 },
		);
	});

	it("sum, minimum and maximum, up to the first sample that is missing", () => {
		fc.assert(
			fc.property(
				fc.oneof(
					scaled.map(({ samples }) => samples),
					fc.array(fc.constantFrom(0, -0, 1), { maxLength: 20 }),
					fc.array(fc.constantFrom(0, -0, -1), { maxLength: 20 }),
				),
				fc.nat(3),
				fc.constantFrom(0, 1.5, -0, 1e9),
				(samples, start, sum) => {
					const [tally, expected] = tallies(sum);
					const plain = referenceSums(samples, expected);
					workspace.values.set(samples, start);
					const taken = kernels.addUp(
						workspace.values.byteOffset + 8 * start,
						samples.length,
						tally.byteOffset,
					);
					expect(taken).to.equal(plain);
					expect(sameBits(tally, expected)).to.equal(true);
				},
			),
			{ numRuns: 3000 },
		);
	});

	it("where samples begin and cease to be missing", () => {
		fc.assert(
			fc.property(
				fc.array(fc.constantFrom(1, Number.NaN), { maxLength: 70 }),
				fc.boolean(),
				(samples, missing) => {
					const { values, edges } = workspace;
					values.set(samples);
					const count = kernels.findEdges(
						values.byteOffset,
						samples.length,
						missing ? 1 : 0,
						edges.byteOffset,
					);
					expect([...edges.subarray(0, count)]).to.deep.equal(
						referenceEdges(samples, missing),
					);
				},
			),
			{ numRuns: 1000 },
		);
	});

	it("gaps of series of any length", () => {
		const length = fc.oneof(
			fc.nat(70),
			fc.constantFrom(BLOCK_SAMPLES - 1, BLOCK_SAMPLES, BLOCK_SAMPLES + 9),
		);
		fc.assert(
			fc.property(
				fc.array(fc.array(length, { maxLength: 5 }), { maxLength: 4 }),
				(list) => {
					const series = list.map((runs) =>
						runs.flatMap((run, i) =>
							new Array(run).fill(i % 2 === 0 ? 1 : Number.NaN),
						),
					);
					const samples = Float64Array.from(series.flat());
					const lengths = Uint32Array.from(series, ({ length }) => length);
					const { counts, placement } = findPresence(
						samples,
						lengths,
						new GapTable(),
					);
					const present = series.map(
						(own) => own.filter((value) => !Number.isNaN(value)).length,
					);
					expect([...counts]).to.deep.equal(present);
					const { stretches, places } = placement;
					expect(
						stretches.flatMap(({ from, count, to }) =>
							[...places.subarray(from, from + count)].map(
								(place) => to + place,
							),
						),
					).to.deep.equal(
						[...samples.keys()].filter((i) => !Number.isNaN(samples[i])),
					);
				},
			),
			{ numRuns: 200 },
		);
	});

	it("levels, deltas and differences, in planes of any width, and back", () => {
		fc.assert(
			fc.property(integers, integers, lowBits, (values, others, bits) => {
				const count = values.length;
				const room = takeRoom({
					integers: 2 * count,
					planes: MAX_PLANES * count,
				});
				const own = room.integers.subarray(0, count);
				const other = room.integers.subarray(count);
				values.forEach((value, i) => {
					own[i] = value;
					other[i] = others[i % others.length];
				});
				workspace.references.set(other);
				const base = Math.min(...values);
				const cases: {
					fast(width: number, planes: Uint8Array): number;
					plain: number[];
					back(planes: Planes): unknown;
				}[] = [
					{
						fast: (width, planes) => planesOfLevels(own, base, width, planes),
						plain: referenceLevels(values),
						back: (planes) => integersFromLevels(planes, 0, count, base),
					},
					{
						fast: (width, planes) => planesOfDeltas(own, width, planes),
						plain: referenceDeltas(values),
						back: (planes) => integersFromDeltas(planes, 0, count, 0),
					},
					{
						fast: (width, planes) =>
							planesOfDifferences(own, other, width, planes),
						plain: referenceDifferences(values, [...other]),
						back: (planes) => integersFromDifferences(planes, 0, count),
					},
				];
				for (const { fast, plain, back } of cases) {
					// Five planes do not occur: encoders widen the lowest plane instead.
					const width = fast(bits, room.planes) > MAX_PLANES ? 8 : bits;
					const planes = planesOf((to) => fast(width, to), room.planes);
					expect(planes).to.deep.equal(referencePlanes(plain, width));
					room.planes.fill(0, planes.length * count);
					if (planes.length === 0) room.planes.fill(0);
					back({
						bytes: room.planes,
						stride: count,
						planeCount: planes.length,
						lowBits: width,
					});
					expect([...workspace.integers.subarray(0, count)]).to.deep.equal(
						values,
					);
				}
			}),
			{ numRuns: 1000 },
		);
	});

	it("what is missing is noticed, and exceptions are told only of what is there", () => {
		const sample = fc.constantFrom(1, 2, 0.5, Number.NaN);
		const columns = fc.nat(40).chain((length) => {
			const samples = fc.array(sample, {
				minLength: length,
				maxLength: length,
			});
			return fc.tuple(samples, samples, fc.constantFrom(0, BLOCK_SAMPLES));
		});
		fc.assert(
			fc.property(columns, ([before, now, hole]) => {
				const withHole = (samples: number[]) => [
					...samples,
					...new Array(hole).fill(Number.NaN),
					...samples,
				];
				const expected = nodeColumn("before", [withHole(before)]);
				const { samples, lengths } = nodeColumn("now", [withHole(now)]);
				const result = scanScaled(
					samples,
					findPresence(expected.samples, lengths, new GapTable()),
					1,
					takeRoom({ integers: samples.length }).integers,
					emptyStatistics(1),
				);
				const moved = samples.some(
					(value, i) =>
						Number.isNaN(value) !== Number.isNaN(expected.samples[i]),
				);
				const { exceptions } = referenceIntegers([...samples], 1);
				const limit = Math.ceil(samples.length / 16);
				const exceptional = exceptions.length > limit;
				if (!moved)
					expect(result).to.equal(exceptional ? "exceptional" : "fits");
				else expect(result).to.not.equal("fits");
				if (result !== "exceptional") return;
				const { positions } = exceptionsFound();
				expect([...positions.subarray(0, limit)]).to.deep.equal(
					exceptions.slice(0, limit).map(([position]) => position),
				);
			}),
			{ numRuns: 5000 },
		);
	});

	it("transforms and distances by entropy", () => {
		const walk = fc
			.record({
				steps: fc.array(fc.integer({ min: -9, max: 9 }), {
					minLength: 1,
					maxLength: 50,
				}),
				length: fc.oneof(fc.nat(70), fc.integer({ min: 1000, max: 3000 })),
				spread: fc.constantFrom(1, 20, 3000, 2 ** 26),
			})
			.map(({ steps, length, spread }) => {
				let value = 0;
				return Int32Array.from({ length }, (_, i) => {
					value += steps[i % steps.length];
					return (i % 7) * value * spread;
				});
			});
		fc.assert(
			fc.property(walk, fc.nat(3), (own, distance) => {
				expect(chooseTransform(own)).to.deep.equal(referenceChoice(own));
				const other = own.map((value, i) => value + (i % 2) * distance);
				expect(differenceBits(own, other)).to.equal(
					referenceDifferenceBits(own, other),
				);
			}),
			{ numRuns: 500 },
		);
	});

	it("values of a dictionary and their numbers", () => {
		fc.assert(
			fc.property(
				fc.array(fc.oneof(fc.double(), fc.constantFrom(0, -0)), {
					minLength: 1,
					maxLength: 120,
				}),
				fc.oneof(fc.nat(70), fc.integer({ min: 250, max: 1200 })),
				(values, count) => {
					const samples = Float64Array.from(
						{ length: count },
						(_, i) => values[Math.imul(i, i + 3) % values.length],
					);
					const { placement } = findPresence(
						samples,
						Uint32Array.of(count),
						new GapTable(),
					);
					const present = samples.filter((value) => !Number.isNaN(value));
					const room = takeRoom({
						integers: count,
						...dictionaryRoom(count),
					});
					const codes = room.integers.subarray(0, present.length);
					const found = buildDictionary(samples, placement, codes, room);
					const expected = referenceDictionary([...present]);
					expect(found === undefined).to.equal(expected === undefined);
					if (found === undefined || expected === undefined) return;
					expect(sameBits(found, expected)).to.equal(true);
					expect(
						present.every((value, i) => Object.is(found[codes[i]], value)),
					).to.equal(true);
				},
			),
			{ numRuns: 500 },
		);
	});

	it("numbers for values in a hash table that is all but full", () => {
		fc.assert(
			fc.property(
				fc.array(fc.double(), { minLength: 1, maxLength: 7 }),
				fc.integer({ min: 1, max: 7 }),
				(values, limit) => {
					const samples = [...values, ...values.toReversed()];
					const slotBits = 32 - Math.clz32(limit);
					const room = takeRoom({
						integers: samples.length,
						values: limit,
						slots: 2 ** slotBits,
					});
					room.slots.fill(-1);
					workspace.values.set(samples);
					const found = kernels.numberValues(
						workspace.values.byteOffset,
						samples.length,
						room.integers.byteOffset,
						0,
						limit,
						room.values.byteOffset,
						room.slots.byteOffset,
						slotBits,
					);
					const distinct = samples.filter(
						(value, i) =>
							samples.findIndex((other) => Object.is(other, value)) === i,
					);
					expect(found).to.equal(Math.min(distinct.length, limit + 1));
					if (found > limit) return;
					const numbered = [...room.integers].map((code) => room.values[code]);
					expect(sameBits(Float64Array.from(numbered), samples)).to.equal(true);
				},
			),
			{ numRuns: 1000 },
		);
	});

	it("deltas of a later block go on from the one before", () => {
		const count = 2 * BLOCK_SAMPLES + 5;
		const { integers, planes } = takeRoom({
			integers: count,
			planes: MAX_PLANES * count,
		});
		for (let i = 0; i < count; i++) integers[i] = Math.imul(i, 0x9e3779b1);
		const lowBits = 8;
		const planeCount = planesOfDeltas(integers, lowBits, planes);
		let before = 0;
		for (let from = 0; from < count; from += BLOCK_SAMPLES) {
			const length = Math.min(BLOCK_SAMPLES, count - from);
			before = integersFromDeltas(
				{ bytes: planes, stride: count, planeCount, lowBits },
				from,
				length,
				before,
			);
			expect(workspace.integers.slice(0, length)).to.deep.equal(
				integers.slice(from, from + length),
			);
		}
	});

	it("quotients without a division", () => {
		fc.assert(
			fc.property(
				fc.array(fc.oneof(int32, fc.integer({ min: -1e5, max: 1e5 })), {
					maxLength: 100,
				}),
				fc.oneof(
					fc.constantFrom(1, 10, 60, 100, 1024, 1e6, 2 ** 20, 2 ** 40),
					fc.integer({ min: 1, max: 2 ** 21 }),
				),
				(values, scale) => {
					workspace.integers.set(values);
					divideBy(scale)(values.length);
					expect([
						...workspace.values.subarray(0, values.length),
					]).to.deep.equal(values.map((value) => value / scale));
				},
			),
			{ numRuns: 2000 },
		);
	});

	it("samples at their places, however long series and gaps are", () => {
		const length = fc.oneof(
			fc.nat(40),
			fc.constantFrom(BLOCK_SAMPLES - 1, BLOCK_SAMPLES, 2 * BLOCK_SAMPLES + 3),
		);
		const series = fc.tuple(
			fc.array(
				fc.tuple(
					length,
					length.map((missing) => missing + 1),
				),
				{
					maxLength: 4,
				},
			),
			length,
		);
		fc.assert(
			fc.property(
				fc.array(series, { maxLength: 4 }),
				fc.boolean(),
				(list, complete) => {
					const runs = list.map(([pairs]) => (complete ? [] : pairs));
					const expected: number[] = [];
					const fill = (count: number, missing: number) => {
						for (let i = 0; i < count; i++)
							expected.push(expected.length + 0.5);
						for (let i = 0; i < missing; i++) expected.push(Number.NaN);
					};
					const lengths = list.map(([, rest], i) => {
						const start = expected.length;
						for (const [there, missing] of runs[i]) fill(there, missing);
						fill(rest, 0);
						return expected.length - start;
					});
					const there = Float64Array.from(
						expected.filter((value) => !Number.isNaN(value)),
					);
					const placement = placementOf(
						Uint32Array.from(lengths),
						there.length,
						runs.map((pairs) => Uint32Array.from(pairs.flat())),
						complete ? null : Uint32Array.from(list, (_, i) => i),
					);
					const samples = new Float64Array(expected.length).fill(-1);
					placeSamples(placement, samples, (from, count) => {
						workspace.values.set(there.subarray(from, from + count));
					});
					expect(sameBits(samples, expected)).to.equal(true);

					expect(placementIn(samples, there.length)).to.deep.equal(placement);

					for (const stretch of placement.stretches) {
						const { from, count } = stretch;
						gatherSamples(placement, stretch, samples);
						expect(workspace.values.slice(0, count)).to.deep.equal(
							there.slice(from, from + count),
						);
					}

					const moved = new Float64Array(expected.length).fill(-1);
					moved.set(there, expected.length - there.length);
					spread(placement, moved);
					expect(sameBits(moved, expected)).to.equal(true);
				},
			),
			{ numRuns: 200 },
		);
	});

	it("raw doubles in planes, and back", () => {
		fc.assert(
			fc.property(fc.array(fc.double({ noNaN: true })), (values) => {
				const samples = Float64Array.from(values);
				const planes = new Uint8Array(8 * samples.length);
				splitRaw(samples, planes);
				const plain = referenceRawPlanes(values);
				expect(planes).to.deep.equal(
					Uint8Array.from(plain.flatMap((plane) => [...plane])),
				);
				const joined = new Float64Array(samples.length);
				joinRaw(plain, joined);
				expect(joined).to.deep.equal(samples);
			}),
		);
	});

	it("wide integers as deltas in planes, and back", () => {
		const wide = fc.integer({ min: -(2 ** 51) + 1, max: 2 ** 51 - 1 });
		fc.assert(
			fc.property(fc.array(wide, { minLength: 1 }), (values) => {
				const integers = Float64Array.from(values);
				toWideDeltas(integers);
				const folded = values.map((value, i) => {
					const delta = value - (i === 0 ? 0 : values[i - 1]);
					return delta < 0 ? -2 * delta - 1 : 2 * delta;
				});
				expect([...integers]).to.deep.equal(folded);
				const count = values.length;
				const planes = new Uint8Array(7 * count);
				const planeCount = splitWide(integers, planes);
				const fast = Array.from({ length: planeCount }, (_, plane) =>
					planes.slice(plane * count, (plane + 1) * count),
				);
				expect(fast).to.deep.equal(referencePlanes(folded, 8));
				const joined = new Float64Array(count);
				joinWide(fast, joined);
				fromWideDeltas(joined);
				expect([...joined]).to.deep.equal(values);
			}),
		);
	});

	it("buckets by context, and back", () => {
		const byte = (max: number) => fc.nat(max);
		fc.assert(
			fc.property(
				fc.array(fc.tuple(byte(31), byte(15), byte(15)), { maxLength: 400 }),
				fc.boolean(),
				fc.boolean(),
				fc.constantFrom(1, 3, 20),
				(entries, withLevels, withOther, skew) => {
					// Skewed buckets drive chances and weights to their limits.
					const buckets = Uint8Array.from(entries, ([bucket]) =>
						Math.floor(bucket / skew),
					);
					const classes = Uint8Array.from({ length: 32 }, (_, i) => i >> 1);
					const levels = withLevels
						? Uint8Array.from(entries, ([, level]) => level)
						: null;
					const other = withOther
						? Uint8Array.from(entries, ([, , o]) => o)
						: null;
					const code = encodeBuckets(buckets, {
						classOfBucket: classes,
						levelClasses: levels,
						otherClasses: other,
					})?.slice() as Uint8Array;
					expect(code).to.deep.equal(
						referenceCode(
							[...buckets],
							[...classes],
							levels && [...levels],
							other && [...other],
						),
					);
					const decoded = new Uint8Array(buckets.length);
					decodeBuckets(
						code,
						decoded,
						{ classOfBucket: classes, otherClasses: other },
						levels && ((i) => levels[i]),
					);
					expect(decoded).to.deep.equal(buckets);
				},
			),
			{ numRuns: 200 },
		);
	});

	it("logits and chances lie clear of rounding's edges, so every language finds the same tables", () => {
		const edge = (value: number) => Math.abs((((value % 1) + 1) % 1) - 0.5);
		for (let upper = 0; upper < 4096; upper++) {
			const chance = (upper + 0.5) / 4096;
			expect(edge(256 * Math.log(chance / (1 - chance)))).to.be.above(1e-9);
		}
		for (let logit = -2047; logit <= 2047; logit++)
			expect(edge(65536 / (1 + Math.exp(-logit / 256)))).to.be.above(1e-9);
	});

	it("bits of any width, and back", () => {
		const number = fc
			.nat({ max: 31 })
			.chain((width) =>
				fc.tuple(fc.nat({ max: 2 ** width - 1 }), fc.constant(width)),
			);
		fc.assert(
			fc.property(fc.array(number), (numbers) => {
				const writer = new BitWriter(new Uint8Array(4 * numbers.length + 8));
				for (const [value, width] of numbers) writer.write(value, width);
				const packed = writer.finish();
				expect(packed).to.deep.equal(referenceBits(numbers));
				const reader = new BitReader(packed);
				expect(numbers.map(([, width]) => reader.read(width))).to.deep.equal(
					numbers.map(([value]) => value),
				);
			}),
		);
	});
});

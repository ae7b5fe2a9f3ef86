import { expect } from "chai";
import fc from "fast-check";
import { BitReader, BitWriter } from "../../../lib/codec/columnar/bits.js";
import {
	decodeBuckets,
	encodeBuckets,
} from "../../../lib/codec/columnar/context-coder.js";
import { GapTable } from "../../../lib/codec/columnar/gaps.js";
import {
	planesFor,
	planesOfDeltas,
	planesOfDifferences,
	planesOfLevels,
	upperPlanes,
} from "../../../lib/codec/columnar/integer-planes.js";
import { divideBy } from "../../../lib/codec/columnar/integer-samples.js";
import {
	placementOf,
	placeSamples,
	spread,
} from "../../../lib/codec/columnar/placement.js";
import {
	integersFromDeltas,
	integersFromDifferences,
	integersFromLevels,
	planesTaken,
} from "../../../lib/codec/columnar/plane-integers.js";
import { findPresence } from "../../../lib/codec/columnar/presence.js";
import { joinRaw, splitRaw } from "../../../lib/codec/columnar/raw-planes.js";
import {
	exceptionsFound,
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
	workspace,
} from "../../../lib/codec/columnar/workspace.js";
import {
	emptyStatistics,
	measureColumn,
} from "../../../lib/codec/statistics.js";
import { nodeColumn } from "../../support/columnar-files.js";
import {
	referenceBits,
	referenceCode,
	referenceDeltas,
	referenceDifferences,
	referenceIntegers,
	referenceLevels,
	referencePlanes,
	referenceRawPlanes,
} from "./reference-kernels.js";

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const integers = fc.array(
	fc.oneof(int32, fc.integer({ min: -300, max: 300 })),
	{
		minLength: 1,
		maxLength: 50,
	},
);
const lowBits = fc.integer({ min: 1, max: 8 });

/** The planes in the workspace, once the block there was split by a fast kernel. */
function planesOf(used: number, bits: number, count: number): Uint8Array[] {
	upperPlanes(bits, count);
	return workspace.planes
		.slice(0, planesFor(used, bits))
		.map((plane) => plane.slice(0, count));
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
				(series, scale) => {
					const filler = new Array(16 * 40).fill(7);
					const column = nodeColumn("m", [...series, filler]);
					const expected = referenceIntegers([...column.samples], scale);
					const present = expected.integers.length;
					const integers = new Int32Array(column.samples.length);
					const statistics = emptyStatistics(column.lengths.length);
					const result = scanScaled(
						column.samples,
						findPresence(column.samples, column.lengths, new GapTable()),
						scale,
						integers,
						statistics,
					);
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
				},
			),
			{ numRuns: 500 },
		);
	});

	it("levels, deltas and differences, in planes of any width, and back", () => {
		fc.assert(
			fc.property(integers, integers, lowBits, (values, others, bits) => {
				const own = Int32Array.from(values);
				const other = Int32Array.from(
					values,
					(_, i) => others[i % others.length],
				);
				const base = Math.min(...values);
				const count = own.length;
				const cases: {
					fast(width: number): number;
					plain: number[];
					back(planeCount: number, width: number): unknown;
				}[] = [
					{
						fast: (width) => planesOfLevels(base, width, count),
						plain: referenceLevels(values),
						back: (planeCount, width) =>
							integersFromLevels(planeCount, width, base, count),
					},
					{
						fast: (width) => planesOfDeltas(0, width, count),
						plain: referenceDeltas(values),
						back: (planeCount, width) =>
							integersFromDeltas(planeCount, width, 0, count),
					},
					{
						fast: (width) => planesOfDifferences(width, count),
						plain: referenceDifferences(values, [...other]),
						back: (planeCount, width) =>
							integersFromDifferences(planeCount, width, count),
					},
				];
				workspace.references.set(other);
				for (const { fast, plain, back } of cases) {
					workspace.integers.set(own);
					// Five planes do not occur: encoders widen the lowest plane instead.
					const width = planesFor(fast(bits), bits) > 4 ? 8 : bits;
					const planes = planesOf(fast(width), width, count);
					expect(planes).to.deep.equal(referencePlanes(plain, width));
					for (let plane = 0; plane < planesTaken(planes.length); plane++)
						workspace.planes[plane].set(
							planes[plane] ?? new Uint8Array(own.length),
						);
					back(planes.length, width);
					expect(workspace.integers.slice(0, own.length)).to.deep.equal(own);
				}
			}),
			{ numRuns: 500 },
		);
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
					workspace.places.set(values.map((_, i) => i));
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
						for (let i = 0; i < count; i++)
							workspace.values[workspace.places[i]] = there[from + i];
					});
					expect(sameBits(samples, expected)).to.equal(true);

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

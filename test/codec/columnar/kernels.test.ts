import { expect } from "chai";
import fc from "fast-check";
import { BitReader, BitWriter } from "../../../lib/codec/columnar/bits.js";
import {
	joinPlanes,
	planesFor,
	splitPlanes,
} from "../../../lib/codec/columnar/byte-planes.js";
import {
	decodeBuckets,
	encodeBuckets,
} from "../../../lib/codec/columnar/context-coder.js";
import { GapTable } from "../../../lib/codec/columnar/gaps.js";
import {
	samplesFromDeltas,
	samplesFromDifferences,
	samplesFromLevels,
} from "../../../lib/codec/columnar/plane-samples.js";
import { joinRaw, splitRaw } from "../../../lib/codec/columnar/raw-planes.js";
import { scanScaled } from "../../../lib/codec/columnar/scan.js";
import {
	fromDeltas,
	fromDifferences,
	fromLevels,
	smallest,
	toDeltas,
	toDifferences,
	toLevels,
} from "../../../lib/codec/columnar/transforms.js";
import {
	fromWideDeltas,
	joinWide,
	splitWide,
	toWideDeltas,
} from "../../../lib/codec/columnar/wide-integers.js";
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

/** The planes of `numbers` as the fast kernel splits them, one array a plane. */
function split(numbers: Uint32Array, used: number, bits: number): Uint8Array[] {
	const count = numbers.length;
	const planeCount = planesFor(used, bits);
	const planes = new Uint8Array(planeCount * count);
	splitPlanes(numbers, count, bits, planeCount, planes);
	return Array.from({ length: planeCount }, (_, plane) =>
		planes.slice(plane * count, (plane + 1) * count),
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
					const exceptions = scanScaled(
						column.samples,
						column.lengths,
						scale,
						integers,
						new GapTable(),
						new Uint32Array(column.lengths.length),
						statistics,
					);
					expect([...integers.subarray(0, present)]).to.deep.equal(
						expected.integers,
					);
					const count = exceptions?.count ?? -1;
					expect([
						...(exceptions?.positions.subarray(0, count) ?? []),
					]).to.deep.equal(expected.exceptions.map(([position]) => position));
					expect([
						...(exceptions?.values.subarray(0, count) ?? []),
					]).to.deep.equal(expected.exceptions.map(([, value]) => value));
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
				const base = smallest(own);
				const cases: {
					fast(numbers: Uint32Array): number;
					plain: number[];
					back(numbers: Int32Array): void;
				}[] = [
					{
						fast: (numbers) => toLevels(own, base, numbers),
						plain: referenceLevels(values),
						back: (numbers) => fromLevels(numbers, base),
					},
					{
						fast: (numbers) => toDeltas(own, numbers),
						plain: referenceDeltas(values),
						back: fromDeltas,
					},
					{
						fast: (numbers) => toDifferences(own, other, numbers),
						plain: referenceDifferences(values, [...other]),
						back: (numbers) => fromDifferences(numbers, other),
					},
				];
				for (const { fast, plain, back } of cases) {
					const numbers = new Uint32Array(own.length);
					const used = fast(numbers);
					// Five planes do not occur: encoders widen the lowest plane instead.
					const width = planesFor(used, bits) > 4 ? 8 : bits;
					const planes = split(numbers, used, width);
					expect(planes).to.deep.equal(referencePlanes(plain, width));
					const joined = new Int32Array(own.length);
					joinPlanes(planes, width, joined);
					back(joined);
					expect(joined).to.deep.equal(own);
				}
			}),
			{ numRuns: 500 },
		);
	});

	it("planes to samples in one pass", () => {
		fc.assert(
			fc.property(
				fc.array(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(2)), {
					maxLength: 40,
				}),
				lowBits,
				int32,
				fc.constantFrom(1, 100, 60),
				(entries, bits, base, scale) => {
					const low = Uint8Array.from(
						entries,
						([byte]) => byte & (2 ** bits - 1),
					);
					const high = Uint8Array.from(entries, ([, byte]) => byte);
					const runs = Uint32Array.from(
						entries.flatMap(([, , gap]) => [1, gap]),
					);
					const reference = Int32Array.from(entries, (_, i) => base ^ (i * 77));
					const expected = (integers: Int32Array) =>
						entries.flatMap(([, , gap], i) => [
							integers[i] / scale,
							...new Array(gap).fill(Number.NaN),
						]);
					const target = () => ({
						samples: new Float64Array(expected(reference).length),
						runs,
						scale,
					});
					const joined = () => {
						const integers = new Int32Array(entries.length);
						joinPlanes([low, high], bits, integers);
						return integers;
					};
					const planes = { low, high, lowBits: bits };

					const levels = target();
					samplesFromLevels(planes, base, levels);
					const fromPlanes = joined();
					fromLevels(fromPlanes, base);
					expect([...levels.samples]).to.deep.equal(expected(fromPlanes));

					const deltas = target();
					samplesFromDeltas(planes, deltas);
					const summed = joined();
					fromDeltas(summed);
					expect([...deltas.samples]).to.deep.equal(expected(summed));

					const differences = target();
					samplesFromDifferences(planes, reference, differences);
					const told = joined();
					fromDifferences(told, reference);
					expect([...differences.samples]).to.deep.equal(expected(told));
				},
			),
			{ numRuns: 300 },
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
					}).slice();
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

import { expect } from "chai";
import fc from "fast-check";
import type { Column, Compression } from "../../../lib/codec/column.js";
import {
	columnarStatistics,
	decodeColumnar,
	encodePart,
	openColumnar,
	verifyColumnar,
} from "../../../lib/codec/columnar/index.js";
import { measureColumn } from "../../../lib/codec/statistics.js";
import { METRIC_SCOPES } from "../../../lib/schema/scope.js";
import {
	encodeParts,
	expectSameColumns,
	nodeColumn,
} from "../../support/columnar-files.js";
import { seededRandom } from "../../support/random.js";
import { SERIES_SHAPES, seededColumns } from "../../support/seeded-columns.js";

const LEVELS: readonly Compression[] = ["fast", "small"];

/** Names of any kind, those that trip over prototypes among them. */
const name = fc.oneof(
	fc.constantFrom("__proto__", "constructor", "flops_any", "", "\ufeffbom"),
	fc.string({ unit: "grapheme", maxLength: 12 }),
);

/** Series of one shape, or doubles of any bits, with some samples missing. */
const samples = fc
	.record({
		length: fc.nat({ max: 80 }),
		seed: fc.integer(),
		shape: fc.constantFrom(...Object.keys(SERIES_SHAPES), "any"),
		missing: fc.constantFrom(0, 0, 0.1, 0.9, 1),
		doubles: fc.array(fc.double(), { minLength: 1, maxLength: 20 }),
	})
	.map(({ length, seed, shape, missing, doubles }) => {
		const random = seededRandom(seed);
		const values =
			shape === "any"
				? Float64Array.from({ length }, (_, i) => doubles[i % doubles.length])
				: SERIES_SHAPES[shape](random, length);
		return values.map((value) => (random() < missing ? Number.NaN : value));
	});

const column: fc.Arbitrary<Column> = fc
	.record({
		metric: name,
		scope: fc.constantFrom(...METRIC_SCOPES),
		base: name,
		prefix: fc.option(name, { nil: undefined }),
		timestep: fc.integer({ min: 1, max: 3600 }),
		series: fc.array(
			fc.record({
				hostname: name,
				id: fc.option(name, { nil: null }),
				values: samples,
			}),
			{ maxLength: 5 },
		),
		withIds: fc.boolean(),
		brought: fc.option(fc.tuple(samples, samples, samples), {
			nil: undefined,
			freq: 5,
		}),
	})
	.map(({ metric, scope, base, prefix, timestep, series, withIds, brought }) =>
		nodeColumn(
			metric,
			series.map(({ values }) => values),
			{
				scope,
				unit: prefix === undefined ? { base } : { base, prefix },
				timestep,
				hostnames: series.map(({ hostname }) => hostname),
				ids: withIds ? series.map(({ id }) => id) : null,
				...(brought && {
					statisticsSeries: {
						min: brought[0],
						median: brought[1],
						max: brought[2],
					},
				}),
			},
		),
	);

const part = fc.uniqueArray(column, {
	maxLength: 6,
	selector: ({ metric, scope }) => `${scope}/${metric}`,
});

describe("columnar format", () => {
	for (const level of LEVELS) {
		it(`${level}: any columns come back bit for bit, with their statistics`, () => {
			fc.assert(
				fc.property(part, (columns) => {
					const file = encodeParts([columns], level);
					expectSameColumns(decodeColumnar(file), columns);
					expect(
						columnarStatistics(file).map((c) => c.statistics),
					).to.deep.equal(columns.map(measureColumn));
				}),
				{ numRuns: 1000 },
			);
		});

		it(`${level}: seeded jobs of every shape come back bit for bit, gaps or not`, () => {
			for (let seed = 1; seed <= 40; seed++) {
				const columns = seededColumns(seed, {
					hosts: 1 + (seed % 5),
					length: 10 + 37 * seed,
					missing: [0, 0.02, 0.5][seed % 3],
				});
				const file = encodeParts([columns], level);
				expectSameColumns(decodeColumnar(file), columns);
				expect(verifyColumnar(file), `seed ${seed}`).to.deep.equal([]);
			}
		});
	}

	it("takes every encoding and coding that there is", () => {
		const used = new Set<string>();
		for (const level of LEVELS) {
			const columns = [
				...seededColumns(7, { hosts: 4, length: 600 }),
				nodeColumn("constant", [[2.5, 2.5]]),
				nodeColumn("states", [states(seededRandom(7), 5000)]),
			];
			for (const encoding of encodingsOf(columns, level)) used.add(encoding);
		}
		expect([...used].sort()).to.deep.equal([
			"constant",
			"dictionary",
			"integers contextual-delta",
			"integers contextual-level",
			"integers delta",
			"integers difference",
			"integers level",
			"raw",
			"wide",
		]);
	});

	it("continues a column in later parts as one column", () => {
		const parts = [1, 2, 3].map((seed) =>
			seededColumns(seed, { hosts: seed, length: 50 }).map((c) => ({
				...c,
				hostnames: c.hostnames.map((host) => `rack${seed}-${host}`),
			})),
		);
		const expected = parts[0].map((first, i) => {
			const pieces = parts.map((columns) => columns[i]);
			return {
				...first,
				hostnames: pieces.flatMap(({ hostnames }) => hostnames),
				lengths: Uint32Array.from(pieces.flatMap((p) => [...p.lengths])),
				samples: Float64Array.from(pieces.flatMap((p) => [...p.samples])),
			};
		});
		const file = encodeParts(parts, "fast");
		expectSameColumns(decodeColumnar(file), expected);
		expect(verifyColumnar(file)).to.deep.equal([]);
	});

	it("brings a source's own statistics over the series back", () => {
		const brought = nodeColumn("power", [[1, 2, 3]]);
		brought.statisticsSeries = {
			min: Float64Array.of(1, Number.NaN, 3),
			median: Float64Array.of(1.5, 2, 3),
			max: Float64Array.of(9, 8, 7),
			mean: Float64Array.of(Math.PI, -0, Number.POSITIVE_INFINITY),
			percentiles: Object.assign(Object.create(null), {
				25: Float64Array.of(1, 2),
				__proto__x: Float64Array.of(3),
			}),
		};
		const [decoded] = decodeColumnar(encodeParts([[brought]], "small"));
		expectSameColumns([decoded], [brought]);
	});

	it("keeps facts about the job, whatever their names", async () => {
		const info = JSON.parse('{"__proto__": "data", "version": 7, "x": 0.5}');
		const file = encodeParts([[]], "fast", info);
		const opened = await openColumnar({
			byteLength: file.length,
			read: async (offset, length) => file.subarray(offset, offset + length),
		});
		expect(Object.entries(opened.info)).to.deep.equal([
			["__proto__", "data"],
			["version", 7],
			["x", 0.5],
		]);
	});
});

function encodingsOf(columns: readonly Column[], level: Compression): string[] {
	const { summary } = encodePart(columns, level);
	return summary.columns.map(({ block: { encoding } }) =>
		encoding.kind === "integers"
			? `${encoding.kind} ${encoding.coding.kind}`
			: encoding.kind,
	);
}

/** Sixteen states, each followed by one of two, with noise: what comes next is seen in the sample before only. */
function states(random: () => number, length: number): number[] {
	let state = 0;
	return Array.from({ length }, () => {
		state = (2 * state + Math.floor(2 * random())) % 16;
		return 256 * state + Math.floor(256 * random());
	});
}

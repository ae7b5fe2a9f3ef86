import { gzipSync } from "node:zlib";
import { expect } from "chai";
import type { Column, Compression } from "../../../lib/codec/column.js";
import { encodePart } from "../../../lib/codec/columnar/index.js";
import { measureColumn } from "../../../lib/codec/statistics.js";
import { encodeParts, nodeColumn } from "../../support/columnar-files.js";
import { seededRandom } from "../../support/random.js";
import { SERIES_SHAPES } from "../../support/seeded-columns.js";

const LEVELS: readonly Compression[] = ["fast", "small"];

/** Names and units as on a real cluster. */
const METRICS: [name: string, unit: Column["unit"]][] = [
	["cpu_load", { base: "" }],
	["clock", { base: "Hz", prefix: "M" }],
	["rapl_power", { base: "W" }],
	["ipc", { base: "IPC" }],
	["mem_bw", { base: "B/s", prefix: "G" }],
	["flops_sp", { base: "F/s", prefix: "G" }],
	["mem_used", { base: "B", prefix: "G" }],
	["flops_dp", { base: "F/s", prefix: "G" }],
	["flops_any", { base: "F/s", prefix: "G" }],
];

describe("columnar sizes", () => {
	it("frames never take more than raw doubles, 4 bytes a series and 64 bytes a column", () => {
		for (let seed = 1; seed <= 300; seed++) {
			const columns = mixedJob(seed);
			const bound = columns.reduce(
				(sum, { samples, lengths }) =>
					sum + 8 * samples.length + 4 * lengths.length + 64,
				0,
			);
			for (const level of LEVELS)
				expect(
					encodePart(columns, level).frames.length,
					`seed ${seed}, ${level}`,
				).to.be.at.most(bound);
		}
	});

	it("small is never larger than fast", () => {
		for (let seed = 1; seed <= 300; seed++) {
			const columns = mixedJob(seed);
			expect(
				encodeParts([columns], "small").length,
				`seed ${seed}`,
			).to.be.at.most(encodeParts([columns], "fast").length);
		}
	});

	it("small is never larger than fast where stretches repeat, which only zstd finds", () => {
		const random = seededRandom(7);
		const stretch = Array.from({ length: 600 }, () =>
			Math.round(1e4 * random() * random()),
		);
		const column = nodeColumn("m", new Array(8).fill(stretch));
		expect(encodeParts([[column]], "small").length).to.be.at.most(
			encodeParts([[column]], "fast").length,
		);
	});

	for (const level of LEVELS)
		it(`${level}: a job of 1 host and 10 samples takes no more than its gzipped JSON`, () => {
			for (const metrics of [1, 2, 4, 9])
				for (const shape of Object.keys(SERIES_SHAPES))
					for (let seed = 1; seed <= 20; seed++) {
						const columns = tinyJob(metrics, shape, seed);
						expect(
							encodeParts([columns], level).length,
							`${metrics} metrics, ${shape}, seed ${seed}`,
						).to.be.at.most(gzippedJson(columns));
					}
		});
});

/** Columns of any shapes, lengths and gaps. */
function mixedJob(seed: number): Column[] {
	const random = seededRandom(seed);
	const shapes = Object.values(SERIES_SHAPES);
	return Array.from({ length: 1 + Math.floor(6 * random()) }, (_, i) => {
		const shape = shapes[Math.floor(shapes.length * random())];
		const missing = [0, 0.001, 0.3, 0.5, 1][Math.floor(5 * random())];
		const length = Math.floor(10 ** (3.5 * random()));
		return nodeColumn(
			`metric ${i}`,
			Array.from({ length: 1 + Math.floor(20 * random() ** 3) }, () =>
				shape(random, length).map((value) =>
					random() < missing ? Number.NaN : value,
				),
			),
		);
	});
}

function tinyJob(metrics: number, shape: string, seed: number): Column[] {
	const random = seededRandom(seed);
	return METRICS.slice(0, metrics).map(([metric, unit], i) => {
		// JSON has no infinities, and long texts that all metrics share would be its own best case.
		const alone = shape === "few values" || shape === "special doubles";
		const drawn = alone && i > 0 ? "steady load" : shape;
		const samples = SERIES_SHAPES[drawn](random, 10).map((value) =>
			Number.isFinite(value) ? value : 0,
		);
		return nodeColumn(metric, [samples], { unit, hostnames: ["e0101"] });
	});
}

/** Size of a job as ClusterCockpit's `data.json.gz`, with samples as they are and statistics of two decimals. */
function gzippedJson(columns: readonly Column[]): number {
	const job = Object.fromEntries(
		columns.map((column) => {
			const { metric, unit, timestep, hostnames, samples } = column;
			const { avg, min, max } = measureColumn(column);
			const statistics = { avg: round(avg[0]), min: min[0], max: max[0] };
			const series = [
				{ hostname: hostnames[0], statistics, data: [...samples] },
			];
			return [metric, { node: { unit, timestep, series } }];
		}),
	);
	return gzipSync(JSON.stringify(job), { level: 6 }).length;
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}

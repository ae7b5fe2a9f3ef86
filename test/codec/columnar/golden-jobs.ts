import type { Column, Compression } from "../../../lib/codec/column.js";
import { nodeColumn } from "../../support/columnar-files.js";
import { seededColumns } from "../../support/seeded-columns.js";

/** Files that every later version must open. Their columns follow from these definitions, which never change. */
export interface GoldenJob {
	/** In `test/fixtures/columnar`. */
	file: string;
	level: Compression;
	info: Record<string, string | number>;
	parts: () => Column[][];
}

const everyShape = () => seededColumns(20_201_225, { hosts: 3, length: 300 });

export const GOLDEN_JOBS: readonly GoldenJob[] = [
	{
		file: "every-shape-fast.v1",
		level: "fast",
		info: {},
		parts: () => [everyShape()],
	},
	{
		file: "every-shape-small.v1",
		level: "small",
		info: { writer: "golden", created: 1_700_000_000 },
		parts: () => [everyShape()],
	},
	{
		file: "one-host-ten-samples.v1",
		level: "fast",
		info: {},
		parts: () => [
			seededColumns(1, {
				hosts: 1,
				length: 10,
				shapes: ["steady load", "few values"],
				missing: 0,
			}),
		],
	},
	{
		file: "parts-devices-brought-statistics.v1",
		level: "small",
		info: {},
		parts: () => {
			const power = nodeColumn("__proto__", [[1.5, Number.NaN, 2.5]], {
				unit: { base: "W", prefix: "k" },
			});
			power.statisticsSeries = {
				min: Float64Array.of(1, -0, Number.NaN),
				median: Float64Array.of(1, 2, 3),
				max: Float64Array.of(Number.POSITIVE_INFINITY, 2, 3),
				mean: Float64Array.of(0.1, 0.2, 0.3),
				percentiles: Object.assign(Object.create(null), {
					25: Float64Array.of(7, 8),
				}),
			};
			const cores = (host: string) =>
				nodeColumn("load", [[1, 0, 1], [], [0.25]], {
					scope: "core",
					hostnames: [host, host, host],
					ids: ["0", "1", null],
				});
			return [[power, cores("e01")], [], [cores("e02")]];
		},
	},
];

/** What reading a golden file must give: columns that lie in several parts, joined. */
export function columnsOf(parts: readonly Column[][]): Column[] {
	const joined = new Map<string, Column>();
	for (const column of parts.flat()) {
		const key = `${column.metric}/${column.scope}`;
		const before = joined.get(key);
		joined.set(
			key,
			before === undefined
				? column
				: {
						...before,
						hostnames: [...before.hostnames, ...column.hostnames],
						ids: [...(before.ids ?? []), ...(column.ids ?? [])],
						lengths: Uint32Array.of(...before.lengths, ...column.lengths),
						samples: Float64Array.of(...before.samples, ...column.samples),
					},
		);
	}
	return [...joined.values()];
}

import type { Column } from "../../lib/codec/column.js";
import { nodeColumn } from "./columnar-files.js";
import { seededRandom } from "./random.js";

/** Draws one series; `random` is uniform in [0, 1). */
export type SeriesShape = (
	random: () => number,
	length: number,
) => Float64Array;

const round = (value: number, scale: number) =>
	Math.round(value * scale) / scale;

/** Kinds of series that between them take every path of the codec. */
export const SERIES_SHAPES: Record<string, SeriesShape> = {
	"steady load": (random, n) =>
		series(n, () => round(17 + 3 * random() ** 4, 100)),
	"random walk": (random, n) => {
		let level = 100 * random();
		return series(n, () => {
			level = Math.max(0, level + random() - 0.5);
			return round(level, 1000);
		});
	},
	plateaus: (random, n) => {
		let level = 0;
		return series(n, () => {
			if (random() < 0.05) level = Math.floor(101 * random());
			return level;
		});
	},
	constant: (random, n) => {
		const value = round(1000 * random(), 10);
		return series(n, () => value);
	},
	"byte counter": (random, n) => {
		let bytes = 2 ** 33 * random();
		return series(n, () => {
			bytes += Math.floor(1e7 * random());
			return Math.floor(bytes);
		});
	},
	"full precision": (random, n) => series(n, () => 1e3 * (random() - 0.5)),
	"single precision": (random, n) =>
		series(n, () => Math.fround(100 * random())),
	"few values": (random, n) =>
		series(n, () => 100 / (30 + Math.floor(40 * random() ** 2))),
	sixtieths: (random, n) => series(n, () => Math.floor(1e5 * random()) / 60),
	"mostly zero": (random, n) =>
		series(n, () => (random() < 0.98 ? 0 : round(random(), 100))),
	"some misfits": (random, n) =>
		series(n, () => (random() < 0.02 ? random() : Math.floor(5000 * random()))),
	"special doubles": (random, n) => {
		const special = [
			0,
			-0,
			Number.POSITIVE_INFINITY,
			Number.NEGATIVE_INFINITY,
			5e-324,
			-2.2e-308,
			Number.MAX_VALUE,
			2 ** 53,
			-(2 ** 53),
			2 ** 31,
			-(2 ** 31),
		];
		return series(n, () => special[Math.floor(special.length * random())]);
	},
	"wide range": (random, n) =>
		series(n, () => Math.floor((random() - 0.5) * 2 ** 32)),
};

/** A job's part: columns of the same hosts, some of which miss samples, one nearly equal to another. */
export function seededColumns(
	seed: number,
	{
		hosts,
		length,
		shapes = Object.keys(SERIES_SHAPES),
		missing = 0.05,
	}: {
		hosts: number;
		length: number;
		shapes?: readonly string[];
		/** Share of samples that are missing, the same ones in all metrics of a host. */
		missing?: number;
	},
): Column[] {
	const random = seededRandom(seed);
	const gaps = Array.from({ length: hosts }, () =>
		Uint8Array.from({ length }, () => Number(random() < missing)),
	);
	const columns = shapes.map((name) =>
		nodeColumn(
			name,
			gaps.map((missingAt) =>
				SERIES_SHAPES[name](random, length).map((value, i) =>
					missingAt[i] === 1 ? Number.NaN : value,
				),
			),
		),
	);
	const twin = columns[0].samples.map((value) =>
		random() < 0.02 ? round(value + 1, 100) : value,
	);
	columns.push({ ...columns[0], metric: `like ${shapes[0]}`, samples: twin });
	return columns;
}

function series(length: number, next: () => number): Float64Array {
	return Float64Array.from({ length }, next);
}

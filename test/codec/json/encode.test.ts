import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import type { Column } from "../../../lib/codec/column.js";
import {
	assembleJson,
	decodeJson,
	type EncodedJson,
	encodeJson,
	encodeJsonColumn,
} from "../../../lib/codec/json/index.js";
import { testColumn } from "../../support/jobs.js";
import { seededRandom } from "../../support/random.js";
import { thrown } from "../../support/thrown.js";
import { referenceJson } from "./reference.js";

describe("JSON encoding", () => {
	it("writes the bytes of a plain JSON.stringify", () => {
		const seed = 41;
		const random = seededRandom(seed);
		for (let round = 0; round < 20; round++) {
			const columns = seededColumns(random);
			const text = textOf(encodeJson(columns));
			expect(text, `seed ${seed}, round ${round}`).to.equal(
				referenceJson(columns),
			);
		}
	});

	it("stores up to 2,000 bytes as they are, and gzips what is larger", () => {
		const plain = encodeJson([columnOfTextBytes(2000)]);
		expect(plain.encoding).to.equal("json");
		expect(plain.bytes).to.have.length(2000);
		const zipped = encodeJson([columnOfTextBytes(2001)]);
		expect(zipped.encoding).to.equal("json.gz");
		expect(textOf(zipped)).to.have.length(2001);
	});

	it("gives bytes that own their buffer", () => {
		for (const textBytes of [1000, 2001, 100_000]) {
			const { bytes } = encodeJson([columnOfTextBytes(textBytes)]);
			expect(bytes.buffer.byteLength).to.equal(bytes.byteLength);
		}
		const member = encodeJsonColumn(testColumn());
		expect(member.buffer.byteLength).to.equal(member.byteLength);
	});

	it("writes null where a series has no samples", () => {
		const column = testColumn({ series: 1, samplesPerSeries: 2, gaps: 1 });
		expect(textOf(encodeJson([column]))).to.contain(
			'"statistics":{"min":null,"avg":null,"max":null},"data":[null,null]',
		);
	});

	it("writes statistics of the samples that it stores, at full precision", () => {
		const column = testColumn({ series: 1, samplesPerSeries: 3 });
		column.samples.set([0.014, 0.026, Number.NaN]);
		expect(textOf(encodeJson([column]))).to.contain(
			`"statistics":{"min":0.01,"avg":${(0.01 + 0.03) / 2},"max":0.03},"data":[0.01,0.03,null]`,
		);
	});

	it("derives statistics over eight series, and not over seven", () => {
		const seven = encodeJson([testColumn({ series: 7 })]);
		expect(textOf(seven)).not.to.contain("statisticsSeries");
		const [column] = JSON.parse(
			`[${textOf(encodeJson([testColumn({ series: 8 })]))}]`,
		).map(
			(data: Record<string, Record<string, object>>) => data.flops_any.node,
		);
		expect(Object.keys(column.statisticsSeries)).to.deep.equal([
			"min",
			"median",
			"max",
		]);
	});

	it("keeps statistics over series that were brought", () => {
		const values = () => Float64Array.of(1.005, Number.NaN, 3);
		const column = testColumn({
			series: 2,
			statisticsSeries: {
				min: values(),
				median: values(),
				max: values(),
				mean: values(),
				percentiles: { "10": values(), "90": values() },
			},
		});
		const list = "[1,null,3]";
		expect(textOf(encodeJson([column]))).to.contain(
			`"statisticsSeries":{"min":${list},"median":${list},"max":${list},"mean":${list},"percentiles":{"10":${list},"90":${list}}}`,
		);
	});

	it("refuses a metric that comes twice at one scope", () => {
		const error = thrown(() => encodeJson([testColumn(), testColumn()]));
		expect(error.code).to.equal("INVALID_INPUT");
		expect(error.details.column).to.equal("flops_any/node");
	});

	it("holds __proto__ as a metric and as a host", () => {
		const column = testColumn({
			metric: "__proto__",
			series: 1,
			hostnames: ["__proto__"],
		});
		const { bytes, encoding } = encodeJson([column]);
		const [decoded] = decodeJson(bytes, encoding);
		expect(decoded.metric).to.equal("__proto__");
		expect(decoded.hostnames).to.deep.equal(["__proto__"]);
	});
});

describe("JSON in gzip members", () => {
	it("joins to the text of the whole, in whatever order columns come", () => {
		const columns = [
			testColumn({ metric: "clock", scope: "core", seed: 2 }),
			testColumn({ metric: "mem_bw", scope: "socket", series: 8 }),
			testColumn({ metric: "clock", scope: "node", seed: 3 }),
			testColumn({ metric: "ipc", scope: "hwthread", seed: 4 }),
			testColumn({ metric: "mem_bw", scope: "node", seed: 5 }),
		];
		expect(gunzipSync(assembled(columns)).toString()).to.equal(
			referenceJson(columns),
		);
	});

	it("holds a metric name that is longer than a stored block", () => {
		const columns = [
			testColumn({ metric: "é".repeat(50_000), scope: "node" }),
			testColumn({ metric: "é".repeat(50_000), scope: "core" }),
		];
		expect(gunzipSync(assembled(columns)).toString()).to.equal(
			referenceJson(columns),
		);
	});

	it("of no column is an empty object", () => {
		expect(gunzipSync(assembled([])).toString()).to.equal("{}");
	});

	it("hands back what else a fragment carries", () => {
		const fragments = [
			{ metric: "a", scope: "node", part: 7 },
			{ metric: "a", scope: "core", part: 9 },
		] as const;
		const parts = assembleJson(fragments).filter(
			(piece) => !(piece instanceof Uint8Array),
		);
		expect(parts).to.deep.equal(fragments);
	});

	it("refuses a metric that comes twice at one scope", () => {
		const fragment = { metric: "a", scope: "node" } as const;
		const error = thrown(() => assembleJson([fragment, fragment]));
		expect(error.code).to.equal("INVALID_INPUT");
	});
});

function assembled(columns: readonly Column[]): Buffer {
	return Buffer.concat(
		assembleJson(columns).map((piece) =>
			piece instanceof Uint8Array ? piece : encodeJsonColumn(piece),
		),
	);
}

function textOf({ encoding, bytes }: EncodedJson): string {
	return (
		encoding === "json" ? Buffer.from(bytes) : gunzipSync(bytes)
	).toString();
}

/** A column whose JSON has exactly so many bytes: the host's name fills it up. */
function columnOfTextBytes(textBytes: number): Column {
	const column = testColumn({ series: 1, samplesPerSeries: 5 });
	const named = (length: number) => ({
		...column,
		hostnames: ["h".repeat(length)],
	});
	const bytes = Buffer.byteLength(referenceJson([named(0)]));
	return named(textBytes - bytes);
}

const NAMES = [
	"cpu_load",
	'quo"te',
	"ünïcode\u2028",
	"\ud800",
	"__proto__",
	"",
];

function seededColumns(random: () => number): Column[] {
	const integer = (below: number) => Math.floor(random() * below);
	return NAMES.slice(integer(NAMES.length)).flatMap((metric) =>
		(["node", "core"] as const).slice(integer(2)).map((scope) => {
			const column = testColumn({
				metric,
				scope,
				seed: integer(1e6),
				unit: random() < 0.5 ? { base: "B/s", prefix: "G" } : { base: "é" },
				timestep: 1 + integer(100),
				lengths: Uint32Array.from({ length: integer(12) }, () => integer(2000)),
			});
			column.hostnames = Array.from(
				column.lengths,
				() => NAMES[integer(NAMES.length)],
			);
			if (scope === "core")
				column.ids = Array.from(column.lengths, (_, i) =>
					i % 3 === 0 ? null : String(i),
				);
			const scale = 10 ** (integer(30) - 10);
			column.samples.forEach((value, i) => {
				if (random() < 0.5) column.samples[i] = -value * scale;
				if (random() < 0.01) column.samples[i] = Infinity;
			});
			return column;
		}),
	);
}

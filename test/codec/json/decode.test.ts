import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import type { Column } from "../../../lib/codec/column.js";
import {
	decodeColumnar,
	encodePart,
	encodeTail,
	fileHeader,
} from "../../../lib/codec/columnar/index.js";
import { decodeJson, encodeJson } from "../../../lib/codec/json/index.js";
import { bitsOf, testColumn } from "../../support/jobs.js";
import { sharedData } from "../../support/shared-data.js";
import { thrown } from "../../support/thrown.js";

const SERIES = '{"hostname":"h","statistics":{},"data":[1,null,2.5]}';

describe("JSON decoding", () => {
	it("gives back what was encoded, samples that have two decimals bit for bit", () => {
		const columns = [
			testColumn({ metric: "a", series: 3 }),
			testColumn({ metric: "b", scope: "core", series: 4, seed: 2 }),
			testColumn({ metric: "b", scope: "node", lengths: Uint32Array.of(0, 7) }),
		];
		const { bytes, encoding } = encodeJson(columns);
		const decoded = decodeJson(bytes, encoding);
		expect(decoded.map(headerOf)).to.deep.equal(columns.map(headerOf));
		expect(decoded.map(({ samples }) => bitsOf(samples))).to.deep.equal(
			columns.map(({ samples }) => bitsOf(samples)),
		);
	});

	it("is byte-equal again after JSON, columnar and JSON", () => {
		const unrounded = testColumn({ metric: "a", series: 9, seed: 3 });
		unrounded.samples.forEach((value, i) => {
			unrounded.samples[i] = value / 7;
		});
		const first = encodeJson([
			unrounded,
			testColumn({ metric: "b", scope: "core", seed: 4 }),
		]);
		expectSameAfterColumnar(first.bytes, first.encoding);
	});

	it("is byte-equal again after JSON, columnar and JSON, for the real job", function () {
		const path = realJob();
		if (path === undefined) this.skip();
		const { bytes, encoding } = encodeJson(
			decodeJson(readFileSync(path), "json.gz"),
		);
		expectSameAfterColumnar(bytes, encoding);
	});

	it("reads the real job as JSON.parse does, to two decimals after a round trip", function () {
		const path = realJob();
		if (path === undefined) this.skip();
		const stored = readFileSync(path);
		const original = JSON.parse(gunzipSync(stored).toString());
		const columns = decodeJson(stored, "json.gz");
		const { bytes, encoding } = encodeJson(columns);
		const again = decodeJson(bytes, encoding);
		expect(columns).to.have.length(9);
		columns.forEach(({ metric, scope, samples, lengths }, c) => {
			const expected: (number | null)[] = original[metric][
				scope
			].series.flatMap(({ data }: { data: number[] }) => data);
			expect(lengths).to.have.length(original[metric][scope].series.length);
			expect(samples).to.deep.equal(
				Float64Array.from(expected, (value) => value ?? Number.NaN),
			);
			const far = samples.filter(
				(value, i) => !isNear(value, again[c].samples[i]),
			);
			expect(far).to.have.length(0);
		});
	});

	it("selects metrics and scopes", () => {
		const columns = [
			testColumn({ metric: "a" }),
			testColumn({ metric: "a", scope: "core" }),
			testColumn({ metric: "b" }),
		];
		const { bytes, encoding } = encodeJson(columns);
		const names = (selection: Parameters<typeof decodeJson>[2]) =>
			decodeJson(bytes, encoding, selection).map(
				({ metric, scope }) => `${metric}/${scope}`,
			);
		expect(names({ metrics: ["a"] })).to.deep.equal(["a/node", "a/core"]);
		expect(names({ scopes: ["node"] })).to.deep.equal(["a/node", "b/node"]);
		expect(names({ metrics: ["b"], scopes: ["core"] })).to.deep.equal([]);
	});

	it("takes real data as it is", () => {
		const [column] = decodeJson(
			Buffer.from(`{"m":{"node":{"timestep":60,"extra":[{}],"unit":{"base":"B","prefix":"G","x":1},
				"series":[{"data":[1,null,2.5],"hostname":"h","id":null,"more":true},{"hostname":"i","data":null}],
				"statisticsSeries":{"mean":null,"min":[1],"median":[2],"max":[3],"percentiles":{"25":[1.5],"75":null}}}}}`),
			"json",
		);
		expect(headerOf(column)).to.deep.equal({
			metric: "m",
			scope: "node",
			unit: { base: "B", prefix: "G" },
			timestep: 60,
			hostnames: ["h", "i"],
			ids: null,
			lengths: Uint32Array.of(3, 0),
		});
		expect(column.samples).to.deep.equal(Float64Array.of(1, Number.NaN, 2.5));
		expect(column.statisticsSeries).to.deep.equal({
			min: Float64Array.of(1),
			median: Float64Array.of(2),
			max: Float64Array.of(3),
			percentiles: { __proto__: null, "25": Float64Array.of(1.5) },
		});
	});

	it("does without a unit, without series and without a median", () => {
		const [column] = decodeJson(
			Buffer.from(
				'{"m":{"node":{"timestep":1,"series":null,"statisticsSeries":{"min":[1],"mean":[1],"max":[1]}}}}',
			),
			"json",
		);
		expect(column.unit).to.deep.equal({ base: "" });
		expect(column.lengths).to.have.length(0);
		expect(column).not.to.have.property("statisticsSeries");
	});

	for (const [name, text, reason] of [
		["no JSON", '{"m":', "JSON: "],
		["a list", "[]", "job data is not an object"],
		["null", "null", "job data is not an object"],
		["a metric that is a number", '{"m":1}', "metric m is not an object"],
		["an unknown scope", '{"m":{"rack":{}}}', "unknown scope, rack"],
		["a scope that is null", '{"m":{"node":null}}', "m/node: its value"],
		["no timestep", inNode('"series":[]'), "m/node: timestep"],
		["a timestep of 0", inNode('"timestep":0,"series":[]'), "m/node: timestep"],
		["series that are no list", inMetric("{}"), "m/node: series is not a list"],
		["a series without a host", inMetric('[{"data":[]}]'), "m/node: hostname"],
		["a series without data", inMetric('[{"hostname":"h"}]'), "has no data"],
		[
			"a sample that is a string",
			inMetric('[{"hostname":"h","data":[1,"2"]}]'),
			"m/node: data of h holds",
		],
		[
			"an id that is a number",
			inMetric('[{"hostname":"h","id":3,"data":[]}]'),
			"m/node: id of series 0 is not a string",
		],
		[
			"a unit that is a number",
			inNode(`"unit":1,"timestep":1,"series":[${SERIES}]`),
			"m/node: unit",
		],
		[
			"statisticsSeries that are no lists",
			inNode(
				`"timestep":1,"series":[${SERIES}],"statisticsSeries":{"min":[1],"median":{},"max":[1]}`,
			),
			"m/node: statisticsSeries median is not a list",
		],
	]) {
		it(`refuses ${name} and says so`, () => {
			expectCorrupt(() => decodeJson(Buffer.from(text), "json"), reason);
		});
	}

	it("refuses text that is not UTF-8", () => {
		const bytes = Buffer.from(
			inMetric(`[${SERIES}]`).replace('"h"', '"\xff"'),
			"latin1",
		);
		expectCorrupt(() => decodeJson(bytes, "json"), "UTF-8");
	});

	it("refuses a file that is cut short anywhere", () => {
		const { bytes } = encodeJson([testColumn({ samplesPerSeries: 300 })]);
		for (let length = 0; length < bytes.length; length += 7)
			expectCorrupt(() => decodeJson(bytes.subarray(0, length), "json.gz"), "");
	});

	it("stops decompressing at the cap", () => {
		const bomb = gzipSync(Buffer.alloc(50_000_000, " "));
		expectCorrupt(
			() => decodeJson(bomb, "json.gz", {}, { maxTextBytes: 1_000_000 }),
			"larger than the 1000000 bytes allowed",
		);
		expectCorrupt(
			() => decodeJson(Buffer.alloc(11, " "), "json", {}, { maxTextBytes: 10 }),
			"larger than the 10 bytes allowed",
		);
	});
});

function inNode(fields: string): string {
	return `{"m":{"node":{${fields}}}}`;
}

function inMetric(series: string): string {
	return inNode(`"timestep":60,"series":${series}`);
}

function realJob(): string | undefined {
	return sharedData(
		"archive",
		"emmy",
		"1403",
		"244",
		"1608923076",
		"data.json.gz",
	);
}

function headerOf({ samples: _, statisticsSeries: __, ...header }: Column) {
	return header;
}

/** Whether two samples differ by no more than two decimals allow; a gap stays a gap. */
function isNear(a: number, b: number): boolean {
	return Number.isNaN(a) ? Number.isNaN(b) : Math.abs(a - b) < 0.005 + 1e-9;
}

function expectSameAfterColumnar(
	bytes: Uint8Array,
	encoding: "json" | "json.gz",
): void {
	const columns = decodeJson(bytes, encoding);
	const header = fileHeader();
	const { frames, summary } = encodePart(columns, "fast");
	const tail = encodeTail([{ byteOffset: header.byteLength, summary }], {});
	const columnar = Buffer.concat([header, frames, tail]);
	const again = encodeJson(decodeColumnar(columnar));
	expect(again.encoding).to.equal(encoding);
	expect(Buffer.compare(again.bytes, bytes)).to.equal(0);
}

function expectCorrupt(decode: () => unknown, reason: string): void {
	const error = thrown(decode);
	expect(error.code).to.equal("DATA_CORRUPT");
	expect(error.message).to.contain(reason);
}

import { expect } from "chai";
import { ArchiverError } from "../../lib/errors.js";
import type { PrometheusAnswers } from "../../lib/source/prometheus/answers.js";
import { decodePrometheus } from "../../workers/decode-prometheus.js";

/** An answer to a question for the sockets 0 and 1 of two hosts, in a job of two minutes that began at 1000. */
function answersOf(...texts: string[]): PrometheusAnswers {
	const ids = ["0", "1"];
	return {
		columns: [
			{
				metric: "power",
				scope: "socket",
				unit: { base: "W" },
				timestep: 60,
				samplesPerSeries: 3,
				merge: "mean",
				hosts: [
					{ hostname: "n1", ids },
					{ hostname: "n2:9", ids },
				],
				hostLabel: "host",
				idLabel: "socket",
			},
		],
		interval: { startTime: 1000, endTime: 1120 },
		answers: texts.map((text) => {
			const bytes = Uint8Array.from(Buffer.from(text));
			return {
				segments: [bytes.buffer],
				byteLength: bytes.byteLength,
				column: 0,
			};
		}),
		path: "http://prometheus/api",
	};
}

const matrix = (...result: object[]) =>
	JSON.stringify({
		status: "success",
		data: { resultType: "matrix", result },
	});

describe("decodePrometheus", () => {
	it("puts together what is told of a series in several answers, in any order", () => {
		const [column, ...others] = decodePrometheus(
			answersOf(
				matrix(
					{
						values: [[1119.999, "2"]],
						metric: { host: "n2:9", socket: "1" },
					},
					{
						metric: { socket: "0", extra: "x", host: "n1:9100" },
						values: [[1059.999, "1"]],
					},
				),
				matrix({
					metric: { host: "n1", socket: "0" },
					values: [[1120, "3"]],
				}),
			),
		);
		expect(others).to.have.length(0);
		const { hostnames, ids, lengths, samples } = column;
		expect({ hostnames, ids, lengths: [...lengths] }).to.deep.equal({
			hostnames: ["n1", "n2:9"],
			ids: ["0", "1"],
			lengths: [3, 2],
		});
		const { NaN: none } = Number;
		expect([...samples]).to.deep.equal([1, none, 3, none, 2]);
	});

	it("leaves out what was not asked for", () => {
		const columns = decodePrometheus(
			answersOf(
				matrix(
					{ metric: { host: "n3", socket: "0" }, values: [[1059, "1"]] },
					{ metric: { host: "n1", socket: "2" }, values: [[1059, "1"]] },
					{ metric: { host: "n2", socket: "0" }, values: [[1059, "1"]] },
					{ metric: { host: "n1", socket: "1" }, values: [[999, "1"]] },
					{ metric: { host: "n1", socket: "0" }, values: [[1180, "1"]] },
				),
			),
		);
		for (const { samples } of columns)
			expect([...samples].every(Number.isNaN)).to.equal(true);
		expect(columns.flatMap(({ hostnames }) => hostnames)).to.deep.equal([
			"n1",
			"n1",
		]);
	});

	for (const [problem, text] of Object.entries({
		"no JSON": "<html>",
		"an error": '{"status":"error","error":"no"}',
		"no result": '{"status":"success","data":{"resultType":"matrix"}}',
		"a vector":
			'{"status":"success","data":{"resultType":"vector","result":[]}}',
		"a series without labels": matrix({ values: [] }),
		"a series without its host": matrix({
			metric: { socket: "0" },
			values: [],
		}),
		"a series without its device": matrix({
			metric: { host: "n1" },
			values: [],
		}),
		"a value that is none": matrix({
			metric: { host: "n1", socket: "0" },
			values: [[1059, "one"]],
		}),
		"an instant without a value": matrix({
			metric: { host: "n1", socket: "0" },
			values: [[1059]],
		}),
		"a series that comes twice": matrix(
			{ metric: { host: "n1", socket: "0" }, values: [] },
			{ metric: { host: "n1:1", socket: "0" }, values: [] },
		),
	})) {
		it(`refuses ${problem}`, () => {
			expect(() => decodePrometheus(answersOf(text)))
				.to.throw(ArchiverError, /^http:\/\/prometheus\/api: expected /)
				.with.property("code", "SOURCE_DATA_INVALID");
		});
	}
});

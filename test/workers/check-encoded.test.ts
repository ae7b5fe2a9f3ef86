import { expect } from "chai";
import type { Column } from "../../lib/codec/column.js";
import { encodeFile } from "../../lib/codec/columnar/encode-file.js";
import { encodeJson } from "../../lib/codec/json/index.js";
import { checkEncoded } from "../../workers/check-encoded.js";
import { testColumn } from "../support/jobs.js";
import { thrown } from "../support/thrown.js";

describe("checking what was encoded", () => {
	const values = () => Float64Array.of(1, Number.NaN, 3);
	const columns: readonly Column[] = [
		testColumn({ metric: "cpu_load" }),
		testColumn({
			metric: "flops_any",
			scope: "core",
			series: 4,
			statisticsSeries: { min: values(), median: values(), max: values() },
		}),
	];
	const changes: Record<string, (column: Column) => Partial<Column>> = {
		"another sample": ({ samples }) => ({
			samples: samples.map((value, i) => (i === 7 ? value + 0.01 : value)),
		}),
		"a gap that is filled": ({ samples }) => ({
			samples: samples.map((value) => (Number.isNaN(value) ? 0 : value)),
		}),
		"another host": ({ hostnames }) => ({
			hostnames: hostnames.map((name, i) => (i === 1 ? "n099" : name)),
		}),
		"other devices": ({ ids }) => ({ ids: ids?.map(() => "9") ?? null }),
		"another timestep": () => ({ timestep: 30 }),
		"another unit": () => ({ unit: { base: "B" } }),
		"another metric": () => ({ metric: "mem_bw" }),
		"other statistics over the series": () => ({
			statisticsSeries: {
				min: values(),
				median: values(),
				max: values().fill(4),
			},
		}),
	};

	it("takes columns that decode to what they were", () => {
		for (const level of ["fast", "small"] as const)
			checkEncoded(encodeFile(columns, level), "columnar", columns);
		const { bytes, encoding } = encodeJson(columns);
		checkEncoded(bytes, encoding, columns);
	});

	for (const [what, change] of Object.entries(changes))
		it(`notices ${what}`, () => {
			const other = [columns[0], { ...columns[1], ...change(columns[1]) }];
			const bytes = encodeFile(other, "fast");
			const error = thrown(() => checkEncoded(bytes, "columnar", columns));
			expect(error.code).to.equal("WORKER_FAILED");
			expect(error.details.column).to.equal("flops_any/core");
		});

	it("notices a column too many, and one too few", () => {
		const bytes = encodeFile(columns, "fast");
		for (const other of [
			columns.slice(1),
			[...columns, testColumn({ metric: "a" })],
		])
			expect(
				thrown(() => checkEncoded(bytes, "columnar", other)).code,
			).to.equal("WORKER_FAILED");
	});

	it("notices other labels and lengths in json, whose samples are rounded", () => {
		const { bytes, encoding } = encodeJson([
			columns[0],
			{ ...columns[1], timestep: 30 },
		]);
		const error = thrown(() => checkEncoded(bytes, encoding, columns));
		expect(error.message).to.match(/^flops_any\/core: /);
	});
});

import { expect } from "chai";
import type { Column } from "../../lib/codec/column.js";
import { encodeJson } from "../../lib/codec/json/index.js";
import { deriveStatisticsSeries } from "../../lib/codec/statistics-series.js";
import { columnsOfChunk } from "../../workers/columns-of-chunk.js";
import { testColumn } from "../support/jobs.js";

/** Columns as another archive's `data.json` brings them. */
function brought(columns: readonly Column[]): Column[] {
	const { bytes, encoding } = encodeJson(columns);
	return columnsOfChunk({
		kind: "archived",
		bytes: Uint8Array.from(bytes).buffer,
		encoding,
		path: "data.json",
		decodedBytes: 0,
	});
}

describe("columns of an archived chunk", () => {
	it("come without the statistics over series that follow from their samples", () => {
		const [column] = brought([testColumn({ series: 9 })]);
		expect(column).not.to.have.property("statisticsSeries");
		expect(deriveStatisticsSeries(column)?.median).to.have.length(60);
	});

	it("keep statistics over series that say anything else", () => {
		const column = testColumn({ series: 9 });
		const [{ samples }] = brought([column]);
		const derived = deriveStatisticsSeries({ ...column, samples });
		if (derived === undefined) throw new Error("nine series have statistics");
		// Whole numbers: JSON would round others.
		const whole = derived.median.map(Math.round);
		const others = [
			{ min: whole, median: whole, max: whole },
			{ min: whole, median: whole, max: whole, mean: whole },
		];
		for (const statisticsSeries of others)
			expect(
				brought([{ ...column, statisticsSeries }])[0].statisticsSeries,
			).to.deep.equal(statisticsSeries);
	});
});

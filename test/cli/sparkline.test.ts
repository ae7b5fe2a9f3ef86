import { expect } from "chai";
import { meanOfSeries, sparkline } from "../../lib/cli/sparkline.js";

const { NaN: gap } = Number;

describe("sparklines", () => {
	const cases: Record<string, { samples: number[]; line: string }> = {
		"rise from the least to the greatest": {
			samples: [0, 1, 2, 3, 4, 5, 6, 7],
			line: "▁▂▃▄▅▆▇█",
		},
		"show gaps as spaces": { samples: [5, gap, 6], line: "▁ █" },
		"lie in the middle when nothing changes": {
			samples: [-3, -3],
			line: "▅▅",
		},
		"are spaces where there is nothing at all": {
			samples: [gap, gap],
			line: "  ",
		},
		"are empty for an empty series": { samples: [], line: "" },
	};
	for (const [name, { samples, line }] of Object.entries(cases))
		it(name, () => {
			expect(sparkline(Float64Array.from(samples), 40)).to.equal(line);
		});

	it("average long series down to their width, leaving out gaps", () => {
		const samples = Float64Array.from([0, 0, 2, gap, gap, gap, 8, 8]);
		expect(sparkline(samples, 4)).to.equal("▁▃ █");
	});

	it("take the mean over series of different lengths, gaps left out", () => {
		const mean = meanOfSeries([
			Float64Array.from([1, gap, 3]),
			Float64Array.from([3, gap]),
		]);
		expect([...mean]).to.deep.equal([2, gap, 3]);
	});
});

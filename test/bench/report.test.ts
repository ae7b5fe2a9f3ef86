import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { AllResults } from "../../bench/all/results.js";
import { pageOf } from "../../bench/report/page.js";
import { plotsOf } from "../../bench/report/plots.js";
import {
	readmeTable,
	tableIn,
	withTable,
} from "../../bench/report/readme-table.js";
import type { Shapes } from "../../bench/report/shapes.js";
import { checkoutRoot } from "../support/shared-data.js";

const distribution = (p99: number) => ({
	p50: 1,
	p90: 2,
	p99,
	p999: 2 * p99,
	max: 3 * p99,
});
const delay = {
	eventLoopDelayP99Ms: 4,
	eventLoopDelayMaxMs: 12,
	eventLoopDelayMs: distribution(4),
	eventLoopDelayMsPerRound: [distribution(3), distribution(5)],
};
const machine = {
	node: "v20.19.0",
	platform: "linux x64",
	cpu: "A processor",
	cores: 2,
	memoryBytes: 2 ** 33,
	loadAverage: 0.25,
	fileSystem: "ext4",
	fsyncMs: 0.5,
	settings: { ARCHIVER_FSYNC: "off" },
};
const small: Shapes["small"] = {
	runs: [
		{
			archive: "sqlite",
			jobsPerSecond: 2500,
			jobsPerSecondPerRound: [2400, 2600],
			naiveJobsPerSecondPerRound: [250, 260],
			vsNaive: 9.75,
			...delay,
		},
	],
};
const soak: Shapes["soak"] = {
	minutes: 10,
	jobs: 54_400,
	flatness: { fromMinute: 6, toMinute: 10, spreadShare: 0.021 },
	grown: [],
	memory: [1, 2, 3].map((seconds) => ({
		seconds,
		rssBytes: 3e8,
		heapUsedBytes: 3e7,
		arrayBuffersBytes: 1e6,
	})),
};
const named = (bench: string, own: object) => ({
	bench,
	short: false,
	startedAt: "2026-11-24T08:00:00.000Z",
	machine,
	...own,
});
const results: AllResults = {
	short: false,
	startedAt: "2026-11-24T08:00:00.000Z",
	seconds: 1800,
	benches: [
		named("small", small),
		named("</script>", { runs: [{ name: "<b>", shareMs: 2.5 }] }),
		named("soak", soak),
	],
	failed: [],
};

describe("what is made of the results of all benches", () => {
	it("is a table for the README, a row for each thing measured, and what it was measured on", () => {
		expect(readmeTable(results).split("\n")).to.deep.equal([
			"| Bench | What | Result |",
			"|---|---|---|",
			"| `small` | jobs of one node and ten samples, SQLite archive | 2.5k jobs/s, 9.75 × one by one |",
			"| `soak` | the mix in a loop for 10.0 minutes, 54400 jobs | RSS of minutes 6 to 10 within 2.1 %, no handle or listener more |",
			"",
			"Measured on 2026-11-24 with Node.js 20.19.0 on 2 cores (A processor) and ext4 with 0.50 ms a sync, load average 0.3 to 0.3 before the benches.",
			"",
		]);
	});

	it("goes between the README's marks and leaves the rest alone", async () => {
		const readme = await readFile(join(checkoutRoot, "README.md"), "utf8");
		const table = readmeTable(results);
		const changed = withTable(readme, table);
		expect(tableIn(changed)).to.equal(table);
		expect(withTable(changed, tableIn(readme))).to.equal(readme);
		expect(() => withTable("no marks", table)).to.throw("lacks its marks");
	});

	it("stands in the README as the script writes it", async () => {
		const readme = await readFile(join(checkoutRoot, "README.md"), "utf8");
		const [header, line] = readmeTable(results).split("\n");
		for (const text of tableIn(readme).split("\n"))
			if (text !== "" && text !== header && text !== line)
				expect(text).to.match(
					/^(\| `[a-z]+` \| [^|]+ \| [^|]+ \||Measured on \d{4}-\d\d-\d\d with Node\.js .* before the benches\.)$/,
				);
	});

	it("is a page that needs nothing else, whatever benches are called", () => {
		const page = pageOf(results, { styles: ["p {}"], scripts: ["draw();"] });
		expect(page).to.contain("<h2>&lt;/script></h2>");
		expect(page).to.contain("<td>&lt;b></td>");
		expect(page).to.contain("<td>2.50 ms</td>");
		expect(page).to.contain("ARCHIVER_FSYNC=off");
		expect(page).not.to.match(/(src|href)="(?!#)/);
		const [, json] =
			/<script type="application\/json" id="plots">(.*?)<\/script>/s.exec(
				page,
			) ?? [];
		const plots = JSON.parse(json);
		expect(plots.map(({ title }: { title: string }) => title)).to.deep.equal([
			"Small jobs",
			"Event-loop delay during small jobs",
			"Memory of the soak",
		]);
	});

	it("has a value, or none, for each place of each plot, in ascending order", () => {
		for (const { bench } of results.benches)
			for (const { xs, series } of plotsOf(results, bench)) {
				expect([...xs].sort((a, b) => a - b)).to.deep.equal(xs);
				for (const { values, low = values, high = values } of series)
					for (const list of [values, low, high])
						expect(list).to.have.lengthOf(xs.length);
			}
		const [, delays] = plotsOf(results, "small");
		expect(delays.series[0]).to.deep.include({
			values: [1, 2, 4, 8, 12],
			low: [1, 2, 3, 6, 9],
			high: [1, 2, 5, 10, 15],
		});
	});
});

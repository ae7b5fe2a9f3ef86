import { expect } from "chai";
import { useChildren } from "../support/child.js";
import type { StormReport } from "./storm-archiver.js";

const JOBS = 5000;
/** As `bench/storm` holds 100,000 jobs to it: everything in the process, the waiting triggers included. */
const MOST_RSS_BYTES = 300 * 2 ** 20;

describe("a storm of triggers", () => {
	const startChild = useChildren();

	it(`of ${JOBS} jobs, none of which is waited for: all are archived, in order, and memory stays flat`, async function () {
		this.timeout(300_000);
		const program = new URL("./storm-archiver.js", import.meta.url);
		const child = startChild(program, [String(JOBS)]);
		const report: StormReport = JSON.parse((await child.line()) ?? "");
		expect(await child.ended).to.equal(0);
		const ids = Array.from({ length: JOBS }, (_, jobId) => jobId);
		expect(report.told).to.deep.equal(ids);
		expect(report).to.include({ archived: JOBS, recorded: JOBS });
		expect(report.waiting, "all wait at once").to.equal(JOBS);
		expect(report.peakRssBytes).to.be.below(MOST_RSS_BYTES);
	});
});

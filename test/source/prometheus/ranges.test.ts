import { expect } from "chai";
import fc from "fast-check";
import {
	pointsOf,
	queryRanges,
} from "../../../lib/source/prometheus/ranges.js";

describe("queryRanges", () => {
	it("evaluates at the end of each timestep, and the last one at the job's end", () => {
		const interval = { startTime: 1000, endTime: 1150 };
		expect(queryRanges(interval, 60)).to.deep.equal([
			{ startMs: 1_059_999, endMs: 1_119_999, step: 60, windowMs: 60_000 },
			{ startMs: 1_150_000, endMs: 1_150_000, step: 60, windowMs: 30_001 },
		]);
	});

	it("covers each ms of the job once, in ranges that Prometheus answers", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 0, max: 2_000_000_000 }),
				fc.integer({ min: 0, max: 1_000_000 }),
				fc.integer({ min: 1, max: 600 }),
				(startTime, duration, timestep) => {
					const interval = { startTime, endTime: startTime + duration };
					let covered = startTime * 1000 - 1;
					let points = 0;
					for (const range of queryRanges(interval, timestep)) {
						expect(pointsOf(range)).to.be.within(1, 11_000);
						// The windows of a range lie end to end, as long as each is a step.
						if (pointsOf(range) > 1)
							expect(range.windowMs).to.equal(range.step * 1000);
						expect(range.startMs - range.windowMs).to.equal(covered);
						covered = range.endMs;
						points += pointsOf(range);
					}
					expect(covered).to.equal(interval.endTime * 1000);
					expect(points).to.equal(Math.floor(duration / timestep) + 1);
				},
			),
		);
	});
});

import { join } from "node:path";
import { expect } from "chai";
import { testJob } from "../support/jobs.js";
import { useTempFolder } from "../support/temp-folder.js";
import { archiveJobs, multiplyJob, verifyPlace } from "./archived-jobs.js";
import { usePool } from "./seeded-archive.js";

/** Files take ten times as long as rows, to make more than to verify. */
const SIZES = { "sqlite:": 10_000, "file:": 2000 };

describe("verifying many sound jobs beside their database", () => {
	const folder = useTempFolder();
	const pool = usePool();

	for (const [kind, jobs] of Object.entries(SIZES))
		it(`raises no alarm at ${jobs} jobs of ${kind.slice(0, -1)}, half of them columnar, half json`, async () => {
			const place = {
				target: kind + join(folder(), "archive"),
				database: join(folder(), "job.db"),
			};
			for (const [i, format] of (["columnar", "json"] as const).entries()) {
				const job = testJob({ jobId: 1 + i * 100_000, firstHost: 1 + i });
				await archiveJobs(place, format, [job]);
				await multiplyJob(place, job, jobs / 2 - 1);
			}
			expect(await verifyPlace(place, pool)).to.deep.equal({
				jobs,
				faults: [],
				notes: [],
				counts: {},
			});
		});
});

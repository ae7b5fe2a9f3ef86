import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { ERROR_CODES, SqliteJobRepository } from "../lib/index.js";
import { withDatabase } from "./support/job-database.js";
import { testJob } from "./support/jobs.js";
import { checkoutRoot } from "./support/shared-data.js";
import { useTempFolder } from "./support/temp-folder.js";

describe("the page on operations", () => {
	const folder = useTempFolder();
	let page: string;
	before(async () => {
		page = await readFile(join(checkoutRoot, "docs", "operations.md"), "utf8");
	});

	it("says what to do about every error code", () => {
		const codes = [...page.matchAll(/^\| `([A-Z_]+)` \| .+ \|$/gm)];
		expect(codes.map(([, code]) => code)).to.deep.equal(
			Object.keys(ERROR_CODES),
		);
	});

	it("shows queries that say which jobs are where, and why", async () => {
		const path = join(folder(), "job.db");
		const jobs = [1, 2, 3].map((jobId) => testJob({ jobId }));
		const repository = await SqliteJobRepository.open(path);
		await repository.startJob(testJob({ jobId: 4 }));
		await repository.registerJobs(jobs);
		for (const job of jobs.slice(1))
			await repository.markFailed(job, { code: "NO_DATA", message: "none" });
		await repository.close();
		const queries = [...page.matchAll(/```sql\n(.*?)```/gs)];
		const answers = await withDatabase(path, (database) =>
			Promise.all(queries.map(([, sql]) => database.all<object>(sql))),
		);
		const [states, failures] = answers;
		expect(answers).to.have.lengthOf(2);
		expect(states).to.deep.equal([
			{ monitoring_status: 1, active: 0, "count(*)": 1 },
			{ monitoring_status: 1, active: 1, "count(*)": 1 },
			{ monitoring_status: 2, active: 0, "count(*)": 2 },
		]);
		expect(failures).to.have.lengthOf(1);
		expect(failures[0]).to.include({
			code: "NO_DATA",
			jobs: 2,
			example: "none",
		});
	});
});

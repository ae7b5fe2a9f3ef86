import { join } from "node:path";
import { expect } from "chai";
import { SqliteJobRepository } from "../../lib/repository/sqlite.js";
import { formatJobKey, type Job, type JobKey } from "../../lib/schema/job.js";
import { makeForeignDatabase } from "../support/job-database.js";
import { testJob } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import { useTempFolder } from "../support/temp-folder.js";

describe("archived jobs that hooks are to be told of", () => {
	const folder = useTempFolder();
	const file = () => join(folder(), "job.db");
	const jobs = [3, 1, 2].map((jobId) => testJob({ jobId }));
	let repository: SqliteJobRepository;

	beforeEach(async () => {
		repository = await SqliteJobRepository.open(file());
		await repository.registerJobs(jobs);
	});
	afterEach(() => repository.close());

	it("are kept by the commit that asks for it, over a restart, until told", async () => {
		await repository.commitArchived(jobs.slice(0, 2).map(outcome), {
			toTell: true,
		});
		await repository.commitArchived(jobs.slice(2).map(outcome));
		await repository.close();
		repository = await SqliteJobRepository.open(file());
		expect(ids(await repository.findUntold())).to.deep.equal([1, 3]);
		await repository.markTold([]);
		await repository.markTold([jobs[0]]);
		expect(await repository.findUntold()).to.deep.equal([keyOf(jobs[1])]);
	});

	it("come page by page, by key", async () => {
		await repository.commitArchived(jobs.map(outcome), { toTell: true });
		const [first] = await repository.findUntold({ limit: 1 });
		expect(first.jobId).to.equal(1);
		expect(ids(await repository.findUntold({ after: first }))).to.deep.equal([
			2, 3,
		]);
	});

	it("are kept once, and not by a commit that fails", async () => {
		const missing = testJob({ jobId: 99 });
		await rejected(
			repository.commitArchived([jobs[0], missing].map(outcome), {
				toTell: true,
			}),
		);
		expect(await repository.findUntold()).to.deep.equal([]);
		for (let time = 0; time < 2; time++)
			await repository.commitArchived([outcome(jobs[0])], { toTell: true });
		expect((await repository.findUntold()).map(formatJobKey)).to.deep.equal([
			formatJobKey(jobs[0]),
		]);
	});

	it("are none in a database that lacks our tables", async () => {
		const path = join(folder(), "foreign.db");
		await makeForeignDatabase(path);
		const reading = await SqliteJobRepository.open(path, { readOnly: true });
		expect(await reading.findUntold()).to.deep.equal([]);
		await reading.close();
	});
});

function outcome(job: Job) {
	return { job, footprint: {}, energyFootprint: {}, energy: 0 };
}

function ids(keys: readonly JobKey[]): number[] {
	return keys.map(({ jobId }) => jobId);
}

function keyOf({ cluster, jobId, startTime }: JobKey): JobKey {
	return { cluster, jobId, startTime };
}

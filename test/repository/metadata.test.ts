import { join } from "node:path";
import { expect } from "chai";
import { SqliteJobRepository } from "../../lib/repository/sqlite.js";
import {
	makeForeignDatabase,
	runningJobSql,
	withDatabase,
} from "../support/job-database.js";
import { rejected } from "../support/rejected.js";
import { useTempFolder } from "../support/temp-folder.js";

const IN_JOB = { cluster: "alex", jobId: 1, startTime: 1000 };
const IN_CACHE = { cluster: "alex", jobId: 2, startTime: 1000 };

describe("metadata in the job database", () => {
	const folder = useTempFolder();
	const file = () => join(folder(), "job.db");
	let repository: SqliteJobRepository;

	beforeEach(async () => {
		await makeForeignDatabase(file(), {
			sql: `${runningJobSql("job", IN_JOB)} ${runningJobSql("job_cache", IN_CACHE)}`,
		});
		repository = await SqliteJobRepository.open(file());
	});
	afterEach(() => repository.close());

	for (const key of [IN_JOB, IN_CACHE])
		it(`keeps entries of any name, job ${key.jobId}`, async () => {
			const entries = [
				["__proto__", "p"],
				["it's", '"quoted" \\ ü\n'],
				["$.a[0]", ""],
			];
			for (const [name, value] of entries)
				await repository.updateMetadata(key, name, value);
			await repository.updateMetadata(key, "$.a[0]", "again");
			const metadata = await repository.fetchMetadata(key);
			expect(Object.getPrototypeOf(metadata)).to.equal(null);
			expect(Object.entries(metadata)).to.deep.equal([
				["jobName", "it's"],
				...entries.slice(0, 2),
				["$.a[0]", "again"],
			]);
			expect((await repository.findJob(key))?.metaData).to.deep.equal(metadata);
		});

	it("keeps both of two entries set at once, and what is no string", async () => {
		await setColumn(`'{"kept":{"deep":[1]}}'`);
		await Promise.all(
			["a", "b"].map((name) => repository.updateMetadata(IN_JOB, name, name)),
		);
		const [{ meta_data }] = await withDatabase(file(), (database) =>
			database.all<{ meta_data: string }>("SELECT meta_data FROM job"),
		);
		expect(meta_data).to.equal('{"kept":{"deep":[1]},"a":"a","b":"b"}');
	});

	for (const nothing of ["NULL", "''", "'null'", "CAST('null' AS BLOB)"])
		it(`takes ${nothing} for none`, async () => {
			await setColumn(nothing);
			expect(Object.keys(await repository.fetchMetadata(IN_JOB))).to.deep.equal(
				[],
			);
			await repository.updateMetadata(IN_JOB, "a", "b");
			expect({ ...(await repository.fetchMetadata(IN_JOB)) }).to.deep.equal({
				a: "b",
			});
		});

	it("does not write over what it cannot read", async () => {
		await setColumn(`'{"half'`);
		const error = await rejected(repository.updateMetadata(IN_JOB, "a", "b"));
		expect(error.code).to.equal("DATABASE_FAILED");
		expect(error.details).to.deep.equal({
			...IN_JOB,
			path: file(),
			field: "meta_data",
		});
	});

	it("refuses what is no text, and a job that is not there", async () => {
		const number = 7 as unknown as string;
		for (const [key, value] of [
			[number, "b"],
			["a", number],
		])
			expect(
				(await rejected(repository.updateMetadata(IN_JOB, key, value))).code,
			).to.equal("INVALID_INPUT");
		const missing = { ...IN_JOB, jobId: 99 };
		for (const action of [
			repository.fetchMetadata(missing),
			repository.updateMetadata(missing, "a", "b"),
		])
			expect((await rejected(action)).code).to.equal("JOB_UNKNOWN");
	});

	it("gives each of many that ask at once its own, and tells those whose job is not there", async () => {
		for (const key of [IN_JOB, IN_CACHE])
			await repository.updateMetadata(key, "of", String(key.jobId));
		const missing = { ...IN_JOB, cluster: "it's" };
		const asked = [IN_CACHE, missing, IN_JOB, IN_CACHE, missing, IN_JOB];
		const answers = await Promise.allSettled(
			asked.map((key) => repository.fetchMetadata(key)),
		);
		expect(
			answers.map((answer) =>
				answer.status === "fulfilled" ? answer.value.of : answer.reason.code,
			),
		).to.deep.equal(
			asked.map((key) => (key === missing ? "JOB_UNKNOWN" : String(key.jobId))),
		);
	});

	function setColumn(expression: string): Promise<unknown> {
		return withDatabase(file(), (database) =>
			database.run(`UPDATE job SET meta_data = ${expression}`),
		);
	}
});

import { join } from "node:path";
import { expect } from "chai";
import { openArchive, verifyArchive } from "../../lib/index.js";
import type { ProblemCode } from "../../lib/maintenance/problem-codes.js";
import { withArchive } from "../archive/sqlite/sqlite-place.js";
import { seededJobs, testJob } from "../support/jobs.js";
import { useTempFolder } from "../support/temp-folder.js";
import { archiveJobs, verifyPlace } from "./archived-jobs.js";
import { usePool } from "./seeded-archive.js";

/** Statements that damage job `?`, where they name one; and what has to be found, of that job or of none. */
interface Damage {
	sql: string;
	codes: ProblemCode[];
	/** Other places than the job's that have to be named. */
	elsewhere?: boolean;
}

const ID = "(SELECT id FROM jobs WHERE job_id = ?)";
const DATA = `(SELECT id FROM hpc_job_archiver_data WHERE job = ${ID})`;

const DAMAGES: Record<string, Damage> = {
	"a slice missing": {
		sql: `DELETE FROM hpc_job_archiver_slice WHERE id >> 20 = ${DATA}`,
		codes: ["DATA_CORRUPT"],
	},
	"a slice changed": {
		sql: `UPDATE hpc_job_archiver_slice SET bytes = zeroblob(length(bytes)) WHERE id >> 20 = ${DATA}`,
		codes: ["DATA_CORRUPT"],
	},
	"a slice too many": {
		sql: `INSERT INTO hpc_job_archiver_slice VALUES ((${DATA} << 20) + 7, 'more')`,
		codes: ["DATA_EXTRA"],
	},
	"the data gone": {
		sql: `DELETE FROM hpc_job_archiver_data WHERE job = ${ID}`,
		codes: ["DATA_MISSING"],
	},
	"the meta malformed": {
		sql: "UPDATE jobs SET meta_json = '{' WHERE job_id = ?",
		codes: ["META_CORRUPT"],
	},
	"the row of another start time": {
		sql: "UPDATE jobs SET start_time = start_time + 1 WHERE job_id = ?",
		codes: ["META_MISPLACED", "ROW_MISSING", "JOB_MISSING"],
	},
	"the job gone": {
		sql: "DELETE FROM jobs WHERE job_id = ?",
		codes: ["JOB_MISSING"],
	},
	"data staged by the dead": {
		sql: "INSERT INTO hpc_job_archiver_data (job, byte_length, slice_bytes) VALUES (NULL, 0, 1)",
		codes: ["LEFTOVER"],
		elsewhere: true,
	},
	"data of no job": {
		sql: "INSERT INTO hpc_job_archiver_data (job, byte_length, slice_bytes) VALUES (4711, 0, 1)",
		codes: ["META_MISSING"],
		elsewhere: true,
	},
	"slices of no data": {
		sql: "INSERT INTO hpc_job_archiver_slice VALUES (99 << 20, 'more')",
		codes: ["DATA_EXTRA"],
		elsewhere: true,
	},
	"a cluster that cannot be": {
		sql: "INSERT INTO clusters (name, config_json, updated_at) VALUES ('no/name', '{}', 0)",
		codes: ["FOREIGN"],
		elsewhere: true,
	},
	"a job of a cluster that cannot be": {
		sql: "INSERT INTO jobs (job_id, cluster, start_time, meta_json, created_at, updated_at) VALUES (1, '../etc', 1, '{}', 0, 0)",
		codes: ["FOREIGN"],
		elsewhere: true,
	},
	"a cluster's configuration malformed": {
		sql: "INSERT INTO clusters (name, config_json, updated_at) VALUES ('broken', '{}', 0)",
		codes: ["CONFIG_CORRUPT"],
		elsewhere: true,
	},
};

describe("verifying a SQLite archive", () => {
	const folder = useTempFolder();
	const pool = usePool();
	const path = () => join(folder(), "archive.db");
	const place = () => ({
		target: `sqlite:${path()}`,
		database: join(folder(), "job.db"),
	});

	it(`names each of ${Object.keys(DAMAGES).length} damages once, and nothing else`, async () => {
		const jobs = seededJobs(19, 2 * Object.keys(DAMAGES).length);
		await archiveJobs(place(), "columnar", jobs);
		const expected: string[] = [];
		await withArchive(path(), async (database) => {
			for (const [i, damage] of Object.values(DAMAGES).entries()) {
				const { sql, codes, elsewhere } = damage;
				const { jobId } = jobs[2 * i];
				await database.run(sql, sql.includes("?") ? [jobId] : []);
				for (const code of codes)
					expected.push(elsewhere ? code : `${code} ${jobId}`);
			}
		});
		const { faults, notes } = await verifyPlace(place(), pool);
		const found = faults.map(({ code, jobId }) =>
			jobId === undefined ? code : `${code} ${jobId}`,
		);
		expect(found.sort()).to.deep.equal(expected.sort());
		expect(notes).to.deep.equal([]);
		for (const { path: named, code } of faults)
			if (!/^(ROW|JOB|META_MISPLACED)/.test(code))
				expect(named, code).to.contain("archive.db");
	});

	it("finds data in two places", async () => {
		const job = testJob();
		await archiveJobs(place(), "json", [job]);
		await withArchive(path(), (database) =>
			database.run(
				"INSERT INTO hpc_job_archiver_data (job, byte_length, slice_bytes) SELECT id, 0, 1 FROM jobs",
			),
		);
		const { faults } = await verifyPlace(place(), pool);
		expect(faults).to.have.length(1);
		expect(faults[0]).to.include({ code: "DATA_EXTRA", jobId: job.jobId });
	});

	it("finds a job that an index has lost, and that nobody reads any more", async () => {
		await archiveJobs(place(), "columnar", seededJobs(23, 3));
		await withArchive(path(), (database) =>
			database.script(`
				DROP INDEX idx_jobs_lookup;
				CREATE INDEX idx_jobs_lookup ON jobs (cluster, job_id, start_time) WHERE job_id <> 1002;
				PRAGMA writable_schema = ON;
				UPDATE sqlite_schema SET sql = replace(sql, ' WHERE job_id <> 1002', '') WHERE name = 'idx_jobs_lookup';
			`),
		);
		const { counts, faults } = await verifyPlace(place(), pool);
		expect(counts).to.include({ STORE_DAMAGED: 2 });
		expect(faults[0].reason).to.match(/idx_jobs_lookup/);
	});

	it("does not take what a writer has staged for damage", async () => {
		const { target } = place();
		await archiveJobs(place(), "columnar", [testJob()]);
		const writer = await openArchive(target, { fsync: false });
		const reader = await openArchive(target, { readOnly: true });
		const staged = await writer.stage(testJob({ jobId: 2 }));
		await staged.append(new Uint8Array(2 ** 20));
		const result = await verifyArchive(reader, { pool });
		expect(result).to.deep.include({ jobs: 1, faults: [], notes: [] });
		await staged.discard();
		await reader.close();
		await writer.close();
	});
});

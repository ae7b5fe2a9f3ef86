import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import { openArchive } from "../../../lib/archive/open.js";
import { columnsOf } from "../../../lib/codec/job-data.js";
import { encodeJson } from "../../../lib/codec/json/index.js";
import { serializeJob } from "../../../lib/schema/job-json.js";
import { Connection } from "../../../lib/sqlite/connection.js";
import { dataOf, testData } from "../../support/job-data.js";
import { testCluster, testColumn, testJob } from "../../support/jobs.js";
import { useTempFolder } from "../../support/temp-folder.js";
import { expectData } from "../contract/jobs.js";
import { sqlitePlace, withArchive } from "./sqlite-place.js";

/** The tables that ClusterCockpit's archive backend makes, and the statements with which it changes rows. */
const THEIR_TABLES = `
	CREATE TABLE IF NOT EXISTS jobs (
		id INTEGER PRIMARY KEY AUTOINCREMENT, job_id INTEGER NOT NULL, cluster TEXT NOT NULL,
		start_time INTEGER NOT NULL, meta_json BLOB NOT NULL, data_json BLOB, data_compressed BOOLEAN DEFAULT 0,
		created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, UNIQUE (job_id, cluster, start_time));
	CREATE INDEX IF NOT EXISTS idx_jobs_cluster ON jobs (cluster);
	CREATE INDEX IF NOT EXISTS idx_jobs_start_time ON jobs (start_time);
	CREATE INDEX IF NOT EXISTS idx_jobs_lookup ON jobs (cluster, job_id, start_time);
	CREATE TABLE IF NOT EXISTS clusters (name TEXT PRIMARY KEY, config_json BLOB NOT NULL, updated_at INTEGER NOT NULL);
	CREATE TABLE IF NOT EXISTS metadata (key TEXT PRIMARY KEY, value TEXT NOT NULL);
`;
const THEIR_INSERT = `
	INSERT INTO jobs (job_id, cluster, start_time, meta_json, data_json, data_compressed, created_at, updated_at)
	VALUES (?, ?, ?, ?, ?, ?, 1, 1)
	ON CONFLICT (job_id, cluster, start_time) DO UPDATE SET meta_json = excluded.meta_json,
		data_json = excluded.data_json, data_compressed = excluded.data_compressed, updated_at = excluded.updated_at
`;

describe("a SQLite archive beside ClusterCockpit", () => {
	const folder = useTempFolder();
	const path = () => join(folder(), "archive.db");

	/** An archive as ClusterCockpit makes one, with a gzipped job, a plain one, and one that it tore. */
	async function makeTheirs(): Promise<void> {
		const database = await Connection.open(path(), {
			mode: "create",
			busyTimeoutMs: 0,
		});
		await database.script(`PRAGMA journal_mode = WAL; ${THEIR_TABLES}`);
		await database.run("INSERT INTO metadata VALUES ('version', '3')");
		await database.run("INSERT INTO clusters VALUES ('testcluster', ?, 1)", [
			Buffer.from(JSON.stringify(testCluster())),
		]);
		const { bytes } = encodeJson(columnsOf(testData(1, 3)));
		for (const [jobId, data, compressed] of [
			[1, gzipSync(bytes), 1],
			[2, Buffer.from(bytes), 0],
			[3, null, 0],
			[4, Buffer.from(bytes).toString(), 0],
		] as const) {
			const job = testJob({ jobId });
			await database.run(THEIR_INSERT, [
				jobId,
				job.cluster,
				job.startTime,
				Buffer.from(serializeJob(job)),
				data,
				compressed,
			]);
		}
		await database.close();
	}

	for (const readOnly of [true, false])
		it(`reads an archive of theirs${readOnly ? ", without touching it" : ""}`, async () => {
			await makeTheirs();
			const archive = await openArchive(
				{ kind: "sqlite", "db-path": path() },
				{ readOnly, fsync: false },
			);
			expect(archive.format).to.equal("json");
			for (const jobId of [1, 2, 4])
				await expectData(archive, testJob({ jobId }), testData(1, 3));
			const encodings = [1, 2].map(async (jobId) => {
				const stored = await archive.loadStoredData(testJob({ jobId }));
				return stored.encoding;
			});
			expect(await Promise.all(encodings)).to.deep.equal(["json.gz", "json"]);
			// A meta without data does not count as archived.
			expect(await archive.exists(testJob({ jobId: 3 }))).to.equal(false);
			const { jobs, clusters } = await archive.info();
			expect(jobs).to.equal(3);
			expect(clusters.testcluster.formats).to.deep.equal({
				columnar: 0,
				json: 3,
			});
			await archive.close();
			await withArchive(path(), async (database) => {
				const ours = await database.all(
					"SELECT 1 FROM sqlite_schema WHERE name LIKE 'hpc_job_archiver%' AND type = 'table'",
				);
				expect(ours).to.have.length(readOnly ? 0 : 2);
			});
		});

	it("adds columnar jobs to an archive of theirs, and leaves their tables as they are", async () => {
		await makeTheirs();
		const schemaOf = () =>
			withArchive(path(), (database) =>
				database.all(
					"SELECT sql FROM sqlite_schema WHERE name NOT LIKE '%hpc_job_archiver%' ORDER BY name",
				),
			);
		const before = await schemaOf();
		const archive = await openArchive(`sqlite:${path()}`, {
			format: "columnar",
			fsync: false,
		});
		await archive.importJob(testJob({ jobId: 1 }), testData(5, 3000));
		await archive.importJob(testJob({ jobId: 9 }), testData(6, 3));
		await expectData(archive, testJob({ jobId: 1 }), testData(5, 3000));
		await archive.close();
		expect(await schemaOf()).to.deep.equal(before);
		expect(
			(await openArchive(`sqlite:${path()}`, { readOnly: true })).format,
		).to.equal("json");
	});

	it("writes json that their statements read, and takes their indexes", async () => {
		const archive = await openArchive(`sqlite:${path()}`, {
			format: "json",
			fsync: false,
		});
		await archive.storeClusterConfig("testcluster", testCluster());
		const sizes = [3, 300, 60_000];
		for (const [jobId, samples] of sizes.entries())
			await archive.importJob(testJob({ jobId }), testData(jobId, samples));
		await archive.close();
		await withArchive(path(), async (database) => {
			await database.script(THEIR_TABLES);
			const [version] = await database.all(
				"SELECT value FROM metadata WHERE key = 'version'",
			);
			expect(version).to.deep.equal({ value: "3" });
			for (const [jobId, samples] of sizes.entries()) {
				const [row] = await database.all<{
					meta_json: Uint8Array;
					data_json: Uint8Array;
					data_compressed: number;
					types: string;
				}>(
					`SELECT meta_json, data_json, data_compressed,
						typeof(meta_json) || ' ' || typeof(data_json) AS types
					FROM jobs WHERE job_id = ? AND cluster = ? AND start_time = ?`,
					[jobId, "testcluster", testJob().startTime],
				);
				expect(row.types).to.equal("blob blob");
				expect(row.data_compressed).to.equal(samples === 3 ? 0 : 1);
				const text = row.data_compressed
					? gunzipSync(row.data_json)
					: row.data_json;
				const data = JSON.parse(Buffer.from(text).toString());
				expect(data.cpu_load.node.series[0].data).to.have.length(samples);
				expect(
					JSON.parse(Buffer.from(row.meta_json).toString()).jobId,
				).to.equal(jobId);
			}
		});
	});

	it("follows when their tools remove or rewrite a columnar job", async () => {
		const archive = await openArchive(`sqlite:${path()}`, { fsync: false });
		await archive.storeClusterConfig("testcluster", testCluster());
		const jobs = [1, 2, 3].map((jobId) => testJob({ jobId }));
		for (const job of jobs) await archive.importJob(job, testData(1, 9000));
		const json = dataOf([testColumn({ samplesPerSeries: 5 })]);
		const { bytes } = encodeJson(columnsOf(json));
		await withArchive(path(), async (database) => {
			await database.run(
				"DELETE FROM jobs WHERE job_id = 1 AND cluster = 'testcluster' AND start_time = ?",
				[jobs[0].startTime],
			);
			await database.run(THEIR_INSERT, [
				2,
				"testcluster",
				jobs[1].startTime,
				Buffer.from(serializeJob(jobs[1])),
				bytes,
				0,
			]);
			// Tags are edited so; the data stay.
			await database.run("UPDATE jobs SET meta_json = ? WHERE job_id = 3", [
				Buffer.from(serializeJob({ ...jobs[2], project: "edited" })),
			]);
		});
		expect(await archive.exists(jobs[0])).to.equal(false);
		await expectData(archive, jobs[1], json);
		await expectData(archive, jobs[2], testData(1, 9000));
		expect((await archive.loadJobMeta(jobs[2])).project).to.equal("edited");
		const contents = await sqlitePlace(folder()).contents();
		expect(contents.filter((row) => row.startsWith("data "))).to.have.length(1);
		await archive.close();
	});
});

import { spawnSync } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { identify } from "../../lib/repository/identity.js";
import { SqliteJobRepository } from "../../lib/repository/sqlite.js";
import { Connection, type SqlValue } from "../../lib/sqlite/connection.js";
import {
	makeForeignDatabase,
	runningJobSql,
	withDatabase,
} from "../support/job-database.js";
import { testJob } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import { checkoutRoot, sharedData } from "../support/shared-data.js";
import { useTempFolder } from "../support/temp-folder.js";

describe("opening a job database", () => {
	const folder = useTempFolder();
	const file = () => join(folder(), "job.db");

	it("makes a new one, which stays ours", async () => {
		const made = await SqliteJobRepository.open(file());
		expect(made).to.include({ path: file(), version: 10, ours: true });
		await made.startJob(testJob());
		await made.close();

		const again = await SqliteJobRepository.open(file());
		expect(again.ours).to.equal(true);
		expect(await again.findJob(testJob())).to.include({ jobState: "running" });
		await again.close();
	});

	it("makes one in an empty file, as a creation that was cut off leaves it", async () => {
		await writeFile(file(), "");
		await using(file(), async ({ ours }) => expect(ours).to.equal(true));
	});

	it("lets two make the same new one at once", async () => {
		const both = await Promise.all(
			[1, 2].map(() => SqliteJobRepository.open(file())),
		);
		await Promise.all(
			both.map((one, index) => one.startJob(testJob({ jobId: index }))),
		);
		expect(await both[0].countByStatus()).to.include({ 1: 2 });
		await Promise.all(both.map((one) => one.close()));
	});

	it("sees one that somebody makes meanwhile as it was or as it is, and never as half of each", async () => {
		const connection = await Connection.open(file(), {
			mode: "create",
			busyTimeoutMs: 5000,
		});
		let statements = 0;
		const interrupted = {
			all: async <Row>(sql: string, params?: readonly SqlValue[]) => {
				const rows = await connection.all<Row>(sql, params);
				if (statements++ === 0) await using(file(), async () => undefined);
				return rows;
			},
		};
		expect(await identify(interrupted, file())).to.equal("empty");
		expect(await identify(interrupted, file())).to.include({ ours: true });
		await connection.close();
	});

	it("writes ahead and syncs in a new one", async () => {
		await using(file(), async () => undefined);
		const [{ journal_mode }] = await withDatabase(file(), (database) =>
			database.all<{ journal_mode: string }>("PRAGMA journal_mode"),
		);
		expect(journal_mode).to.equal("wal");
	});

	for (const version of [10, 11])
		it(`takes ClusterCockpit's version ${version}, and only adds tables of ours`, async () => {
			await makeForeignDatabase(file(), { version });
			const before = await schemaOf(file());
			await using(file(), async (repository) =>
				expect(repository).to.include({ version, ours: false }),
			);
			const after = await schemaOf(file());
			const added = after.filter(
				({ name }) => !before.some((object) => object.name === name),
			);
			expect(added.map(({ name }) => name)).to.deep.equal([
				"hpc_job_archiver_state",
				"hpc_job_archiver_untold",
			]);
			expect(after.filter((object) => !added.includes(object))).to.deep.equal(
				before,
			);
			const [{ journal_mode }] = await withDatabase(file(), (database) =>
				database.all<{ journal_mode: string }>("PRAGMA journal_mode"),
			);
			expect(journal_mode).to.equal("delete");
		});

	it("adds what a table of ours from an earlier release lacks", async () => {
		const key = { cluster: "alex", jobId: 1, startTime: 1000 };
		await makeForeignDatabase(file(), {
			sql: `CREATE TABLE hpc_job_archiver_state (
					cluster TEXT NOT NULL, job_id INTEGER NOT NULL, start_time INTEGER NOT NULL,
					code TEXT, message TEXT, attempts INTEGER NOT NULL DEFAULT 0, failed_at INTEGER,
					PRIMARY KEY (cluster, job_id, start_time)
				) WITHOUT ROWID;
				INSERT INTO hpc_job_archiver_state VALUES ('alex', 1, 1000, 'NO_DATA', 'none', 2, 5000);`,
		});
		for (let times = 0; times < 2; times++)
			await using(file(), async (repository) => {
				expect(await repository.completenessOf(key)).to.equal(undefined);
				expect(await repository.failureOf(key)).to.include({ attempts: 2 });
			});
	});

	const REFUSED: Record<string, (path: string) => Promise<void>> = {
		"a dirty migration": (path) => makeForeignDatabase(path, { dirty: 1 }),
		"version 9": (path) => makeForeignDatabase(path, { version: 9 }),
		"version 12": (path) => makeForeignDatabase(path, { version: 12 }),
		"no version": (path) =>
			makeForeignDatabase(path, { sql: "DELETE FROM schema_migrations;" }),
		"a table less": (path) =>
			makeForeignDatabase(path, { sql: "DROP TABLE job_cache;" }),
		"a column less": (path) =>
			makeForeignDatabase(path, {
				sql: "ALTER TABLE job DROP COLUMN footprint;",
			}),
		"version 12 with a write-ahead log": async (path) => {
			await makeForeignDatabase(path, { version: 12 });
			await withDatabase(path, (database) =>
				database.script("PRAGMA journal_mode = WAL"),
			);
		},
		"tables of something else": (path) =>
			withDatabase(path, (database) =>
				database.script("CREATE TABLE job (id INTEGER PRIMARY KEY);"),
			),
		"a file that is no database": (path) =>
			writeFile(path, "jobs: none\n".repeat(100)),
	};
	for (const [name, make] of Object.entries(REFUSED))
		it(`refuses ${name} and leaves every byte`, async () => {
			await make(file());
			const before = await readFile(file());
			for (const readOnly of [false, true]) {
				const error = await rejected(
					SqliteJobRepository.open(file(), { readOnly }),
				);
				expect(error).to.deep.include({
					code: "DATABASE_VERSION",
					details: { path: file() },
				});
			}
			expect((await readFile(file())).equals(before)).to.equal(true);
		});

	it("does not fold the log of a database that it refuses", async () => {
		await makeForeignDatabase(file());
		killedWhile(
			file(),
			`PRAGMA journal_mode = WAL; UPDATE schema_migrations SET version = 12;`,
		);
		const bytes = () =>
			Promise.all([readFile(file()), readFile(`${file()}-wal`)]);
		const before = await bytes();
		const error = await rejected(SqliteJobRepository.open(file()));
		expect(error.code).to.equal("DATABASE_VERSION");
		const after = await bytes();
		expect(
			after.map((part, index) => part.equals(before[index])),
		).to.deep.equal([true, true]);
	});

	it("rolls back what a writer that was killed had begun", async () => {
		const jobs = Array.from({ length: 200 }, (_, jobId) =>
			runningJobSql("job", { jobId }),
		);
		await makeForeignDatabase(file(), { sql: jobs.join("") });
		killedWhile(
			file(),
			`PRAGMA cache_size = 2; BEGIN; UPDATE job SET meta_data = '{"half":"done"}', monitoring_status = 2;`,
		);
		const journal = await readFile(`${file()}-journal`);
		expect(journal.length).to.be.above(0);
		await using(file(), async (repository) => {
			expect(await repository.countByStatus()).to.deep.equal({
				0: 0,
				1: 200,
				2: 0,
				3: 0,
			});
		});
	});

	it("keeps what it acknowledged when its process is killed", async () => {
		const repositoryUrl = new URL(
			"../../lib/repository/sqlite.js",
			import.meta.url,
		);
		killed([
			"--input-type=module",
			"-e",
			`const { SqliteJobRepository } = await import(process.argv[1]);
			const repository = await SqliteJobRepository.open(process.argv[2]);
			const job = await repository.startJob(JSON.parse(process.argv[3]));
			await repository.stopJob(job, { state: "failed", stopTime: job.startTime + 7 });
			process.kill(process.pid, "SIGKILL");`,
			repositoryUrl.href,
			file(),
			JSON.stringify(testJob()),
		]);
		await using(file(), async (repository) => {
			expect(repository.ours).to.equal(true);
			const [job] = await repository.findPending();
			expect(job).to.include({ jobId: 1001, jobState: "failed", duration: 7 });
		});
	});

	it("says what is wrong with a path", async () => {
		await mkdir(join(folder(), "a folder"));
		for (const [path, code, message] of [
			[
				"no/such/job.db",
				"DATABASE_FAILED",
				/folder .*no\/such.* does not exist/,
			],
			["a folder", "DATABASE_FAILED", /not a file/],
		] as const) {
			const error = await rejected(
				SqliteJobRepository.open(join(folder(), path)),
			);
			expect(error).to.include({ code, retryable: false });
			expect(error.message).to.match(message);
		}
		for (const path of ["", ":memory:"])
			expect((await rejected(SqliteJobRepository.open(path))).code).to.equal(
				"INVALID_OPTION",
			);
	});

	it("fails on a damaged database", async () => {
		await makeForeignDatabase(file());
		const bytes = await readFile(file());
		await writeFile(file(), bytes.fill(0xff, 100, 4096));
		expect(await rejected(SqliteJobRepository.open(file()))).to.include({
			code: "DATABASE_FAILED",
			retryable: false,
		});
	});

	it("waits for another's lock no longer than it was told", async () => {
		await makeForeignDatabase(file());
		await withDatabase(file(), (other) =>
			other.transaction(async () => {
				const error = await rejected(
					SqliteJobRepository.open(file(), { busyTimeoutMs: 20 }),
				);
				expect(error).to.deep.include({
					code: "DATABASE_BUSY",
					retryable: true,
					details: { path: file() },
				});
			}),
		);
		await using(file(), async ({ version }) => expect(version).to.equal(10));
	});

	describe("read-only", () => {
		it("reads, and leaves every byte", async () => {
			await makeForeignDatabase(file(), { sql: runningJobSql("job") });
			const before = await readFile(file());
			const repository = await SqliteJobRepository.open(file(), {
				readOnly: true,
			});
			const [job] = await repository.findByTime();
			expect(job).to.include({ cluster: "alex", jobId: 1 });
			expect(await repository.findFailed()).to.deep.equal([]);
			expect(await repository.failureOf(job)).to.equal(undefined);
			for (const write of [
				repository.startJob(testJob()),
				repository.stopJob(job, { state: "failed", stopTime: 2000 }),
				repository.registerJobs([testJob()]),
				repository.updateMetadata(job, "key", "value"),
				repository.markFailed(job, { code: "NO_DATA", message: "" }),
				repository.commitArchived([]),
			]) {
				const error = await rejected(write);
				expect(error.code).to.equal("DATABASE_FAILED");
				expect(error.message).to.match(/reading only/);
			}
			await repository.close();
			expect((await readFile(file())).equals(before)).to.equal(true);
		});

		it("makes no database", async () => {
			const missing = await rejected(
				SqliteJobRepository.open(file(), { readOnly: true }),
			);
			expect(missing.code).to.equal("DATABASE_FAILED");
			await writeFile(file(), "");
			const empty = await rejected(
				SqliteJobRepository.open(file(), { readOnly: true }),
			);
			expect(empty.code).to.equal("DATABASE_VERSION");
		});

		it("sees what another process commits", async () => {
			await using(file(), async (writing) => {
				await using(
					file(),
					async (reading) => {
						await writing.startJob(testJob());
						expect(await reading.findJob(testJob())).to.include({
							jobId: 1001,
						});
					},
					{ readOnly: true },
				);
			});
		});
	});

	it("makes what ClusterCockpit's own database has", async function () {
		const theirs = sharedData("job.db");
		if (theirs === undefined) this.skip();
		const copy = join(folder(), "theirs.db");
		await copyFile(theirs, copy);
		await using(file(), async () => undefined);
		expect(await structureOf(file())).to.deep.equal(await structureOf(copy));
	});

	it("checks states as ClusterCockpit's tables do", async () => {
		await using(file(), async () => undefined);
		await withDatabase(file(), async (database) => {
			for (const [table, column, good, bad] of [
				["job", "job_state", "'out-of-memory'", "'out_of_memory'"],
				["job_cache", "job_state", "'preempted'", "'done'"],
				["job", "shared", "'single_user'", "'exclusive'"],
				["job", "monitoring_status", "3", "4"],
				["job_cache", "smt", "1", "2"],
			]) {
				await database.script(
					`DELETE FROM ${table}; ${runningJobSql(table as "job" | "job_cache")}`,
				);
				await database.run(`UPDATE ${table} SET ${column} = ${good}`);
				const error = await rejected(
					database.run(`UPDATE ${table} SET ${column} = ${bad}`),
				);
				expect(error.message).to.match(/CHECK constraint/);
			}
		});
	});
});

async function using(
	path: string,
	work: (repository: SqliteJobRepository) => Promise<unknown>,
	options?: { readOnly: boolean },
): Promise<void> {
	const repository = await SqliteJobRepository.open(path, options);
	try {
		await work(repository);
	} finally {
		await repository.close();
	}
}

interface SchemaObject {
	name: string;
	sql: string;
}

function schemaOf(path: string): Promise<SchemaObject[]> {
	return withDatabase(path, (database) =>
		database.all<SchemaObject>(
			"SELECT name, sql FROM sqlite_schema ORDER BY name",
		),
	);
}

/** Columns, keys and indexes of every table, but for what is ours alone and for SQLite's own. */
function structureOf(path: string): Promise<unknown> {
	return withDatabase(path, async (database) => {
		const tables = await database.all<{ name: string }>(
			`SELECT name FROM sqlite_schema
			WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'hpc_job_archiver%' ORDER BY name`,
		);
		return Promise.all(
			tables.map(async ({ name }) => ({
				table: name,
				columns: await database.all(
					`SELECT name, type, "notnull", replace(dflt_value, '"', '''') AS dflt, pk FROM pragma_table_info(?)`,
					[name],
				),
				references: await database.all(
					"SELECT * FROM pragma_foreign_key_list(?)",
					[name],
				),
				indexes: await database.all(
					`SELECT list.name, list."unique", list.partial, group_concat(info.name ORDER BY info.seqno) AS columns
					FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info
					WHERE list.name NOT LIKE 'hpc_job_archiver%'
					GROUP BY list.name ORDER BY list.name`,
					[name],
				),
			})),
		);
	});
}

/** Runs statements in a process that is killed before it can close the database or end a transaction. */
function killedWhile(path: string, sql: string): void {
	killed([
		"-e",
		`const { Database } = require("sqlite3");
		const database = new Database(process.argv[1]);
		database.exec(process.argv[2], (error) => {
			if (error) throw error;
			process.kill(process.pid, "SIGKILL");
		});`,
		path,
		sql,
	]);
}

function killed(nodeArguments: string[]): void {
	const { signal, stderr } = spawnSync(process.execPath, nodeArguments, {
		cwd: checkoutRoot,
		encoding: "utf8",
	});
	expect(signal, stderr).to.equal("SIGKILL");
}

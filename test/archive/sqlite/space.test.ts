import {
	mkdir,
	readdir,
	readFile,
	rm,
	stat,
	statfs,
	writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { openArchive } from "../../../lib/archive/open.js";
import { isArchiverError } from "../../../lib/errors.js";
import { Connection } from "../../../lib/sqlite/connection.js";
import { testData } from "../../support/job-data.js";
import { testCluster, testJob } from "../../support/jobs.js";
import { tryMount } from "../../support/mount.js";
import { rejected } from "../../support/rejected.js";
import { useTempFolder } from "../../support/temp-folder.js";
import { commitAll, expectData, stage, stageAll } from "../contract/jobs.js";
import { sqlitePlace, withArchive } from "./sqlite-place.js";

const BUSY_TIMEOUT_MS = 20;

describe("the file of a SQLite archive", () => {
	let unmount: (() => void) | undefined;
	// Before the folder's own hook, which removes it.
	afterEach(() => {
		unmount?.();
		unmount = undefined;
	});
	const folder = useTempFolder();
	const path = () => join(folder(), "archive.db");

	async function openReady(options = {}) {
		const archive = await openArchive(`sqlite:${path()}`, {
			fsync: false,
			busyTimeoutMs: BUSY_TIMEOUT_MS,
			...options,
		});
		await archive.storeClusterConfig("testcluster", testCluster());
		return archive;
	}

	it("is little larger than what is in it, and shrinks when jobs are removed", async () => {
		const archive = await openReady();
		const jobs = Array.from({ length: 60 }, (_, jobId) => testJob({ jobId }));
		const samples = ({ jobId }: { jobId: number }) => 100 * (1 + jobId * 4);
		await commitAll(
			archive,
			await stageAll(archive, jobs, (job) => testData(job.jobId, samples(job))),
		);
		const { bytes } = (await archive.info()).clusters.testcluster;
		await archive.close();
		const full = (await stat(path())).size;
		expect(full / bytes).to.be.within(1, 1.05);

		const again = await openReady();
		const kept = jobs.filter(({ jobId }) => jobId % 10 === 0);
		await again.remove(jobs.filter(({ jobId }) => jobId % 10 !== 0));
		const left = (await again.info()).clusters.testcluster.bytes;
		for (const job of kept)
			await expectData(again, job, testData(job.jobId, samples(job)));
		await again.close();
		// Besides, each table and index has a page of its own, however empty.
		expect((await stat(path())).size).to.be.below(left * 1.1 + 20 * 8192);
		await withArchive(path(), async (database) => {
			expect(await database.all("PRAGMA integrity_check")).to.deep.equal([
				{ integrity_check: "ok" },
			]);
			expect(await database.all("PRAGMA freelist_count")).to.deep.equal([
				{ freelist_count: 0 },
			]);
		});
	});

	it("that is full fails the job that does not fit, keeps the others, and takes the next one once there is room", async function () {
		unmount = tryMount(["-t", "tmpfs", "-o", "size=3m", "tmpfs"], folder());
		if (unmount === undefined) this.skip();
		const ballast = join(folder(), "ballast");
		await writeFile(ballast, new Uint8Array(500_000));
		const archive = await openReady();
		let fitting = 0;
		for (; fitting < 200; fitting++) {
			try {
				await archive.importJob(
					testJob({ jobId: fitting }),
					testData(fitting, 3000),
				);
			} catch (error) {
				if (!isArchiverError(error)) throw error;
				expect(error.code).to.equal("ARCHIVE_FULL");
				expect(error.details.jobId).to.equal(fitting);
				break;
			}
		}
		expect(fitting).to.be.within(3, 199);
		expect((await archive.info()).jobs).to.equal(fitting);
		const error = await rejected(
			archive.importJob(testJob({ jobId: 1 }), testData(9, 60_000)),
		);
		expect(error.code).to.equal("ARCHIVE_FULL");
		for (let jobId = 0; jobId < fitting; jobId++)
			await expectData(archive, testJob({ jobId }), testData(jobId, 3000));
		await rm(ballast);
		const next = testJob({ jobId: fitting });
		await archive.importJob(next, testData(fitting, 3000));
		await expectData(archive, next, testData(fitting, 3000));
		await archive.close();
	});

	it("that is full fails a large job of a group, and not the small ones with it", async function () {
		unmount = tryMount(["-t", "tmpfs", "-o", "size=3m", "tmpfs"], folder());
		if (unmount === undefined) this.skip();
		const archive = await openReady({ format: "json" });
		const jobs = [1, 2, 3].map((jobId) => testJob({ jobId }));
		const samples = [300, 25_000, 300];
		const staged = [];
		for (const [i, job] of jobs.entries())
			staged.push(await stage(archive, job, testData(i, samples[i])));
		// What is left of the disk takes the small ones only.
		const { bavail, bsize } = await statfs(folder());
		const ballast = new Uint8Array(bavail * bsize - 300_000);
		await writeFile(join(folder(), "ballast"), ballast);
		const errors = await archive.commit(staged);
		expect(errors.map((error) => error?.code)).to.deep.equal([
			undefined,
			"ARCHIVE_FULL",
			undefined,
		]);
		for (const i of [0, 2])
			await expectData(archive, jobs[i], testData(i, samples[i]));
		await archive.close();
	});

	it("on a read-only mount can be read, and not be written", async function () {
		const [real, view] = [join(folder(), "real"), join(folder(), "view")];
		await mkdir(real);
		await mkdir(view);
		const writable = await openArchive(`sqlite:${join(real, "a.db")}`, {
			fsync: false,
		});
		await writable.storeClusterConfig("testcluster", testCluster());
		await writable.importJob(testJob(), testData(1, 3000));
		await writable.close();
		const files = await readdir(real);
		unmount = tryMount(["--bind", "-o", "ro", real], view);
		if (unmount === undefined) this.skip();
		for (const readOnly of [true, false]) {
			const archive = await openArchive(`sqlite:${join(view, "a.db")}`, {
				readOnly,
			});
			await expectData(archive, testJob(), testData(1, 3000));
			const error = await rejected(archive.remove([testJob()]));
			expect(error.code).to.equal("ARCHIVE_READ_ONLY");
			await archive.close();
		}
		const error = await rejected(openArchive(`sqlite:${join(view, "new.db")}`));
		expect(error.code).to.equal("ARCHIVE_READ_ONLY");
		expect(await readdir(real)).to.deep.equal(files);
	});

	it("that holds something else is refused, and left as it is", async () => {
		const foreign = {
			"text.db": "no database, but a long text ".repeat(100),
			"job.db": undefined,
		};
		for (const [name, text] of Object.entries(foreign)) {
			const file = join(folder(), name);
			if (text !== undefined) await writeFile(file, text);
			else await makeForeign(file);
			const before = await readFile(file);
			for (const readOnly of [true, false]) {
				const error = await rejected(
					openArchive(`sqlite:${file}`, { readOnly }),
				);
				expect(error.code).to.equal("ARCHIVE_VERSION");
				expect(error.details.path).to.equal(file);
			}
			expect(Buffer.compare(await readFile(file), before)).to.equal(0);
		}
		expect((await readdir(folder())).sort()).to.deep.equal([
			"job.db",
			"text.db",
		]);
		for (const place of [folder(), join(folder(), "none", "a.db")]) {
			const error = await rejected(openArchive(`sqlite:${place}`));
			expect(error.code).to.equal("ARCHIVE_UNREADABLE");
			expect(error.retryable).to.equal(false);
		}
	});

	it("that somebody else has locked fails a commit, which can be tried again", async () => {
		const archive = await openReady();
		await archive.importJob(testJob(), testData(1));
		const contents = await sqlitePlace(folder()).contents();
		const later = [
			await stage(archive, testJob({ jobId: 2 }), testData(2)),
			await stage(archive, testJob({ jobId: 3 }), testData(3)),
		];
		await withArchive(path(), (other) =>
			other.transaction(async (statements) => {
				await statements.run("UPDATE jobs SET updated_at = 5");
				const errors = await archive.commit(later);
				for (const error of errors)
					expect(error).to.include({
						code: "ARCHIVE_WRITE_FAILED",
						retryable: true,
					});
				// Reading goes on.
				await expectData(archive, testJob(), testData(1));
			}),
		);
		expect(await sqlitePlace(folder()).contents()).to.deep.equal(contents);
		await archive.importJob(testJob({ jobId: 2 }), testData(2));
		await archive.close();
	});
});

async function makeForeign(path: string): Promise<void> {
	const database = await Connection.open(path, {
		mode: "create",
		busyTimeoutMs: 0,
	});
	await database.script("CREATE TABLE job (id INTEGER)");
	await database.close();
}

import { spawnSync } from "node:child_process";
import { expect } from "chai";
import {
	type Archive,
	openArchive,
	verifyArchive,
	WorkerPool,
} from "../../lib/index.js";
import { expectNoTemporaries } from "../archive/file/archives.js";
import { useHouse } from "../support/house.js";
import { tryMount } from "../support/mount.js";
import { columnsFor, ScriptedSource } from "../support/scripted-source.js";
import { useTempFolder } from "../support/temp-folder.js";

const JOBS = 80;
/** Enough for some 10 kB a job. */
const SAMPLES_PER_SERIES = 2000;

describe("under an archiver, a disk that is full for real", () => {
	const openHouse = useHouse();
	let pool: WorkerPool;
	let archive: Archive | undefined;
	let unmount: (() => void) | undefined;
	before(() => {
		pool = new WorkerPool({
			poolMinThreads: 1,
			poolMaxThreads: 1,
			poolIdleTimeoutMs: 60_000,
		});
	});
	after(() => pool.close({ force: true }));
	// Before the folder's own hook, which removes it.
	afterEach(async () => {
		await archive?.close();
		unmount?.();
	});
	const folder = useTempFolder();

	for (const format of ["columnar", "json"] as const) {
		it(`fails the jobs that do not fit with ARCHIVE_FULL, and they are archived once there is room (${format})`, async function () {
			unmount = tryMount(["-t", "tmpfs", "-o", "size=512k", "tmpfs"], folder());
			if (unmount === undefined) this.skip();
			archive = await openArchive(folder(), { format });
			const { archiver, repository, registerIds } = await openHouse({
				archive,
				pool,
				source: new ScriptedSource(({ job }) =>
					columnsFor(job, SAMPLES_PER_SERIES),
				),
			});
			const jobs = await registerIds(Array.from({ length: JOBS }, (_, i) => i));
			const codes = await Promise.all(
				jobs.map((job) =>
					archiver.archiveJob(job).then(
						() => undefined,
						(error) => error.code,
					),
				),
			);
			const archived = codes.filter((code) => code === undefined).length;
			expect(archived).to.be.within(5, JOBS - 5);
			for (const [i, job] of jobs.entries()) {
				const { code } = (await repository.failureOf(job)) ?? {};
				expect(code, `job ${i}`).to.equal(codes[i]);
				expect(code, `job ${i}`).to.be.oneOf([undefined, "ARCHIVE_FULL"]);
				expect(await archive.exists(job)).to.equal(code === undefined);
			}
			expect(await repository.countByStatus()).to.include({
				1: 0,
				2: JOBS - archived,
				3: archived,
			});
			await expectNoTemporaries(folder());
			await expectSound(archive, archived);

			spawnSync("mount", ["-o", "remount,size=8m", folder()]);
			expect(await archiver.retryFailed()).to.equal(JOBS - archived);
			await archiver.waitForArchiving();
			expect(await repository.countByStatus()).to.include({ 3: JOBS });
			await expectSound(archive, JOBS);
		});
	}

	async function expectSound(archive: Archive, jobs: number): Promise<void> {
		const result = await verifyArchive(archive, { pool });
		expect(result.faults).to.deep.equal([]);
		expect(result.jobs).to.equal(jobs);
	}
});

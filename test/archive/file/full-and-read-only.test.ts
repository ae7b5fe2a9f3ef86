import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { jobFolder } from "../../../lib/archive/layout.js";
import { openArchive } from "../../../lib/archive/open.js";
import { isArchiverError } from "../../../lib/errors.js";
import { testCluster, testJob } from "../../support/jobs.js";
import { tryMount } from "../../support/mount.js";
import { rejected } from "../../support/rejected.js";
import { useTempFolder } from "../../support/temp-folder.js";
import {
	exactly,
	expectNoTemporaries,
	filesBelow,
	testArchive,
	testData,
} from "./archives.js";

describe("a full disk", () => {
	let unmount: (() => void) | undefined;
	// Before the folder's own hook, which removes it.
	afterEach(() => unmount?.());
	const folder = useTempFolder();

	it("fails the job that does not fit, keeps the others, and takes the next one once there is room", async function () {
		unmount = tryMount(["-t", "tmpfs", "-o", "size=512k", "tmpfs"], folder());
		if (unmount === undefined) this.skip();
		const archive = await testArchive(folder());
		const jobs = Array.from({ length: 100 }, (_, jobId) => testJob({ jobId }));
		let fitting = 0;
		for (; fitting < jobs.length; fitting++) {
			try {
				await archive.importJob(jobs[fitting], testData(fitting, 1000));
			} catch (error) {
				if (!isArchiverError(error)) throw error;
				expect(error.code).to.equal("ARCHIVE_FULL");
				expect(error.details.jobId).to.equal(fitting);
				break;
			}
		}
		expect(fitting).to.be.within(3, 99);
		await expectNoTemporaries(folder());
		expect(await archive.exists(jobs[fitting])).to.equal(false);
		expect((await archive.info()).jobs).to.equal(fitting);

		// A job that is there stays as it is when its larger successor does not fit.
		const error = await rejected(archive.importJob(jobs[1], testData(9, 5000)));
		expect(error.code).to.equal("ARCHIVE_FULL");
		expect(exactly(await archive.loadJobData(jobs[1]))).to.deep.equal(
			exactly(testData(1, 1000)),
		);

		await rm(join(folder(), jobFolder(jobs[0])), { recursive: true });
		await rm(join(folder(), jobFolder(jobs[2])), { recursive: true });
		await archive.importJob(jobs[fitting], testData(fitting, 1000));
		expect(exactly(await archive.loadJobData(jobs[fitting]))).to.deep.equal(
			exactly(testData(fitting, 1000)),
		);
		await archive.close();
	});
});

describe("a read-only archive", () => {
	let unmount: (() => void) | undefined;
	// Before the folder's own hook, which removes it.
	afterEach(() => unmount?.());
	const folder = useTempFolder();

	it("on a read-only mount can be read, and not be written", async function () {
		const [path, view] = [join(folder(), "archive"), join(folder(), "view")];
		const writable = await testArchive(path);
		await writable.importJob(testJob(), testData(1));
		await writable.stage(testJob());
		const files = await filesBelow(path);
		await mkdir(view);
		unmount = tryMount(["--bind", "-o", "ro", path], view);
		if (unmount === undefined) this.skip();
		await expectReadOnly(await openArchive(view));
		const error = await rejected(openArchive(join(view, "new")));
		expect(error.code).to.equal("ARCHIVE_READ_ONLY");
		expect(await filesBelow(path)).to.deep.equal(files);
		await writable.close();
	});

	it("opened as such can be read, and not be written", async () => {
		const writable = await testArchive(folder());
		await writable.importJob(testJob(), testData(1));
		const files = await filesBelow(folder());
		await expectReadOnly(await openArchive(folder(), { readOnly: true }));
		expect(await filesBelow(folder())).to.deep.equal(files);
	});
});

async function expectReadOnly(
	archive: Awaited<ReturnType<typeof openArchive>>,
): Promise<void> {
	const job = testJob();
	expect(exactly(await archive.loadJobData(job))).to.deep.equal(
		exactly(testData(1)),
	);
	expect((await archive.info()).jobs).to.equal(1);
	for (const write of [
		() => archive.stage(testJob({ jobId: 5 })),
		() => archive.importJob(testJob({ jobId: 5 }), testData(2)),
		() => archive.storeJobMeta(job),
		() => archive.storeClusterConfig("testcluster", testCluster()),
	]) {
		const error = await rejected(write());
		expect(error.code).to.equal("ARCHIVE_READ_ONLY");
		expect(error.details.path).to.be.a("string");
	}
	await archive.close();
}

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type {
	FileArchive,
	FileArchiveOptions,
} from "../../../lib/archive/file/file-archive.js";
import { jobFolder } from "../../../lib/archive/layout.js";
import { openArchive } from "../../../lib/archive/open.js";
import type { Job } from "../../../lib/schema/job.js";
import { testCluster } from "../../support/jobs.js";

export { dataOf, exactly, keyOf, testData } from "../../support/job-data.js";

/** An archive that knows the test cluster. Not synced, unless a test asks for it. */
export async function testArchive(
	path: string,
	options: FileArchiveOptions = {},
): Promise<FileArchive> {
	const archive = await openArchive(path, { fsync: false, ...options });
	await archive.storeClusterConfig("testcluster", testCluster());
	return archive as FileArchive;
}

/** Every file below a folder, as sorted relative paths. */
export async function filesBelow(path: string): Promise<string[]> {
	const entries = await readdir(path, { recursive: true, withFileTypes: true });
	return entries
		.filter((entry) => entry.isFile())
		.map(({ parentPath, name }) =>
			join(parentPath, name).slice(path.length + 1),
		)
		.sort();
}

/** The names in a job's folder, sorted; empty when there is none. */
export async function jobFiles(path: string, job: Job): Promise<string[]> {
	const names = await readdir(join(path, jobFolder(job))).catch(() => []);
	return names.sort();
}

export async function expectNoTemporaries(path: string): Promise<void> {
	const names = await readdir(path);
	expect(names.filter((name) => name.startsWith(".tmp-"))).to.deep.equal([]);
}

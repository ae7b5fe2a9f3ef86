import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type {
	FileArchive,
	FileArchiveOptions,
} from "../../../lib/archive/file/file-archive.js";
import { jobFolder } from "../../../lib/archive/layout.js";
import { openArchive } from "../../../lib/archive/open.js";
import type { Column } from "../../../lib/codec/column.js";
import { columnsOf, jobDataOf } from "../../../lib/codec/job-data.js";
import { measureColumn } from "../../../lib/codec/statistics.js";
import type { Job, JobKey } from "../../../lib/schema/job.js";
import type { JobData } from "../../../lib/schema/metric.js";
import { bitsOf, testCluster, testColumn } from "../../support/jobs.js";

/** An archive that knows the test cluster. Not synced, unless a test asks for it. */
export async function testArchive(
	path: string,
	options: FileArchiveOptions = {},
): Promise<FileArchive> {
	const archive = await openArchive(path, { fsync: false, ...options });
	await archive.storeClusterConfig("testcluster", testCluster());
	return archive as FileArchive;
}

/** A job's data: two metrics, the same for the same seed. With more samples a series it is over 2,000 bytes of JSON. */
export function testData(seed: number, samplesPerSeries = 60): JobData {
	return dataOf([
		testColumn({ metric: "cpu_load", seed, samplesPerSeries }),
		testColumn({
			metric: "flops_any",
			scope: "core",
			seed: seed + 1,
			series: 4,
			samplesPerSeries,
		}),
	]);
}

export function dataOf(columns: readonly Column[]): JobData {
	return jobDataOf(columns, measureColumn);
}

/** Everything about a job's data that has to come back, samples as bits. */
export function exactly(data: JobData): unknown {
	return columnsOf(data).map(({ samples, ...header }) => ({
		...header,
		samples: bitsOf(samples),
	}));
}

export function keyOf({ cluster, jobId, startTime }: Job): JobKey {
	return { cluster, jobId, startTime };
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

import { join } from "node:path";
import { dataIdOf } from "../../codec/data-id.js";
import type { Job } from "../../schema/job.js";
import { parseJob, serializeJob } from "../../schema/job-json.js";
import { assertJobKey } from "../../schema/names.js";
import { dataFactsOf } from "../data-facts.js";
import { withKeptTags } from "../kept-tags.js";
import { DATA_FILES, type DataFileKind, META_FILE } from "../layout.js";
import type { DurableFiles } from "./durable-files.js";
import { isClaimName } from "./lock.js";
import { JobReader } from "./read.js";
import { isTemporaryName } from "./temporaries.js";

/** Data come in larger files too, and these are not looked into. */
const LARGEST_META_BYTES = 16 * 2 ** 20;
const CHECKSUM_BYTES = 8;

/**
 * Takes care of what processes that died have left at the root: finishes the commits that were cut short between a job's
 * data and its meta, as far as that is allowed, then removes every file that is nobody's any more.
 *
 * @param names - The entries of the root from before this process had the lock.
 */
export async function clearLeftovers(
	files: DurableFiles,
	names: readonly string[],
): Promise<void> {
	const leftovers = names.filter(
		(name) => isTemporaryName(name) || isClaimName(name),
	);
	for (const name of leftovers) {
		const path = join(files.root, name);
		try {
			if (isTemporaryName(name)) await finishCommit(files, path);
			await files.fileSystem.unlink(path);
		} catch {
			// It is taken care of at the next start.
		}
	}
}

/**
 * Where the data that a sealed meta tells of are in their place already, and another meta beside them or none, puts it in
 * its place. Without that a job that was being replaced would keep the statistics of data that are gone.
 */
async function finishCommit(files: DurableFiles, path: string): Promise<void> {
	const reader = new JobReader(files.fileSystem, files.root);
	const job = await readMeta(files, reader, path);
	const dataId = job && dataFactsOf(job)?.dataId;
	if (job === undefined || dataId === undefined) return;
	const data = await findData(reader, job, dataId);
	if (data === undefined) return;
	const earlier = await reader.loadMeta(job).catch(() => undefined);
	if (earlier !== undefined && dataFactsOf(earlier)?.dataId === dataId) return;
	const folder = reader.folderOf(job);
	await removeOtherData(files, folder, data, await reader.names(job));
	const kept = earlier === undefined ? job : withKeptTags(job, earlier);
	await files.writeFile(join(folder, META_FILE), serializeJob(kept));
}

/** The meta in a temporary file; undefined when it holds something else. */
async function readMeta(
	files: DurableFiles,
	reader: JobReader,
	path: string,
): Promise<Job | undefined> {
	const { size } = await files.fileSystem.stat(path);
	if (size > LARGEST_META_BYTES) return undefined;
	const bytes = await reader.readWhole(path);
	try {
		const job = parseJob(JSON.parse(Buffer.from(bytes.buffer).toString()));
		assertJobKey(job);
		return job;
	} catch {
		return undefined;
	}
}

/** Which file of a job's folder is this very version of its data. */
async function findData(
	reader: JobReader,
	job: Job,
	dataId: string,
): Promise<DataFileKind | undefined> {
	const names = await reader.names(job);
	for (const kind of DATA_FILES) {
		if (!names.has(kind.name)) continue;
		const path = join(reader.folderOf(job), kind.name);
		if ((await readDataId(reader, path, kind)) === dataId) return kind;
	}
	return undefined;
}

async function readDataId(
	reader: JobReader,
	path: string,
	{ encoding }: DataFileKind,
): Promise<string | undefined> {
	try {
		const bytes =
			encoding === "columnar"
				? await reader.withRanges(path, ({ byteLength, read }) =>
						read(byteLength - CHECKSUM_BYTES, CHECKSUM_BYTES),
					)
				: await reader.readWhole(path);
		return dataIdOf(bytes, encoding);
	} catch {
		// Too short, or damaged.
		return undefined;
	}
}

async function removeOtherData(
	files: DurableFiles,
	folder: string,
	kept: DataFileKind,
	names: ReadonlySet<string>,
): Promise<void> {
	const others = DATA_FILES.filter(
		({ name }) => name !== kept.name && names.has(name),
	);
	if (others.length === 0) return;
	await files.syncFolder(folder);
	for (const { name } of others)
		await files.fileSystem.unlink(join(folder, name));
	await files.syncFolder(folder);
}

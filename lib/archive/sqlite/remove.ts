import type { ArchiverError } from "../../errors.js";
import { formatJobKey, type JobKey } from "../../schema/job.js";
import type { Statements } from "../../sqlite/connection.js";
import { jobUnknown } from "../errors.js";
import { writeError } from "./errors.js";
import type { ArchiveWriter } from "./writer.js";

/** Jobs in one transaction, and free pages given back in one: others who write wait no longer than for these. */
const GROUP_JOBS = 64;
const GROUP_PAGES = 1024;

const REMOVE = `
	DELETE FROM jobs WHERE id IN (
		SELECT jobs.id FROM json_each(?1) CROSS JOIN jobs
			ON job_id = value ->> 0 AND cluster = value ->> 1 AND start_time = value ->> 2
	)
	RETURNING cluster, job_id AS jobId, start_time AS startTime
`;

/** See `Archive.remove`: groups of jobs go in one transaction each, and the space that they leave is given back. */
export async function removeJobs(
	writer: ArchiveWriter,
	keys: readonly JobKey[],
): Promise<(ArchiverError | undefined)[]> {
	const errors: (ArchiverError | undefined)[] = [];
	for (let at = 0; at < keys.length; at += GROUP_JOBS) {
		const group = keys.slice(at, at + GROUP_JOBS);
		errors.push(...(await removeGroup(writer, group)));
	}
	if (errors.includes(undefined)) await giveBackSpace(writer);
	return errors;
}

async function removeGroup(
	writer: ArchiveWriter,
	keys: readonly JobKey[],
): Promise<(ArchiverError | undefined)[]> {
	const rows = keys.map(({ jobId, cluster, startTime }) => [
		jobId,
		cluster,
		startTime,
	]);
	try {
		const removed = await writer.transaction((statements) =>
			statements.all<JobKey>(REMOVE, [JSON.stringify(rows)]),
		);
		const gone = new Set(removed.map(formatJobKey));
		return keys.map((key) =>
			gone.has(formatJobKey(key)) ? undefined : jobUnknown(writer.path, key),
		);
	} catch (error) {
		return keys.map((key) => writeError(error, writer.path, key));
	}
}

/**
 * Cuts free pages off the file. The jobs are removed by now, so this never rejects: pages that stay are used again. In a
 * database of ClusterCockpit's all stay, since it was not made for giving them back.
 */
async function giveBackSpace(writer: ArchiveWriter): Promise<void> {
	try {
		let before = Number.POSITIVE_INFINITY;
		for (;;) {
			const free = await writer.transaction(async (statements) => {
				await statements.script(`PRAGMA incremental_vacuum(${GROUP_PAGES})`);
				return freePages(statements);
			});
			if (free === 0 || free >= before) return;
			before = free;
		}
	} catch {
		// Next time.
	}
}

async function freePages(statements: Statements): Promise<number> {
	const [{ freelist_count }] = await statements.all<{ freelist_count: number }>(
		"PRAGMA freelist_count",
	);
	return freelist_count;
}

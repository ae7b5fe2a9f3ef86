import type { Column, Compression, DataEncoding } from "../codec/column.js";
import { encodePart, encodeTail, fileHeader } from "../codec/columnar/index.js";
import { columnsOf } from "../codec/job-data.js";
import { encodeJson } from "../codec/json/index.js";
import type { Job } from "../schema/job.js";
import type { JobData } from "../schema/metric.js";
import type { Archive, StagedJob } from "./archive.js";

/** `Archive.importJob` for any archive: encodes a job in the archive's format, stages it and commits it. */
export async function importJob(
	archive: Archive,
	job: Job,
	data: JobData,
	compression: Compression,
): Promise<void> {
	const columns = columnsOf(data);
	const staged = await archive.stage(job);
	try {
		const encoding =
			archive.format === "columnar"
				? await appendColumnar(staged, columns, compression)
				: await appendJson(staged, columns);
		await staged.seal(encoding, job);
	} catch (error) {
		await staged.discard();
		throw error;
	}
	const [error] = await archive.commit([staged]);
	if (error !== undefined) throw error;
}

async function appendColumnar(
	staged: StagedJob,
	columns: readonly Column[],
	compression: Compression,
): Promise<DataEncoding> {
	const header = fileHeader();
	await staged.append(header);
	const { frames, summary } = encodePart(columns, compression);
	// The frames lie in the encoder's working memory, which another job may need while this one is written.
	await staged.append(frames.slice());
	const part = { byteOffset: header.byteLength, summary };
	await staged.append(encodeTail([part], {}));
	return "columnar";
}

async function appendJson(
	staged: StagedJob,
	columns: readonly Column[],
): Promise<DataEncoding> {
	const { encoding, bytes } = encodeJson(columns);
	await staged.append(bytes);
	return encoding;
}

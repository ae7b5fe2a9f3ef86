import type {
	Column,
	Compression,
	DataEncoding,
	DataFormat,
} from "../codec/column.js";
import { encodePart, encodeTail, fileHeader } from "../codec/columnar/index.js";
import { dataIdOf } from "../codec/data-id.js";
import { columnsOf } from "../codec/job-data.js";
import { encodeJson } from "../codec/json/index.js";
import type { Job } from "../schema/job.js";
import type { JobData } from "../schema/metric.js";
import type { Archive, StagedJob } from "./archive.js";
import { type DataFacts, refreshDataFacts } from "./data-facts.js";

interface Appended {
	encoding: DataEncoding;
	dataId: string;
}

export interface StagingOptions {
	format: DataFormat;
	/** Of columnar data. */
	compression: Compression;
	/** What is known of these very data, and stays true. */
	facts?: DataFacts;
}

/** `Archive.importJob` for any archive: encodes a job in the archive's format, stages it and commits it. */
export async function importJob(
	archive: Archive,
	job: Job,
	data: JobData,
): Promise<void> {
	const staged = await stageJob(archive, job, data, archive);
	const [error] = await archive.commit([staged]);
	if (error !== undefined) throw error;
}

/** Encodes a job and stages it, ready for commit. When that fails, nothing of it is left. */
export async function stageJob(
	archive: Archive,
	job: Job,
	data: JobData,
	{ format, compression, facts }: StagingOptions,
): Promise<StagedJob> {
	const columns = columnsOf(data);
	const staged = await archive.stage(job);
	try {
		const { encoding, dataId } =
			format === "columnar"
				? await appendColumnar(staged, columns, compression)
				: await appendJson(staged, columns);
		const stored = { ...facts, format, dataId, ...countsOf(columns) };
		await staged.seal(encoding, refreshDataFacts(job, stored));
		return staged;
	} catch (error) {
		await staged.discard();
		throw error;
	}
}

async function appendColumnar(
	staged: StagedJob,
	columns: readonly Column[],
	compression: Compression,
): Promise<Appended> {
	const header = fileHeader();
	await staged.append(header);
	const { frames, summary } = encodePart(columns, compression);
	// The frames lie in the encoder's working memory, which another job may need while this one is written.
	await staged.append(frames.slice());
	const part = { byteOffset: header.byteLength, summary };
	const tail = encodeTail([part], {});
	await staged.append(tail);
	return { encoding: "columnar", dataId: dataIdOf(tail, "columnar") };
}

async function appendJson(
	staged: StagedJob,
	columns: readonly Column[],
): Promise<Appended> {
	const { encoding, bytes } = encodeJson(columns);
	await staged.append(bytes);
	return { encoding, dataId: dataIdOf(bytes, encoding) };
}

function countsOf(columns: readonly Column[]): {
	series: number;
	samples: number;
} {
	let series = 0;
	let samples = 0;
	for (const column of columns) {
		series += column.lengths.length;
		samples += column.samples.length;
	}
	return { series, samples };
}

import type { StoredData } from "../archive/archive.js";
import type { DataFacts } from "../archive/data-facts.js";
import type { Compression, DataEncoding, DataFormat } from "../codec/column.js";
import type { FinishedJob, Preparation } from "../dispatch/messages.js";
import type { WorkerPool } from "../dispatch/pool.js";
import { ArchiverError, toArchiverError } from "../errors.js";

export interface Recoding {
	format: DataFormat;
	compression: Compression;
	/** What becomes of the columns in between; absent: nothing. */
	preparation?: Preparation;
}

export interface RecodedJob {
	bytes: Uint8Array;
	encoding: DataEncoding;
	finished: FinishedJob;
}

/**
 * Decodes a stored job and encodes it anew, on a thread of the pool, which takes its bytes.
 *
 * @throws ArchiverError SOURCE_DATA_INVALID when it cannot be decoded, and what the pool rejects with; all with its path.
 */
export async function recode(
	pool: Pick<WorkerPool, "run">,
	{ bytes: { buffer, byteLength }, encoding, path }: StoredData,
	{ format, compression, preparation }: Recoding,
	{ check = false } = {},
): Promise<RecodedJob> {
	try {
		const { bytes, finished } = await pool.run(
			{
				kind: "encode",
				chunk: {
					kind: "archived",
					encoding,
					bytes: buffer,
					path,
					decodedBytes: byteLength,
					last: true,
				},
				whole: true,
				format,
				compression,
				preparation,
				check,
			},
			{ transfer: [buffer] },
		);
		if (finished === undefined)
			throw new TypeError("a whole job comes back finished");
		return { bytes, encoding: finished.encoding, finished };
	} catch (error) {
		throw toArchiverError(error, "WORKER_FAILED", { path });
	}
}

/** As {@link recode}, to take a job's place: what was encoded is decoded again and compared, and damage is the archive's own. */
export async function recodeInPlace(
	...[pool, stored, recoding]: Parameters<typeof recode>
): Promise<RecodedJob> {
	try {
		return await recode(pool, stored, recoding, { check: true });
	} catch (cause) {
		const error = toArchiverError(cause, "WORKER_FAILED");
		if (error.code !== "SOURCE_DATA_INVALID") throw error;
		const { message, details } = error;
		throw new ArchiverError("DATA_CORRUPT", message, details, { cause });
	}
}

/** What the meta of a recoded job says of its data. */
export function factsOf(
	{ dataId, series, samples }: FinishedJob,
	format: DataFormat,
	compression: Compression,
): DataFacts {
	const isSmall = format === "columnar" && compression === "small";
	return {
		format,
		dataId,
		series,
		samples,
		compression: isSmall ? compression : undefined,
	};
}

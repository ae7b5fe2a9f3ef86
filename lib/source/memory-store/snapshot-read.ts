import { type FileHandle, open } from "node:fs/promises";
import { decodeColumnar } from "../../codec/columnar/index.js";
import { ArchiverError, toArchiverError } from "../../errors.js";
import type { HeldJob } from "./holds.js";
import {
	checkMark,
	damaged,
	type EndFrame,
	FRAME_HEADER_BYTES,
	MARK_BYTES,
	readFrameHeader,
	readFrameJson,
	type SeriesFrame,
} from "./snapshot-format.js";

/** A series as a snapshot holds it. */
export interface SavedSeries {
	cluster: string;
	hostname: string;
	metric: string;
	scope: string;
	/** Empty for the node. */
	device: string;
	/** Seconds. */
	timestep: number;
	/** Unix seconds of slot 0. */
	phase: number;
	firstSlot: number;
	/** One a slot, NaN where there is none. */
	samples: Float64Array;
}

/**
 * Reads a snapshot from begin to end. Where it is damaged, some of its series may have been told before that shows.
 *
 * @param onSeries - Called with the series of a frame.
 * @returns the jobs that were held; undefined when there is no file at `path`.
 * @throws ArchiverError DATA_CORRUPT with path and offset, FORMAT_UNSUPPORTED, SNAPSHOT_FAILED
 */
export async function readSnapshot(
	path: string,
	onSeries: (series: SavedSeries[]) => void | Promise<void>,
): Promise<HeldJob[] | undefined> {
	let file: FileHandle;
	try {
		file = await open(path, "r");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw toArchiverError(error, "SNAPSHOT_FAILED", { path });
	}
	try {
		return await new SnapshotReader(file).read(onSeries);
	} catch (error) {
		const { code, message, details, retryable } = toArchiverError(
			error,
			"SNAPSHOT_FAILED",
		);
		throw new ArchiverError(
			code,
			`${path}: ${message}`,
			{ ...details, path },
			{ cause: error, retryable },
		);
	} finally {
		await file.close();
	}
}

class SnapshotReader {
	readonly #file: FileHandle;
	#offset = 0;
	#byteLength = 0;

	constructor(file: FileHandle) {
		this.#file = file;
	}

	async read(
		onSeries: (series: SavedSeries[]) => void | Promise<void>,
	): Promise<HeldJob[]> {
		this.#byteLength = (await this.#file.stat()).size;
		checkMark(await this.#take(Math.min(MARK_BYTES, this.#byteLength)));
		for (let frames = 0; ; frames++) {
			const start = this.#offset;
			const header = await this.#take(FRAME_HEADER_BYTES);
			const { jsonBytes, dataBytes } = readFrameHeader(header);
			const json = await this.#take(jsonBytes);
			const data = await this.#take(dataBytes);
			const frame = readFrameJson(header, json, data, start);
			if (dataBytes > 0) {
				const dataOffset = start + FRAME_HEADER_BYTES + jsonBytes;
				await onSeries(seriesOf(frame as SeriesFrame, data, dataOffset));
			} else return this.#end(frame as EndFrame, frames, start);
		}
	}

	#end(end: EndFrame, frames: number, offset: number): HeldJob[] {
		if (end.frames !== frames)
			throw damaged(`${end.frames} frames belong here, not ${frames}`, offset);
		if (this.#offset < this.#byteLength)
			throw damaged("something follows the end", this.#offset);
		return end.heldJobs;
	}

	/** The next bytes, which must be there: nothing is allocated for lengths that the file does not have. */
	async #take(length: number): Promise<Buffer> {
		if (length > this.#byteLength - this.#offset)
			throw damaged("the snapshot has no end", this.#byteLength);
		const bytes = Buffer.allocUnsafe(length);
		let done = 0;
		while (done < length) {
			const { bytesRead } = await this.#file.read(
				bytes,
				done,
				length - done,
				this.#offset + done,
			);
			if (bytesRead === 0)
				throw damaged("the snapshot has no end", this.#offset + done);
			done += bytesRead;
		}
		this.#offset += length;
		return bytes;
	}
}

function seriesOf(
	{ cluster, places }: SeriesFrame,
	data: Buffer,
	dataOffset: number,
): SavedSeries[] {
	const series: SavedSeries[] = [];
	for (const column of decode(data, dataOffset)) {
		const { metric, scope, timestep, hostnames, ids, lengths, samples } =
			column;
		let start = 0;
		for (const [i, hostname] of hostnames.entries()) {
			const [phase, firstSlot] = places[series.length];
			const end = start + lengths[i];
			series.push({
				cluster,
				hostname,
				metric,
				scope,
				device: ids?.[i] ?? "",
				timestep,
				phase,
				firstSlot,
				samples: samples.subarray(start, end),
			});
			start = end;
		}
	}
	return series;
}

/** Its checksum was right, so what is wrong with it is no damage to the file; it is refused all the same. */
function decode(
	data: Buffer,
	dataOffset: number,
): ReturnType<typeof decodeColumnar> {
	try {
		return decodeColumnar(data);
	} catch (error) {
		const { message } = toArchiverError(error, "DATA_CORRUPT");
		throw damaged(message, dataOffset);
	}
}

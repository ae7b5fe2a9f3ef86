import { crc32 } from "node:zlib";
import { ArchiverError } from "../../errors.js";
import type { HeldJob } from "./holds.js";

/**
 * A snapshot is a mark with a version, then frames: the lengths of two sections and a checksum over all of it (three
 * 32-bit numbers, little-endian), a section of JSON, and one that is a columnar file with series of one cluster. The last
 * frame has no series and says what came before it, so that a snapshot without its end is known for what it is.
 */
const MARK = Buffer.from("hpcmems");
const VERSION = 1;
export const MARK_BYTES = MARK.length + 1;
export const FRAME_HEADER_BYTES = 12;

/** What the JSON of a frame with series says. */
export interface SeriesFrame {
	cluster: string;
	/** By series, in the order of the columns: Unix seconds of slot 0, and the slot of the first sample. */
	places: [phase: number, firstSlot: number][];
}

/** What the JSON of the last frame says. */
export interface EndFrame {
	/** Frames before it. */
	frames: number;
	heldJobs: HeldJob[];
}

export interface FrameHeader {
	jsonBytes: number;
	dataBytes: number;
	checksum: number;
}

/** The bytes that every snapshot begins with. */
export function snapshotMark(): Uint8Array {
	return Buffer.concat([MARK, Uint8Array.of(VERSION)]);
}

/** @throws ArchiverError DATA_CORRUPT, FORMAT_UNSUPPORTED */
export function checkMark(bytes: Uint8Array): void {
	if (bytes.length < MARK_BYTES || !MARK.equals(bytes.subarray(0, MARK.length)))
		throw damaged("this is no snapshot of a memory store", 0);
	const version = bytes[MARK.length];
	if (version !== VERSION)
		throw new ArchiverError(
			"FORMAT_UNSUPPORTED",
			`snapshot version ${version} is not known; this release reads version ${VERSION}`,
			{ offset: MARK.length },
		);
}

/** Header and JSON of a frame; `data` follows them. */
export function frameStart(
	json: SeriesFrame | EndFrame,
	data: Uint8Array,
): Uint8Array {
	const text = Buffer.from(JSON.stringify(json));
	const bytes = Buffer.alloc(FRAME_HEADER_BYTES + text.length);
	bytes.writeUInt32LE(text.length, 0);
	bytes.writeUInt32LE(data.length, 4);
	bytes.set(text, FRAME_HEADER_BYTES);
	bytes.writeUInt32LE(checksumOf(bytes, text, data), 8);
	return bytes;
}

export function readFrameHeader(bytes: Buffer): FrameHeader {
	return {
		jsonBytes: bytes.readUInt32LE(0),
		dataBytes: bytes.readUInt32LE(4),
		checksum: bytes.readUInt32LE(8),
	};
}

/**
 * The JSON of a frame, whose checksum must be right.
 *
 * @param offset - Of the frame in the file.
 * @throws ArchiverError DATA_CORRUPT
 */
export function readFrameJson(
	header: Buffer,
	json: Buffer,
	data: Buffer,
	offset: number,
): unknown {
	if (checksumOf(header, json, data) !== readFrameHeader(header).checksum)
		throw damaged("the checksum of a frame does not match", offset);
	return JSON.parse(json.toString());
}

export function damaged(reason: string, offset: number): ArchiverError {
	return new ArchiverError("DATA_CORRUPT", reason, { offset });
}

function checksumOf(
	header: Uint8Array,
	json: Uint8Array,
	data: Uint8Array,
): number {
	return crc32(data, crc32(json, crc32(header.subarray(0, 8))));
}

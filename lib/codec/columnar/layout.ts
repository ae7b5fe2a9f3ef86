import { crc32 } from "node:zlib";
import { ArchiverError } from "../../errors.js";

/** `hpcjobs` and the version: the first eight bytes of a file. */
const HEADER_MAGIC = "hpcjobs";
/** The last bytes of a file are `hpc` and the version. */
const TRAILER_MAGIC = "hpc";
export const FORMAT_VERSION = 1;
export const HEADER_BYTES = 8;
export const TRAILER_BYTES = 16;

/** Where the index of a file lies and how it is stored. */
export interface Trailer {
	indexOffset: number;
	/** Bytes of the index in the file. */
	storedBytes: number;
	/** Bytes of the index once decompressed; equal to `storedBytes`: it is stored as it is. */
	rawBytes: number;
	/** CRC-32 of the stored index followed by the first eight bytes of the trailer. */
	checksum: number;
}

/** The bytes that every file begins with. */
export function fileHeader(): Uint8Array {
	return Uint8Array.from([
		...new TextEncoder().encode(HEADER_MAGIC),
		FORMAT_VERSION,
	]);
}

/** @throws ArchiverError DATA_CORRUPT, FORMAT_UNSUPPORTED */
export function checkFileHeader(bytes: Uint8Array): void {
	checkMagic(bytes, 0, HEADER_MAGIC, 0);
}

/** The index as it is stored, with the trailer that finds it from the end of the file. */
export function sealIndex(stored: Uint8Array, rawBytes: number): Uint8Array {
	const bytes = new Uint8Array(stored.length + TRAILER_BYTES);
	bytes.set(stored);
	const view = new DataView(bytes.buffer, stored.length);
	view.setUint32(0, stored.length, true);
	view.setUint32(4, rawBytes, true);
	view.setUint32(8, crc32(bytes.subarray(0, stored.length + 8)), true);
	bytes.set(new TextEncoder().encode(TRAILER_MAGIC), stored.length + 12);
	bytes[bytes.length - 1] = FORMAT_VERSION;
	return bytes;
}

/**
 * Reads a trailer and checks its sizes against the file's.
 *
 * @param bytes the file's last {@link TRAILER_BYTES} bytes.
 * @throws ArchiverError DATA_CORRUPT, FORMAT_UNSUPPORTED
 */
export function readTrailer(
	bytes: Uint8Array,
	fileBytes: number,
	maxIndexBytes: number,
): Trailer {
	const offset = fileBytes - TRAILER_BYTES;
	checkMagic(bytes, 12, TRAILER_MAGIC, offset);
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const storedBytes = view.getUint32(0, true);
	const rawBytes = view.getUint32(4, true);
	if (storedBytes > offset - HEADER_BYTES)
		throw corrupt(
			`the trailer names an index of ${storedBytes} bytes, more than the file has`,
			offset,
		);
	if (rawBytes < storedBytes || rawBytes > maxIndexBytes)
		throw corrupt(
			`the trailer names an index of ${rawBytes} bytes (stored: ${storedBytes}, allowed: ${maxIndexBytes})`,
			offset + 4,
		);
	return {
		indexOffset: offset - storedBytes,
		storedBytes,
		rawBytes,
		checksum: view.getUint32(8, true),
	};
}

/** Whether the stored index and the trailer's sizes are what was written. @throws ArchiverError DATA_CORRUPT */
export function checkIndex(
	stored: Uint8Array,
	trailer: Uint8Array,
	{ checksum, indexOffset }: Trailer,
): void {
	if (crc32(trailer.subarray(0, 8), crc32(stored)) !== checksum)
		throw corrupt("the checksum of the index does not match", indexOffset);
}

/** @throws ArchiverError DATA_CORRUPT when the file cannot even hold header and trailer */
export function checkFileSize(fileBytes: number): void {
	if (fileBytes < HEADER_BYTES + TRAILER_BYTES)
		throw corrupt(
			`the file has ${fileBytes} bytes, fewer than header and trailer take`,
			0,
		);
}

/** The one shape of errors about bytes that do not check out. */
export function corrupt(
	message: string,
	offset: number,
	column?: string,
): ArchiverError {
	return new ArchiverError(
		"DATA_CORRUPT",
		column === undefined ? message : `${column}: ${message}`,
		column === undefined ? { offset } : { offset, column },
	);
}

function checkMagic(
	bytes: Uint8Array,
	start: number,
	magic: string,
	fileOffset: number,
): void {
	for (let i = 0; i < magic.length; i++)
		if (bytes[start + i] !== magic.charCodeAt(i))
			throw corrupt(
				`not a columnar job file, or torn: the mark "${magic}" is missing`,
				fileOffset + start + i,
			);
	const version = bytes[start + magic.length];
	if (version !== FORMAT_VERSION)
		throw new ArchiverError(
			"FORMAT_UNSUPPORTED",
			`columnar format version ${version} is not known; this release reads version ${FORMAT_VERSION}`,
			{ offset: fileOffset + start + magic.length },
		);
}

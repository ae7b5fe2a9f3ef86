import { ArchiverError } from "../../errors.js";
import { CODING_KINDS, CODINGS, ENCODINGS } from "./index-table.js";
import { asInteger, asNumber } from "./index-values.js";
import { MAX_PLANES } from "./integer-planes.js";
import type { MsgpackValue } from "./msgpack.js";
import { RAW_PLANES } from "./raw-planes.js";
import type { Block, Coding, Encoding } from "./summary.js";
import { WIDE_PLANES } from "./wide-integers.js";

/** Frames of a column that is coded by context. */
export const CONTEXTUAL_FRAMES = 3;

/** A range of the file. */
export interface Placed {
	byteOffset: number;
	byteLength: number;
}

/** Where in the file the next block lies, and where blocks end. */
export interface BlockPlace {
	next: number;
	end: number;
}

const NO_BYTES = new Uint8Array(0);

type Fields = readonly (MsgpackValue | undefined)[];

/**
 * Reads what an index says of a block, and moves `place` behind it.
 *
 * @throws RangeError when it contradicts itself or the file; ArchiverError FORMAT_UNSUPPORTED
 */
export function readBlock(
	fields: Fields,
	present: number,
	place: BlockPlace,
): Block & Placed {
	const { encoding, sizes, bytes, frames } = readEncoding(fields, place);
	const frameBytes = readSizes(sizes);
	const [fewest, most] = frames;
	if (frameBytes.length < fewest || frameBytes.length > most)
		throw new RangeError(
			`${frameBytes.length} frames where ${fewest} to ${most} belong`,
		);
	checkCounts(encoding, present);
	const storedBytes = frameBytes.reduce((a, b) => a + b, 0);
	return { encoding, frameBytes, ...placeFrames(storedBytes, bytes, place) };
}

/**
 * Finds frames: in the index itself, or at `place`, which is moved behind them.
 *
 * @param bytes what the index has for them: themselves, or their checksum.
 * @throws RangeError
 */
export function placeFrames(
	storedBytes: number,
	bytes: MsgpackValue | undefined,
	place: BlockPlace,
): Pick<Block, "checksum" | "inline"> & Placed {
	const byteOffset = place.next;
	if (bytes instanceof Uint8Array) {
		if (bytes.length !== storedBytes)
			throw new RangeError(`${bytes.length} bytes where ${storedBytes} belong`);
		return { checksum: 0, inline: bytes, byteOffset, byteLength: 0 };
	}
	if (storedBytes > place.end - byteOffset)
		throw new RangeError("frames reach beyond the file");
	place.next += storedBytes;
	const checksum = asInteger(bytes, "checksum");
	return { checksum, byteOffset, byteLength: storedBytes };
}

interface EncodingFields {
	encoding: Encoding;
	sizes: MsgpackValue | undefined;
	bytes: MsgpackValue | undefined;
	/** Fewest and most frames. */
	frames: [number, number];
}

function readEncoding(
	[number, ...fields]: Fields,
	place: BlockPlace,
): EncodingFields {
	switch (number) {
		case ENCODINGS.constant:
			return {
				encoding: { kind: "constant", value: readDouble(fields[0]) },
				sizes: [],
				bytes: NO_BYTES,
				frames: [0, 0],
			};
		case ENCODINGS.raw:
			return {
				encoding: { kind: "raw" },
				sizes: fields[0],
				bytes: fields[1],
				frames: [RAW_PLANES, RAW_PLANES],
			};
		case ENCODINGS.wide: {
			const [scale, base, sizes, bytes] = fields;
			const encoding: Encoding = { kind: "wide", scale: readScale(scale) };
			if (base !== null) encoding.base = asNumber(base, "base");
			return { encoding, sizes, bytes, frames: [0, WIDE_PLANES] };
		}
		case ENCODINGS.integers: {
			const [scale, coding, parameter, sizes, bytes, count] = fields;
			const exceptions = count === undefined ? 0 : asInteger(count, "count");
			const encoding: Encoding = {
				kind: "integers",
				scale: readScale(scale),
				exceptions,
				coding: readCoding(coding, parameter, place),
			};
			const frames = framesOf(encoding.coding, exceptions > 0 ? 1 : 0);
			return { encoding, sizes, bytes, frames };
		}
		case ENCODINGS.dictionary: {
			const [size, coding, parameter, sizes, bytes] = fields;
			const encoding: Encoding = {
				kind: "dictionary",
				size: asInteger(size, "size"),
				coding: readCoding(coding, parameter, place),
			};
			const frames = framesOf(encoding.coding, 1);
			return { encoding, sizes, bytes, frames };
		}
		default:
			throw unknown("encoding", number, place);
	}
}

function readCoding(
	field: MsgpackValue | undefined,
	parameter: MsgpackValue | undefined,
	place: BlockPlace,
): Coding {
	const number = asInteger(field, "coding");
	const kind = number % CODING_KINDS;
	const lowBits = 8 - Math.floor(number / CODING_KINDS);
	if (lowBits < 1) throw unknown("coding", number, place);
	switch (kind) {
		case CODINGS.level: {
			const base = asNumber(parameter, "base");
			if ((base | 0) !== base) throw new RangeError(`base is ${base}`);
			return { kind: "level", lowBits, base };
		}
		case CODINGS.delta:
			return { kind: "delta", lowBits };
		case CODINGS.difference:
			return {
				kind: "difference",
				lowBits,
				reference: asInteger(parameter, "reference"),
			};
		case CODINGS["contextual-level"]:
		case CODINGS["contextual-delta"]: {
			const name =
				kind === CODINGS["contextual-level"]
					? "contextual-level"
					: "contextual-delta";
			return parameter === null
				? { kind: name }
				: { kind: name, reference: asInteger(parameter, "reference") };
		}
		default:
			throw unknown("coding", number, place);
	}
}

function framesOf(coding: Coding, behind: number): [number, number] {
	switch (coding.kind) {
		case "contextual-level":
		case "contextual-delta":
			return [CONTEXTUAL_FRAMES + behind, CONTEXTUAL_FRAMES + behind];
		default:
			return [behind, MAX_PLANES + behind];
	}
}

function readSizes(value: MsgpackValue | undefined): number[] {
	return Array.isArray(value)
		? value.map((size) => asInteger(size, "frame size"))
		: [asInteger(value, "frame size")];
}

/** Tables that a block brings along hold no more entries than the column has samples. */
function checkCounts(encoding: Encoding, present: number): void {
	const entries =
		encoding.kind === "integers"
			? encoding.exceptions
			: encoding.kind === "dictionary"
				? encoding.size
				: 0;
	if (entries > present)
		throw new RangeError(
			`a table of ${entries} entries for ${present} samples`,
		);
}

function readScale(value: MsgpackValue | undefined): number {
	const scale = asInteger(value, "scale");
	if (scale === 0) throw new RangeError("scale is 0");
	return scale;
}

function readDouble(value: MsgpackValue | undefined): number {
	if (!(value instanceof Uint8Array) || value.length !== 8)
		throw new RangeError("a constant is not eight bytes");
	return new DataView(value.buffer, value.byteOffset, 8).getFloat64(0, true);
}

function unknown(
	what: string,
	number: MsgpackValue | undefined,
	{ end }: BlockPlace,
): ArchiverError {
	return new ArchiverError(
		"FORMAT_UNSUPPORTED",
		`${what} ${String(number)} is not known to this release`,
		{ offset: end },
	);
}

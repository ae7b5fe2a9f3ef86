import { ArchiverError } from "../../errors.js";
import { MAX_PLANES } from "./byte-planes.js";
import { CODING_KINDS, CODINGS, ENCODINGS } from "./index-table.js";
import { asInteger, asNumber } from "./index-values.js";
import type { MsgpackValue } from "./msgpack.js";
import { RAW_PLANES } from "./raw-planes.js";
import type { Block, Coding, Encoding } from "./summary.js";
import { WIDE_PLANES } from "./wide-integers.js";

/** Frames of a column that is coded by context. */
export const CONTEXTUAL_FRAMES = 3;

/** Where in the file the next block lies, and where blocks end. */
export interface BlockPlace {
	next: number;
	end: number;
}

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
): Block & { byteOffset: number; byteLength: number } {
	const { encoding, sizes, checksum, frames } = readEncoding(fields, place);
	const frameBytes = readSizes(sizes);
	const [fewest, most] = frames;
	if (frameBytes.length < fewest || frameBytes.length > most)
		throw new RangeError(
			`${frameBytes.length} frames where ${fewest} to ${most} belong`,
		);
	const byteLength = frameBytes.reduce((a, b) => a + b, 0);
	const byteOffset = place.next;
	if (byteLength > place.end - byteOffset)
		throw new RangeError("frames reach beyond the file");
	place.next += byteLength;
	checkCounts(encoding, present);
	return {
		encoding,
		frameBytes,
		checksum: frameBytes.length === 0 ? 0 : asInteger(checksum, "checksum"),
		byteOffset,
		byteLength,
	};
}

interface EncodingFields {
	encoding: Encoding;
	sizes: MsgpackValue | undefined;
	checksum: MsgpackValue | undefined;
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
				checksum: 0,
				frames: [0, 0],
			};
		case ENCODINGS.raw:
			return {
				encoding: { kind: "raw" },
				sizes: fields[0],
				checksum: fields[1],
				frames: [RAW_PLANES, RAW_PLANES],
			};
		case ENCODINGS.wide: {
			const [scale, base, sizes, checksum] = fields;
			const encoding: Encoding = { kind: "wide", scale: readScale(scale) };
			if (base !== null) encoding.base = asNumber(base, "base");
			return { encoding, sizes, checksum, frames: [0, WIDE_PLANES] };
		}
		case ENCODINGS.integers: {
			const [scale, coding, parameter, sizes, checksum, count] = fields;
			const exceptions = count === undefined ? 0 : asInteger(count, "count");
			const encoding: Encoding = {
				kind: "integers",
				scale: readScale(scale),
				exceptions,
				coding: readCoding(coding, parameter, place),
			};
			const frames = framesOf(encoding.coding, exceptions > 0 ? 1 : 0);
			return { encoding, sizes, checksum, frames };
		}
		case ENCODINGS.dictionary: {
			const [size, coding, parameter, sizes, checksum] = fields;
			const encoding: Encoding = {
				kind: "dictionary",
				size: asInteger(size, "size"),
				coding: readCoding(coding, parameter, place),
			};
			const frames = framesOf(encoding.coding, 1);
			return { encoding, sizes, checksum, frames };
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

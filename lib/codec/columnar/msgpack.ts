/** What a reader of the index can meet. Maps have no prototype. */
export type MsgpackValue =
	| null
	| boolean
	| number
	| string
	| Uint8Array
	| MsgpackValue[]
	| { [key: string]: MsgpackValue };

/** Deeper nesting than an index ever has. */
const MAX_DEPTH = 8;

/**
 * Reads the one MessagePack value that `bytes` hold. Made for bytes that may be hostile: every count is compared with
 * the bytes that are left before anything is allocated, nesting is bounded, and keys such as `__proto__` are data.
 * Extension types and integers beyond 2^53 are refused.
 *
 * @returns the value; binary values are views into `bytes`.
 * @throws RangeError with the position when the bytes are not such a value.
 */
export function readMsgpack(bytes: Uint8Array): MsgpackValue {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const text = new TextDecoder("utf-8", { ignoreBOM: true });
	let position = 0;

	const value = readValue(0);
	if (position !== bytes.length) throw malformed("bytes after the value");
	return value;

	function readValue(depth: number): MsgpackValue {
		if (depth > MAX_DEPTH) throw malformed("nesting is too deep");
		const type = view.getUint8(take(1));
		if (type < 0x80) return type;
		if (type < 0x90) return readMap(type & 0x0f, depth);
		if (type < 0xa0) return readArray(type & 0x0f, depth);
		if (type < 0xc0) return readText(type & 0x1f);
		if (type >= 0xe0) return type - 0x100;
		switch (type) {
			case 0xc0:
				return null;
			case 0xc2:
				return false;
			case 0xc3:
				return true;
			case 0xc4:
				return readBytes(view.getUint8(take(1)));
			case 0xc5:
				return readBytes(view.getUint16(take(2)));
			case 0xc6:
				return readBytes(view.getUint32(take(4)));
			case 0xca:
				return view.getFloat32(take(4));
			case 0xcb:
				return view.getFloat64(take(8));
			case 0xcc:
				return view.getUint8(take(1));
			case 0xcd:
				return view.getUint16(take(2));
			case 0xce:
				return view.getUint32(take(4));
			case 0xcf:
				return safeInteger(view.getBigUint64(take(8)));
			case 0xd0:
				return view.getInt8(take(1));
			case 0xd1:
				return view.getInt16(take(2));
			case 0xd2:
				return view.getInt32(take(4));
			case 0xd3:
				return safeInteger(view.getBigInt64(take(8)));
			case 0xd9:
				return readText(view.getUint8(take(1)));
			case 0xda:
				return readText(view.getUint16(take(2)));
			case 0xdb:
				return readText(view.getUint32(take(4)));
			case 0xdc:
				return readArray(view.getUint16(take(2)), depth);
			case 0xdd:
				return readArray(view.getUint32(take(4)), depth);
			case 0xde:
				return readMap(view.getUint16(take(2)), depth);
			case 0xdf:
				return readMap(view.getUint32(take(4)), depth);
			default:
				throw malformed(`type ${type} does not belong here`);
		}
	}

	function readArray(count: number, depth: number): MsgpackValue[] {
		need(count);
		const array: MsgpackValue[] = [];
		for (let i = 0; i < count; i++) array.push(readValue(depth + 1));
		return array;
	}

	function readMap(count: number, depth: number): MsgpackValue {
		need(2 * count);
		const map = Object.create(null) as { [key: string]: MsgpackValue };
		for (let i = 0; i < count; i++) {
			const key = readValue(depth + 1);
			if (typeof key !== "string") throw malformed("a key is not a string");
			map[key] = readValue(depth + 1);
		}
		return map;
	}

	function readText(byteLength: number): string {
		return text.decode(readBytes(byteLength));
	}

	function readBytes(byteLength: number): Uint8Array {
		const start = take(byteLength);
		return bytes.subarray(start, start + byteLength);
	}

	function safeInteger(value: bigint): number {
		const number = Number(value);
		if (!Number.isSafeInteger(number)) throw malformed("an integer too large");
		return number;
	}

	function take(byteLength: number): number {
		need(byteLength);
		const start = position;
		position += byteLength;
		return start;
	}

	function need(byteLength: number): void {
		if (byteLength > bytes.length - position)
			throw malformed(
				`${byteLength} more bytes wanted, ${bytes.length - position} left`,
			);
	}

	function malformed(reason: string): RangeError {
		return new RangeError(`${reason} (at byte ${position} of the index)`);
	}
}

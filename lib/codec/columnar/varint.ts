/** Most bytes that a number below 2^53 takes. */
const MAX_VARINT_BYTES = 8;

/** Numbers written seven bits a byte, lowest first, with the high bit on every byte but the last. */
export class VarintWriter {
	#bytes = new Uint8Array(256);
	#length = 0;

	reset(): void {
		this.#length = 0;
	}

	/** @param value an integer from 0 to 2^53 - 1. */
	write(value: number): void {
		this.#reserve(MAX_VARINT_BYTES);
		let rest = value;
		while (rest >= 0x80) {
			// Bitwise operators see the low 32 bits, which is all that is wanted of the lowest seven.
			this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
			rest = rest < 2 ** 31 ? rest >>> 7 : Math.floor(rest / 128);
		}
		this.#bytes[this.#length++] = rest;
	}

	/** @param value an integer of magnitude below 2^52. */
	writeSigned(value: number): void {
		this.write(value < 0 ? -2 * value - 1 : 2 * value);
	}

	writeBytes(bytes: Uint8Array): void {
		this.#reserve(bytes.length);
		this.#bytes.set(bytes, this.#length);
		this.#length += bytes.length;
	}

	/** What was written since the last reset: a view, valid until the next write. */
	written(): Uint8Array {
		return this.#bytes.subarray(0, this.#length);
	}

	#reserve(byteLength: number): void {
		const needed = this.#length + byteLength;
		if (needed <= this.#bytes.length) return;
		const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
		grown.set(this.written());
		this.#bytes = grown;
	}
}

/** Reads what {@link VarintWriter} wrote. A `RangeError` says that the bytes end early or a number is too large. */
export class VarintReader {
	readonly #bytes: Uint8Array;
	#position = 0;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	get bytesLeft(): number {
		return this.#bytes.length - this.#position;
	}

	read(): number {
		const first = this.#bytes[this.#position];
		if (first >= 0x80 || first === undefined) return this.#readLong();
		this.#position++;
		return first;
	}

	readSigned(): number {
		const value = this.read();
		return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
	}

	/** A view into the bytes that are read. */
	readBytes(byteLength: number): Uint8Array {
		if (byteLength > this.bytesLeft) throw new RangeError("bytes are missing");
		const start = this.#position;
		this.#position += byteLength;
		return this.#bytes.subarray(start, this.#position);
	}

	/** Throws unless everything was read. */
	end(): void {
		if (this.bytesLeft > 0) throw new RangeError("bytes are left over");
	}

	#readLong(): number {
		let value = 0;
		let factor = 1;
		for (let i = 0; i < MAX_VARINT_BYTES; i++) {
			if (this.#position >= this.#bytes.length)
				throw new RangeError("a number is cut off");
			const byte = this.#bytes[this.#position++];
			value += (byte & 0x7f) * factor;
			if (byte < 0x80) {
				if (value > Number.MAX_SAFE_INTEGER) break;
				return value;
			}
			factor *= 128;
		}
		throw new RangeError("a number is too large");
	}
}

/** Beside up to seven bits that wait for their byte to fill, this many fit 32. */
const MAX_WIDTH_AT_ONCE = 24;

/** Packs numbers of any width up to 31 bits, lowest bit first. */
export class BitWriter {
	readonly #bytes: Uint8Array;
	#length = 0;
	#pending = 0;
	#pendingBits = 0;

	/** @param bytes receives what is written; it has room for all of it, and two bytes more. */
	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	write(value: number, width: number): void {
		if (width > MAX_WIDTH_AT_ONCE) {
			this.write(value & 0xffff, 16);
			this.write(value >>> 16, width - 16);
			return;
		}
		const pending = this.#pending | (value << this.#pendingBits);
		const pendingBits = this.#pendingBits + width;
		const bytes = this.#bytes;
		const length = this.#length;
		// All three at once, full or not: how many are full is hard to foresee.
		bytes[length] = pending;
		bytes[length + 1] = pending >>> 8;
		bytes[length + 2] = pending >>> 16;
		this.#length = length + (pendingBits >> 3);
		this.#pending = pending >>> (pendingBits & 24);
		this.#pendingBits = pendingBits & 7;
	}

	/** Fills the last byte with zeros. @returns all bytes: a view. */
	finish(): Uint8Array {
		if (this.#pendingBits > 0) this.#bytes[this.#length++] = this.#pending;
		return this.#bytes.subarray(0, this.#length);
	}
}

/** Reads what {@link BitWriter} wrote; behind the end there are zeros. */
export class BitReader {
	readonly #bytes: Uint8Array;
	#position = 0;
	#pending = 0;
	#pendingBits = 0;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	read(width: number): number {
		let value = 0;
		let got = 0;
		while (got < width) {
			const wanted = Math.min(width - got, 16);
			while (this.#pendingBits < wanted) {
				if (this.#position < this.#bytes.length)
					this.#pending |= this.#bytes[this.#position++] << this.#pendingBits;
				this.#pendingBits += 8;
			}
			value |= (this.#pending & ((1 << wanted) - 1)) << got;
			this.#pending >>>= wanted;
			this.#pendingBits -= wanted;
			got += wanted;
		}
		return value;
	}
}

const FIRST_KEYS = 256;
const BYTES_A_KEY = 96;

/**
 * Numbers the series keys that lines begin with, in the order in which they are first seen, by their bytes: a key that is
 * known costs no string.
 */
export class KeyTable {
	/** Open addressing: 1 + the key's number, 0 where there is none. Twice as many places as keys at least. */
	#places = new Uint32Array(4 * FIRST_KEYS);
	#hashes = new Uint32Array(FIRST_KEYS);
	/** Where each key ends in `#bytes`; the next begins there. */
	#ends = new Uint32Array(FIRST_KEYS);
	#bytes = Buffer.allocUnsafeSlow(FIRST_KEYS * BYTES_A_KEY);
	#count = 0;

	/** Keys in the table. */
	get count(): number {
		return this.#count;
	}

	/** Bytes that all keys take together. */
	get keyBytes(): number {
		return this.#startOf(this.#count);
	}

	/**
	 * The number of the key `bytes[start, end)`, which is taken over when it is new.
	 *
	 * @param hash - From {@link hashOfKey}; any other function of the bytes alone would do.
	 */
	numberOf(
		bytes: Uint8Array,
		start: number,
		end: number,
		hash: number,
	): number {
		const mask = this.#places.length - 1;
		let place = (hash ^ (hash >>> 15)) & mask;
		for (;;) {
			const number = this.#places[place] - 1;
			if (number < 0) break;
			if (
				this.#hashes[number] === hash &&
				this.#equals(number, bytes, start, end)
			)
				return number;
			place = (place + 1) & mask;
		}
		return this.#add(bytes, start, end, hash, place);
	}

	hashAt(number: number): number {
		return this.#hashes[number];
	}

	/** The key's text. */
	textAt(number: number): string {
		return this.#bytes.toString(
			"utf8",
			this.#startOf(number),
			this.#ends[number],
		);
	}

	/** All keys back to back, where each ends, and their hashes: copies, of exactly their size. */
	export(): KeyList {
		return {
			bytes: new Uint8Array(this.#bytes.subarray(0, this.keyBytes)),
			ends: this.#ends.slice(0, this.#count),
			hashes: this.#hashes.slice(0, this.#count),
		};
	}

	clear(): void {
		this.#places.fill(0);
		this.#count = 0;
	}

	#startOf(number: number): number {
		return number === 0 ? 0 : this.#ends[number - 1];
	}

	#equals(
		number: number,
		bytes: Uint8Array,
		start: number,
		end: number,
	): boolean {
		const known = this.#bytes;
		let at = this.#startOf(number);
		if (this.#ends[number] - at !== end - start) return false;
		for (let i = start; i < end; i++)
			if (known[at++] !== bytes[i]) return false;
		return true;
	}

	#add(
		bytes: Uint8Array,
		start: number,
		end: number,
		hash: number,
		place: number,
	): number {
		const number = this.#count++;
		const from = this.#startOf(number);
		const to = from + end - start;
		if (number === this.#hashes.length) this.#growKeys();
		if (to > this.#bytes.length) this.#growBytes(to);
		this.#bytes.set(bytes.subarray(start, end), from);
		this.#ends[number] = to;
		this.#hashes[number] = hash;
		this.#places[place] = number + 1;
		if (2 * this.#count > this.#places.length) this.#growPlaces();
		return number;
	}

	#growKeys(): void {
		const ends = new Uint32Array(2 * this.#ends.length);
		const hashes = new Uint32Array(2 * this.#hashes.length);
		ends.set(this.#ends);
		hashes.set(this.#hashes);
		this.#ends = ends;
		this.#hashes = hashes;
	}

	#growBytes(atLeast: number): void {
		const bytes = Buffer.allocUnsafeSlow(
			Math.max(atLeast, 2 * this.#bytes.length),
		);
		bytes.set(this.#bytes);
		this.#bytes = bytes;
	}

	#growPlaces(): void {
		const places = new Uint32Array(2 * this.#places.length);
		const mask = places.length - 1;
		for (let number = 0; number < this.#count; number++) {
			const hash = this.#hashes[number];
			let place = (hash ^ (hash >>> 15)) & mask;
			while (places[place] !== 0) place = (place + 1) & mask;
			places[place] = number + 1;
		}
		this.#places = places;
	}
}

/** Distinct keys as they cross threads: key `n` is `bytes[ends[n - 1], ends[n])`. */
export interface KeyList {
	bytes: Uint8Array<ArrayBuffer>;
	ends: Uint32Array<ArrayBuffer>;
	hashes: Uint32Array<ArrayBuffer>;
}

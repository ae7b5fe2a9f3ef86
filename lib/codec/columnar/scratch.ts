/**
 * Working memory of one thread, kept from call to call so that encoding allocates next to nothing. Whoever asks for it
 * must be done with it before the next call that may use it; nothing here survives an `await`.
 */
export class Scratch {
	#bytes = new Uint8Array(0);

	/** `byteLength` bytes with arbitrary content. The same memory at each call, unless it had to grow. */
	bytes(byteLength: number): Uint8Array {
		if (this.#bytes.length < byteLength)
			this.#bytes = new Uint8Array(Math.ceil(byteLength * 1.25));
		return this.#bytes.subarray(0, byteLength);
	}
}

/**
 * Sample buffers that travel to a worker and come back, so that their pages are touched once and not once a job:
 * a first touch costs some 12 µs a page, which a 3 MB job would feel as a 10 ms stall on the main thread.
 */
export class BufferRecycler {
	readonly #maxHeldBytes: number;
	/** Most recently returned last: those are warm in the cache. */
	readonly #free: ArrayBuffer[] = [];
	#heldBytes = 0;

	/** @param maxHeldBytes - Buffers returned beyond this are left to the garbage collector. */
	constructor(maxHeldBytes: number) {
		this.#maxHeldBytes = maxHeldBytes;
	}

	/** A buffer of at least `byteLength` bytes and at most a third more, with arbitrary content. */
	take(byteLength: number): ArrayBuffer {
		const size = sizeClass(byteLength);
		for (let i = this.#free.length - 1; i >= 0; i--) {
			if (this.#free[i].byteLength === size) {
				this.#heldBytes -= size;
				return this.#free.splice(i, 1)[0];
			}
		}
		return new ArrayBuffer(size);
	}

	/** Gives a buffer back. It must not be in use by anybody any more. */
	give(buffer: ArrayBuffer): void {
		if (sizeClass(buffer.byteLength) !== buffer.byteLength) return;
		if (this.#heldBytes + buffer.byteLength > this.#maxHeldBytes) return;
		this.#heldBytes += buffer.byteLength;
		this.#free.push(buffer);
	}
}

/** Rounds up to one of four steps between powers of two, so that similar jobs share buffers. */
function sizeClass(byteLength: number): number {
	const step = Math.max(
		4096,
		2 ** (Math.floor(Math.log2(Math.max(1, byteLength - 1))) - 2),
	);
	return Math.ceil(byteLength / step) * step;
}

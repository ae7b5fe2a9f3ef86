/**
 * Sample buffers that travel to a worker and come back, so that their pages are touched once and not once a job:
 * a first touch costs some 12 µs a page, which a 3 MB job would feel as a 10 ms stall on the main thread. Each one that
 * is made anew leaves another one to the garbage collector, which looks at the whole heap after some of those.
 *
 * Whoever bounds the bytes taken and not given back bounds these too: a new buffer takes the place of others that are
 * free, so that there are never more than once were taken at a time, and those given that came from elsewhere.
 */
export class BufferRecycler {
	readonly #maxHeldBytes: number;
	/** Most recently returned last: those are warm in the cache. */
	readonly #free: ArrayBuffer[] = [];
	#heldBytes = 0;

	/** @param maxHeldBytes - Of free buffers; beyond this the oldest are left to the garbage collector. */
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
		this.#holdAtMost(this.#heldBytes - size);
		return new ArrayBuffer(size);
	}

	/** Gives a buffer back. It must not be in use by anybody any more. */
	give(buffer: ArrayBuffer): void {
		if (sizeClass(buffer.byteLength) !== buffer.byteLength) return;
		this.#heldBytes += buffer.byteLength;
		this.#free.push(buffer);
		this.#holdAtMost(this.#maxHeldBytes);
	}

	#holdAtMost(bytes: number): void {
		let oldest = 0;
		while (this.#heldBytes > bytes && oldest < this.#free.length)
			this.#heldBytes -= this.#free[oldest++].byteLength;
		if (oldest > 0) this.#free.splice(0, oldest);
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

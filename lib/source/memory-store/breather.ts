const SLICE_MS = 2;

/** Cuts long work on the main thread into slices, between which the event loop has its turn. */
export class Breather {
	#sliceStartMs = performance.now();

	/** Whether the slice has taken its time: then {@link pause}. */
	get isDue(): boolean {
		return performance.now() - this.#sliceStartMs >= SLICE_MS;
	}

	/** Lets everything else that is due run. */
	async pause(): Promise<void> {
		await new Promise(setImmediate);
		this.#sliceStartMs = performance.now();
	}
}

/** A task's result with the buffers in it that move to the main thread. */
export interface Answer<R> {
	value: R;
	transfer: ArrayBuffer[];
}

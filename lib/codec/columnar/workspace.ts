/** Samples that a kernel takes at once. Places within a block fit 16 bits. */
export const BLOCK_SAMPLES = 2 ** 12;

/**
 * The arrays that kernels work on, block by block, one set a thread. A kernel's module keeps them as constants of its
 * own: compiled code then knows where they lie and how long they are, and need not look in every turn of a loop, as it
 * must for arrays that are passed to it. Copying samples in and out takes a tenth of what that saves.
 */
export const workspace = {
	/** Four planes, lowest first. */
	planes: Array.from({ length: 4 }, () => new Uint8Array(BLOCK_SAMPLES)),
	integers: new Int32Array(BLOCK_SAMPLES),
	/** What of the integers goes into planes. */
	numbers: new Uint32Array(BLOCK_SAMPLES),
	/** Integers of the column that this one is told from. */
	references: new Int32Array(BLOCK_SAMPLES),
	/** Where each of the samples goes, or comes from, in `values`. */
	places: new Uint16Array(BLOCK_SAMPLES),
	/** Samples, with those that are missing. */
	values: new Float64Array(BLOCK_SAMPLES),
};

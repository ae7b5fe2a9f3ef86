/** What a reader is ready to allocate for a file, whatever the file claims. */
export interface Limits {
	/** Bytes of the index, or of a table of missing samples, once decompressed. */
	maxIndexBytes: number;
	/** Bytes of all the samples that one call decodes, at eight bytes a sample. */
	maxDecodedBytes: number;
}

export const DEFAULT_LIMITS: Readonly<Limits> = Object.freeze({
	maxIndexBytes: 64 * 2 ** 20,
	maxDecodedBytes: 2 * 2 ** 30,
});

import binding from "zstd-napi/binding.js";

const { CCtx, CParameter, DCtx, Strategy } = binding;

/** Tuned on byte planes of metric series: quicker than level 1 and no larger than levels 3 to 9. */
const FAST_PARAMETERS: readonly (readonly [binding.CParameter, number])[] = [
	[CParameter.compressionLevel, 1],
	[CParameter.strategy, Strategy.fast],
	[CParameter.minMatch, 7],
	[CParameter.hashLog, 10],
	[CParameter.contentSizeFlag, 1],
	[CParameter.checksumFlag, 0],
];

// Contexts cost far more to make than to use: one a thread, made when first needed.
let fastCompressor: binding.CCtx | undefined;
let decompressor: binding.DCtx | undefined;

/** Room that {@link zstdCompress} may need for `byteLength` bytes. */
export function zstdBound(byteLength: number): number {
	return binding.compressBound(byteLength);
}

/** Compresses `source` into `target`, which needs {@link zstdBound} bytes. @returns bytes written. */
export function zstdCompress(target: Uint8Array, source: Uint8Array): number {
	if (fastCompressor === undefined) {
		fastCompressor = new CCtx();
		for (const [parameter, value] of FAST_PARAMETERS)
			fastCompressor.setParameter(parameter, value);
	}
	return fastCompressor.compress2(target, source);
}

/**
 * Decompresses one frame into `target`, whose size is what the frame must have.
 *
 * @returns undefined, or what is wrong with the frame.
 */
export function zstdDecompress(
	target: Uint8Array,
	frame: Uint8Array,
): string | undefined {
	decompressor ??= new DCtx();
	try {
		const claimed = binding.getFrameContentSize(frame);
		if (claimed !== target.length)
			return `a frame claims ${claimed} bytes where ${target.length} belong`;
		const written = decompressor.decompress(target, frame);
		return written === target.length
			? undefined
			: `a frame holds ${written} bytes where ${target.length} belong`;
	} catch (error) {
		return `a frame cannot be decompressed: ${error instanceof Error ? error.message : String(error)}`;
	}
}

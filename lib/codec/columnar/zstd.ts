import binding from "zstd-napi/binding.js";
import type { Compression } from "../column.js";

const { CCtx, CParameter, DCtx, Strategy } = binding;

/** `planes` is for byte planes and where time counts, `thorough` where bytes do. */
export type ZstdEffort = "planes" | "thorough";

const PARAMETERS: Record<
	ZstdEffort,
	readonly (readonly [binding.CParameter, number])[]
> = {
	// On byte planes of metric series quicker than level 1, and no larger than levels 3 to 9.
	planes: [
		[CParameter.compressionLevel, 1],
		[CParameter.strategy, Strategy.fast],
		[CParameter.minMatch, 7],
		[CParameter.hashLog, 10],
	],
	thorough: [[CParameter.compressionLevel, 6]],
};

// Contexts cost far more to make than to use: one of each a thread, made when first needed.
const compressors: { [effort in ZstdEffort]?: binding.CCtx } = {};
let decompressor: binding.DCtx | undefined;

/** How hard what is no plane of a column is compressed at a level. */
export function effortOf(level: Compression): ZstdEffort {
	return level === "fast" ? "planes" : "thorough";
}

/** Room that {@link zstdCompress} may need for `byteLength` bytes. */
export function zstdBound(byteLength: number): number {
	return binding.compressBound(byteLength);
}

/** Compresses `source` to one frame in `target`, which needs {@link zstdBound} bytes. @returns bytes written. */
export function zstdCompress(
	target: Uint8Array,
	source: Uint8Array,
	effort: ZstdEffort,
): number {
	let compressor = compressors[effort];
	if (compressor === undefined) {
		compressor = new CCtx();
		for (const [parameter, value] of PARAMETERS[effort])
			compressor.setParameter(parameter, value);
		compressors[effort] = compressor;
	}
	return compressor.compress2(target, source);
}

/**
 * Decompresses one frame into `target`, whose size is what the frame must have: nothing is allocated for it.
 *
 * @returns undefined, or what is wrong with the frame.
 */
export function zstdDecompress(
	target: Uint8Array,
	frame: Uint8Array,
): string | undefined {
	decompressor ??= new DCtx();
	try {
		// Writes no more than there is room for, whatever the frame claims.
		const written = decompressor.decompress(target, frame);
		if (written === target.length) return undefined;
		return `a frame holds ${written} bytes where ${target.length} belong`;
	} catch (error) {
		return `a frame cannot be decompressed to ${target.length} bytes: ${error instanceof Error ? error.message : String(error)}`;
	}
}

import { crc32 } from "node:zlib";
import { type ZstdEffort, zstdBound, zstdCompress } from "./zstd.js";

/** Frames that take no more than this are moved to the index: there they need neither checksum nor a read. */
const MAX_INLINE_BYTES = 128;
/** Smaller contents than this never get smaller by a frame of zstd. */
const MIN_COMPRESSIBLE_BYTES = 16;

/** A greater effort must save more than the index might take more for other sizes. */
const MIN_THOROUGH_GAIN_BYTES = 8;

/** The frames of a part, back to back, in memory that is kept from part to part. */
export class FrameWriter {
	#bytes = new Uint8Array(2 ** 16);
	#length = 0;

	get length(): number {
		return this.#length;
	}

	/** Drops what was written from `length` on. */
	truncate(length: number): void {
		this.#length = length;
	}

	/** Adds a frame: compressed, or as it is when that is not smaller. @returns its bytes. */
	add(content: Uint8Array, effort: ZstdEffort): number {
		if (content.length < MIN_COMPRESSIBLE_BYTES) return this.addPlain(content);
		this.#reserve(2 * zstdBound(content.length));
		const room = this.#bytes.subarray(this.#length);
		let stored = zstdCompress(room, content, effort);
		// Most often the lesser effort does as well, on noise better; it then does so once more.
		if (
			effort === "thorough" &&
			zstdCompress(room.subarray(stored), content, "planes") <
				stored + MIN_THOROUGH_GAIN_BYTES
		)
			stored = zstdCompress(room, content, "planes");
		if (stored >= content.length) return this.addPlain(content);
		this.#length += stored;
		return stored;
	}

	/** Adds a frame that is stored as it is. */
	addPlain(content: Uint8Array): number {
		this.#reserve(content.length);
		this.#bytes.set(content, this.#length);
		this.#length += content.length;
		return content.length;
	}

	/** Ends what began at `start`: long frames stay and get a checksum, short ones are taken out. */
	seal(start: number): { checksum: number; inline?: Uint8Array } {
		const bytes = this.#bytes.subarray(start, this.#length);
		if (bytes.length > MAX_INLINE_BYTES) return { checksum: crc32(bytes) };
		this.#length = start;
		return { checksum: 0, inline: bytes.slice() };
	}

	/** All frames: a view, valid until the next write. */
	written(): Uint8Array {
		return this.#bytes.subarray(0, this.#length);
	}

	#reserve(byteLength: number): void {
		const needed = this.#length + byteLength;
		if (needed <= this.#bytes.length) return;
		const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
		grown.set(this.written());
		this.#bytes = grown;
	}
}

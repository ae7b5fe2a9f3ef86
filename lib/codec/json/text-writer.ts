import { MAX_NUMBER_BYTES, writeTwoDecimals } from "./two-decimals.js";

const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
/** Room is reserved for this many samples at once, so that the loop over them need not ask. */
const BLOCK_SAMPLES = 1024;

/** A growing buffer of UTF-8 text into which samples are written digit by digit, without a string for each. */
export class TextWriter {
	#bytes: Buffer;
	#length = 0;

	constructor(expectedBytes: number) {
		this.#bytes = Buffer.allocUnsafeSlow(Math.max(expectedBytes, 256));
	}

	/** What was written so far: a view that the next write may invalidate. */
	text(): Uint8Array {
		return this.#bytes.subarray(0, this.#length);
	}

	write(text: string): void {
		// A UTF-16 unit takes three bytes of UTF-8 at most.
		this.#reserve(text.length * 3);
		this.#length += this.#bytes.write(text, this.#length, "utf8");
	}

	/** `[1.5,null,2]` from samples `from` to `to`, which {@link roundToTwoDecimals} has rounded. */
	writeSamples(samples: Float64Array, from: number, to: number): void {
		this.#reserve(2);
		this.#bytes[this.#length++] = OPEN_BRACKET;
		for (let start = from; start < to; start += BLOCK_SAMPLES) {
			const end = Math.min(start + BLOCK_SAMPLES, to);
			this.#reserve((end - start) * (MAX_NUMBER_BYTES + 1));
			const bytes = this.#bytes;
			let at = this.#length;
			for (let i = start; i < end; i++) {
				if (i > from) bytes[at++] = COMMA;
				at = writeTwoDecimals(bytes, at, samples[i]);
			}
			this.#length = at;
		}
		this.#reserve(1);
		this.#bytes[this.#length++] = CLOSE_BRACKET;
	}

	#reserve(byteCount: number): void {
		const needed = this.#length + byteCount;
		if (needed <= this.#bytes.length) return;
		const larger = Buffer.allocUnsafeSlow(
			Math.max(needed, this.#bytes.length * 2),
		);
		larger.set(this.text());
		this.#bytes = larger;
	}
}

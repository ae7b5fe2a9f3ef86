/** 32 bits that depend on every part and on their order, the same on every machine. */
export function hashOf(...parts: readonly (string | number)[]): number {
	let hash = 0x2545f491;
	for (const part of parts)
		hash =
			typeof part === "string" ? addText(hash, part) : addNumber(hash, part);
	return hash;
}

/** Uniform numbers in [0, 1): xorshift32, Marsaglia, "Xorshift RNGs" (2003). For plans; the loops over samples inline it. */
export function randomFrom(hash: number): () => number {
	let state = nonZero(hash);
	return () => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) / 2 ** 32;
	};
}

/** Zero is the one state that xorshift never leaves. */
export function nonZero(state: number): number {
	return state === 0 ? 0x9e3779b9 | 0 : state;
}

/** The length goes in as well, so that "ab", "c" and "a", "bc" differ. */
function addText(hash: number, text: string): number {
	let mixed = scramble(hash ^ text.length);
	for (let index = 0; index < text.length; index++)
		mixed = Math.imul(mixed ^ text.charCodeAt(index), 0x01000193);
	return scramble(mixed);
}

/** Both halves of a safe integer. */
function addNumber(hash: number, value: number): number {
	return scramble(scramble(hash ^ value) ^ Math.floor(value / 2 ** 32));
}

/** Spreads each bit over all: the finalizer of MurmurHash3, with a constant added to leave zero. */
function scramble(value: number): number {
	let mixed = (value + 0x9e3779b9) | 0;
	mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
	mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
	return mixed ^ (mixed >>> 16);
}

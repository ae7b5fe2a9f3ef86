/** Seeded uniform numbers in [0, 1): splitmix32, Steele et al., "Fast Splittable Pseudorandom Number Generators" (2014). */
export function seededRandom(seed: number): () => number {
	let state = seed | 0;
	return () => {
		state = (state + 0x9e3779b9) | 0;
		let z = state ^ (state >>> 16);
		z = Math.imul(z, 0x21f0aaad);
		z ^= z >>> 15;
		z = Math.imul(z, 0x735a2d97);
		z ^= z >>> 15;
		return (z >>> 0) / 2 ** 32;
	};
}
